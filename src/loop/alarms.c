/* The heap of alarms and its timer; the worker's thread. */
#include "config.h"

#include "loop/alarms.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

/* How many alarms one round of the loop calls, so that other events have their
 * turn. */
#define ALARMS_ROUND_MAX 256

#define ALARMS_ROOM_MIN 64

/*
 * Sets the timer for the earliest alarm. When that one is unset, the timer fires
 * all the same: most often another alarm is due not much later.
 */
static void
alarms_arm(struct alarms *alarms)
{
	struct itimerspec at = { 0 };
	int64_t due;

	if (alarms->count == 0)
		return;
	due = alarms->heap[1]->due;
	if (due >= alarms->armed)
		return;
	if (due < 1)
		due = 1; /* all zeros would disarm it */
	at.it_value.tv_sec = due / CLOCK_S;
	at.it_value.tv_nsec = due % CLOCK_S;
	if (timerfd_settime(alarms->timer, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		alarms->armed = due;
}

static void
alarms_put(struct alarms *alarms, struct alarm *alarm, size_t place)
{
	alarms->heap[place] = alarm;
	alarm->place = place;
}

/* Puts an alarm into the free `place`, or nearer to the root. */
static void
alarms_rise(struct alarms *alarms, struct alarm *alarm, size_t place)
{
	while (place > 1 && alarm->due < alarms->heap[place / 2]->due) {
		alarms_put(alarms, alarms->heap[place / 2], place);
		place /= 2;
	}
	alarms_put(alarms, alarm, place);
}

/* Puts an alarm into the free `place`, or further from the root. */
static void
alarms_sink(struct alarms *alarms, struct alarm *alarm, size_t place)
{
	size_t child;

	while ((child = 2 * place) <= alarms->count) {
		if (child < alarms->count &&
		    alarms->heap[child + 1]->due < alarms->heap[child]->due)
			child++;
		if (alarm->due <= alarms->heap[child]->due)
			break;
		alarms_put(alarms, alarms->heap[child], place);
		place = child;
	}
	alarms_put(alarms, alarm, place);
}

/* Puts an alarm into the free `place`, or wherever the order of the heap has
 * it. */
static void
alarms_settle(struct alarms *alarms, struct alarm *alarm, size_t place)
{
	if (place > 1 && alarm->due < alarms->heap[place / 2]->due)
		alarms_rise(alarms, alarm, place);
	else
		alarms_sink(alarms, alarm, place);
}

/* Calls the alarms that are due now. An alarm that is set meanwhile is due later
 * than that, and comes with another round. */
static void
alarms_on_timer(evutil_socket_t timer, short what, void *arg)
{
	struct alarms *alarms = arg;
	int64_t now = clock_now();
	int left = ALARMS_ROUND_MAX;

	(void)timer;
	(void)what;
	alarms->armed = INT64_MAX;
	while (left-- > 0 && alarms->count > 0 && alarms->heap[1]->due <= now) {
		struct alarm *alarm = alarms->heap[1];

		alarms_unset(alarms, alarm);
		alarm->on_due(alarm->arg);
	}
	alarms_arm(alarms);
}

int
alarms_open(struct alarms *alarms, struct event_base *base)
{
	*alarms = (struct alarms){ .armed = INT64_MAX,
		.timer = timerfd_create(CLOCK_MONOTONIC,
		    TFD_NONBLOCK | TFD_CLOEXEC) };
	if (alarms->timer == -1)
		return -1;
	/* edge-triggered, so that it need not be read */
	event_assign(&alarms->event, base, alarms->timer,
	    EV_READ | EV_ET | EV_PERSIST, alarms_on_timer, alarms);
	return event_add(&alarms->event, NULL);
}

void
alarms_close(struct alarms *alarms)
{
	if (alarms->timer != -1) {
		event_del(&alarms->event);
		close(alarms->timer);
	}
	free(alarms->heap);
}

/* Makes room for one more alarm in the heap. */
static int
alarms_grow(struct alarms *alarms)
{
	size_t room = alarms->room > 0 ? 2 * alarms->room : ALARMS_ROOM_MIN;
	struct alarm **heap;

	if (alarms->count + 1 < alarms->room)
		return 0;
	heap = realloc(alarms->heap, room * sizeof(struct alarm *));
	if (heap == NULL)
		return -1;
	alarms->heap = heap;
	alarms->room = room;
	return 0;
}

int
alarms_set(struct alarms *alarms, struct alarm *alarm, int64_t due)
{
	if (!alarm_is_set(alarm)) {
		if (alarms_grow(alarms) == -1)
			return -1;
		alarm->place = ++alarms->count;
	}
	alarm->due = due;
	alarms_settle(alarms, alarm, alarm->place);
	alarms_arm(alarms);
	return 0;
}

void
alarms_unset(struct alarms *alarms, struct alarm *alarm)
{
	size_t place = alarm->place;
	struct alarm *last;

	if (place == 0)
		return;
	alarm->place = 0;
	last = alarms->heap[alarms->count--];
	if (last != alarm)
		alarms_settle(alarms, last, place);
}
