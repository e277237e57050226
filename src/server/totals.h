/*
 * totals: what all workers together have and may have. Any worker's thread;
 * opening, adding and closing are the main thread's, while no other runs.
 *
 * The limits are totals, not a share for each worker, since the kernel deals
 * connections out unevenly. Each worker counts its own connections and sums up
 * those of all, so that workers that do so at once can go over the limit by as
 * many as they are; the limit of sleepers, which clients are told of, is exact.
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
	_Atomic unsigned handed;    /* connections between two workers */
	_Atomic int64_t said_full;  /* when it was last said */
	char crowded[64];           /* what is said where no more may sleep */
};

/* Allocates room for the counters of `workers` workers. Returns 0, or -1 with
 * errno; totals_close() is right in both cases. */
int totals_open(struct totals *totals, unsigned workers);
void totals_close(struct totals *totals);

/* Sets both limits; 0 for `max_sleepers` means no limit of their own. */
void totals_limit(struct totals *totals, unsigned max_conns,
    unsigned max_sleepers);

/* Adds a worker's counters to the sums; `stats` outlives the totals. */
void totals_add(struct totals *totals, const struct stats *stats);

/* Whether there is room for one more connection. */
bool totals_have_room(const struct totals *totals);

/* Counts one more request among the sleepers. Returns false where there are as
 * many as may be. Who got true calls totals_release_sleeper() when the request
 * sleeps no more. */
bool totals_admit_sleeper(struct totals *totals);
void totals_release_sleeper(struct totals *totals);

/* Whether the caller may log that connections can't be had just now: true for
 * one caller a second, whoever asks. Leaves errno as it is. */
bool totals_may_say(struct totals *totals);

/* Logs, if totals_may_say(), that connections have to wait: for room, where
 * `error` is 0, or else for the reason that this errno names. */
void totals_say_full(struct totals *totals, int error);

#endif
