/* Queues of deadlines and the alarm that sweeps them; the worker's thread. */
#include "config.h"

#include "loop/deadlines.h"

#include "base/stats.h"

/* How many deadlines one sweep may pass on, and how long after it the next sweep
 * goes on. In between, the loop serves other connections, and what the sweep has
 * set off: the clients' FINs above all. */
#define DEADLINES_SWEEP_MAX 256
#define DEADLINES_PACE      (4 * CLOCK_MS)

static void deadlines_on_alarm(void *arg);

void
deadlines_init(struct deadlines *deadlines, struct alarms *alarms,
    const int64_t limits[DEADLINE_KINDS], _Atomic uint64_t *counts,
    void (*on_due)(struct deadline *deadline))
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
		list_init(&deadlines->queues[kind]);
	deadlines->limits = limits;
	deadlines->counts = counts;
	deadlines->on_due = on_due;
	deadlines->alarms = alarms;
	deadlines->alarm = (struct alarm){ .on_due = deadlines_on_alarm,
		.arg = deadlines };
}

void
deadlines_fini(struct deadlines *deadlines)
{
	alarms_unset(deadlines->alarms, &deadlines->alarm);
}

/* Sets the alarm to `due`, unless it is set to an earlier time. Where memory is
 * short, the next deadline that is added tries again. */
static void
deadlines_arm(struct deadlines *deadlines, int64_t due)
{
	const struct alarm *alarm = &deadlines->alarm;

	if (!alarm_is_set(alarm) || due < alarm->due)
		(void)alarms_set(deadlines->alarms, &deadlines->alarm, due);
}

/* Whether the sweep looks at a kind. */
static inline bool
deadlines_has_limit(int kind)
{
	return kind < DEADLINE_NEVER;
}

/* Returns the time of the sweep for a deadline, not less than a tick from
 * `now`. */
static int64_t
deadlines_tick(const struct deadline *deadline, int64_t now)
{
	return deadline->due > now + DEADLINES_TICK ? deadline->due
						    : now + DEADLINES_TICK;
}

/* Puts a deadline at the end of a queue. */
static inline void
deadlines_place(struct deadlines *deadlines, struct deadline *deadline,
    enum deadline_kind kind, int64_t now)
{
	deadline->kind = kind;
	deadline->due = now + deadlines->limits[kind];
	list_add_last(&deadlines->queues[kind], &deadline->place);
	if (deadlines_has_limit((int)kind))
		deadlines_arm(deadlines, deadlines_tick(deadline, now));
}

void
deadlines_add(struct deadlines *deadlines, struct deadline *deadline,
    enum deadline_kind kind, int64_t now)
{
	stats_add(&deadlines->counts[kind], 1);
	deadlines_place(deadlines, deadline, kind, now);
}

void
deadlines_move(struct deadlines *deadlines, struct deadline *deadline,
    enum deadline_kind kind, int64_t now)
{
	list_remove(&deadline->place);
	stats_take(&deadlines->counts[deadline->kind]);
	stats_add(&deadlines->counts[kind], 1);
	deadlines_place(deadlines, deadline, kind, now);
}

void
deadlines_renew(struct deadlines *deadlines, struct deadline *deadline,
    int64_t now)
{
	list_remove(&deadline->place);
	deadlines_place(deadlines, deadline, deadline->kind, now);
}

void
deadlines_remove(struct deadlines *deadlines, struct deadline *deadline)
{
	stats_take(&deadlines->counts[deadline->kind]);
	list_remove(&deadline->place);
}

/*
 * Passes on the deadlines of a queue that are due, at most `left`. One that is
 * set anew meanwhile is due after `now`, so that this ends. Returns how many more
 * the sweep may pass on.
 */
static int
deadlines_sweep(struct deadlines *deadlines, enum deadline_kind kind,
    int64_t now, int left)
{
	struct deadline *first;

	while (left > 0 && (first = deadlines_first(deadlines, kind)) != NULL &&
	       first->due <= now) {
		deadlines->on_due(first);
		left--;
	}
	return left;
}

static void
deadlines_on_alarm(void *arg)
{
	struct deadlines *deadlines = arg;
	int64_t now = clock_now();
	int left = DEADLINES_SWEEP_MAX;

	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
		if (deadlines_has_limit(kind))
			left = deadlines_sweep(deadlines,
			    (enum deadline_kind)kind, now, left);

	now = clock_now();
	for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
		const struct deadline *first = deadlines_first(deadlines,
		    (enum deadline_kind)kind);

		if (first != NULL && deadlines_has_limit(kind))
			deadlines_arm(deadlines,
			    left == 0 ? now + DEADLINES_PACE
				      : deadlines_tick(first, now));
	}
}
