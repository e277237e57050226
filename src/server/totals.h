/*
 * totals: what all workers together have and may have. Any worker's thread;
 * opening, adding and closing are the main thread's, while no other runs.
 *
 * The limits are totals, not a share for each worker, since the kernel deals
 * connections out unevenly. Of connections, each worker counts its own and looks
 * at all, so that some who look at once can go over the limit by as many; the
 * limit of sleepers, which clients are told of, is exact.
 */
#ifndef MTASYNC_SERVER_TOTALS_H
#define MTASYNC_SERVER_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"

struct totals {
	unsigned max_conns;
	unsigned max_sleepers; /* 0: no limit of their own */
	unsigned count;
	const struct stats **stats; /* of each worker */
	_Atomic unsigned sleepers;  /* where they have a limit */
	_Atomic int64_t said_full;  /* when it was last said */
	char crowded[64];           /* what is said where no more may sleep */
};

/* Makes room for so many workers. Returns 0, or -1 with errno; totals_close()
 * is right in both cases. */
int totals_open(struct totals *totals, unsigned workers);
void totals_close(struct totals *totals);

/* Sets the limits; see above. */
void totals_limit(struct totals *totals, unsigned max_conns,
    unsigned max_sleepers);

/* Counts this worker in, too; `stats` outlives the totals. */
void totals_add(struct totals *totals, const struct stats *stats);

/* Whether there is room for one more connection. */
bool totals_have_room(const struct totals *totals);

/* A place for one more request to sleep; false: there is none. It is given
 * back when the request sleeps no more. */
bool totals_take_place(struct totals *totals);
void totals_give_place(struct totals *totals);

/* Whether something may be said of connections that can't be had just now: at
 * most once a second, whoever asks. Leaves errno as it is. */
bool totals_may_say(struct totals *totals);

/* Connections have to wait: there is no room (0), or an errno says why. Says
 * so if it may. */
void totals_say_full(struct totals *totals, int error);

#endif
