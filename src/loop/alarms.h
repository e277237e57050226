/*
 * alarms: calls at set times, to the nanosecond of the clock, never early.
 *
 * A heap of those that are set, and one timerfd for the earliest. libevent's
 * own timers would need its PRECISE_TIMER, which sets a timerfd anew in each
 * round of the loop, whatever has changed; and take 128 bytes each.
 */
#ifndef MTASYNC_LOOP_ALARMS_H
#define MTASYNC_LOOP_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

/* A member of what waits; zeroed but for what is to be called. */
struct alarm {
	void (*on_due)(void *arg); /* it is unset by then */
	void *arg;
	int64_t due;  /* as clock_now() */
	size_t place; /* in the heap; 0: it is not set */
};

struct alarms {
	struct alarm **heap; /* [1, count], none earlier than its parent */
	size_t count;
	size_t room;
	int64_t armed; /* when the timer fires; INT64_MAX: never */
	int timer;     /* timerfd, or -1 */
	struct event event;
};

/*
 * Returns 0, or -1 with errno; alarms_close() is right in both cases. Main
 * thread, before the base's runs; all else is for that thread alone.
 */
int alarms_open(struct alarms *alarms, struct event_base *base);

void alarms_close(struct alarms *alarms);

/*
 * Sets one, anew where it is set already: that can't fail. Those with the same
 * time are due in any order. Returns 0, or -1 where memory is short.
 */
int alarms_set(struct alarms *alarms, struct alarm *alarm, int64_t due);

/* Nothing where it is not set. */
void alarms_unset(struct alarms *alarms, struct alarm *alarm);

static inline bool
alarm_is_set(const struct alarm *alarm)
{
	return alarm->place != 0;
}

#endif
