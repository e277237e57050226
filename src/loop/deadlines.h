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

#define DEADLINES_TICK (50 * CLOCK_MS)

enum deadline_kind {
	DEADLINE_IDLE,   /* the next request begins */
	DEADLINE_GRACE,  /* the same while the server drains */
	DEADLINE_HEAD,   /* the head is there, counted from its first byte */
	DEADLINE_BODY,   /* the body is there, counted from the head's end */
	DEADLINE_WRITE,  /* a look at how many bytes the client takes */
	DEADLINE_LINGER, /* the client's FIN, counted from its last bytes */
	DEADLINE_PART,   /* the same while the server drains, in all */
	DEADLINE_NEVER,  /* no limit: the sleepers, whose alarms are theirs */
	DEADLINE_HANG,   /* the same: those that hang on purpose */
	DEADLINE_KINDS,
};

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
	struct alarm alarm; /* the next sweep */
};

/*
 * `limits` and `alarms` outlive the deadlines. `on_due` is called, on the
 * alarms' thread, for each deadline that has passed, and must remove it or set
 * it anew.
 */
void deadlines_init(struct deadlines *deadlines, struct alarms *alarms,
    const int64_t limits[DEADLINE_KINDS],
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

void deadlines_remove(struct deadline *deadline);

/* Returns the deadline of `kind` that is due first, or NULL. */
static inline struct deadline *
deadlines_first(const struct deadlines *deadlines, enum deadline_kind kind)
{
	struct list *first = list_first(&deadlines->queues[kind]);

	return first != NULL ? LIST_OWNER(first, struct deadline, place) : NULL;
}

#endif
