/*
 * alarms: calls at set times, to the nanosecond of the clock, never early.
 *
 * The alarms that are set make a heap, and one timerfd fires for the earliest.
 * libevent's own timers would need its PRECISE_TIMER, which sets a timerfd anew
 * in each round of the loop, whatever has changed; and take 128 bytes each.
 */
#ifndef MTASYNC_LOOP_ALARMS_H
#define MTASYNC_LOOP_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

/* One call; a member of the object that waits. All but `on_due` and `arg` is
 * zeroed at first. */
struct alarm {
	void (*on_due)(void *arg); /* the alarm is unset by then */
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
 * thread, before the worker's runs; alarms_set() and alarms_unset() are the
 * worker's thread's.
 */
int alarms_open(struct alarms *alarms, struct event_base *base);

void alarms_close(struct alarms *alarms);

/*
 * Sets an alarm for `due`, as clock_now(). Returns 0, or -1 where memory is
 * short; to set one anew that is set can't fail. Alarms of the same time are
 * called in any order.
 */
int alarms_set(struct alarms *alarms, struct alarm *alarm, int64_t due);

/* Unsets an alarm, if it is set. */
void alarms_unset(struct alarms *alarms, struct alarm *alarm);

static inline bool
alarm_is_set(const struct alarm *alarm)
{
	return alarm->place != 0;
}

#endif
