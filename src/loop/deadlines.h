/*
 * deadlines: the time limits of one worker's connections.
 *
 * There is one queue for each kind of limit. All limits of one kind last equally
 * long, so that the first of a queue is due first, and to set one costs the same
 * however many there are. One alarm per worker sweeps the queues, at most every
 * DEADLINES_TICK: a limit can be that late, and is never early.
 *
 * Every connection is in just one queue at any time, so that the queues are
 * also the lists of the connections that wait for the same thing.
 */
#ifndef MTASYNC_LOOP_DEADLINES_H
#define MTASYNC_LOOP_DEADLINES_H

#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "loop/alarms.h"
#include "server/deadline_kind.h"

#define DEADLINES_TICK (50 * CLOCK_MS)

/* A place in a queue; a member of the object that waits. */
struct deadline {
	struct list place;
	int64_t due; /* as clock_now() */
	enum deadline_kind kind;
};

struct deadlines {
	struct list queues[DEADLINE_KINDS];
	const int64_t *limits; /* ns, by kind */
	void (*on_due)(struct deadline *deadline);
	struct alarms *alarms;
	struct alarm alarm;       /* the next sweep */
	_Atomic uint64_t *counts; /* how many wait, by kind; others read them */
};

/*
 * `limits`, `alarms` and `counts`, which has DEADLINE_KINDS, outlive the
 * deadlines. `on_due` is called, on the alarms' thread, for each deadline that has
 * passed, and must remove it or set it anew.
 */
void deadlines_init(struct deadlines *deadlines, struct alarms *alarms,
    const int64_t limits[DEADLINE_KINDS], _Atomic uint64_t *counts,
    void (*on_due)(struct deadline *deadline));

/* Ends the sweeps; zeroed deadlines that were never initialized have none. */
void deadlines_fini(struct deadlines *deadlines);

/* Puts a deadline into its first queue; `now` as clock_now(). */
void deadlines_add(struct deadlines *deadlines, struct deadline *deadline,
    enum deadline_kind kind, int64_t now);

/* Moves a deadline to the end of the queue of `kind`, its limit counted from
 * `now`. */
void deadlines_move(struct deadlines *deadlines, struct deadline *deadline,
    enum deadline_kind kind, int64_t now);

/* The same within its queue. */
void deadlines_renew(struct deadlines *deadlines, struct deadline *deadline,
    int64_t now);

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline);

/* Returns the deadline of `kind` that is due first, or NULL. */
static inline struct deadline *
deadlines_first(const struct deadlines *deadlines, enum deadline_kind kind)
{
	struct list *first = list_first(&deadlines->queues[kind]);

	return first != NULL ? LIST_OWNER(first, struct deadline, place) : NULL;
}

#endif
