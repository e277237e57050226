/* Waits while an answer does; the thread that serves the client. */
#include "config.h"

#include "models/blocking_wait.h"

#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wire.h"

/* How often one looks whether there is a slot, where nothing tells of it. */
#define BLOCKING_SLOT_LOOK (20 * CLOCK_MS)

/* How often one looks whether all has been acknowledged before a reset. */
#define BLOCKING_TAKEN_LOOK (5 * CLOCK_MS)

/* Does what the client's FIN asks for, while the answer waits. */
static enum blocking_result
blocking_on_fin(struct blocking *b)
{
	struct span interim = exchange_continue;
	enum exchange_fin fin;

	b->io.ended = true;
	(void)crew_take_app(b->io.crew);
	fin = exchange_on_fin(&b->exchange);
	crew_give_app(b->io.crew);
	switch (fin) {
	case EXCHANGE_STAY:
		break;
	case EXCHANGE_PROBE:
		return blocking_io_send(&b->io, &interim, false);
	case EXCHANGE_LEAVE:
		return BLOCKING_LOST;
	}
	return BLOCKING_DONE;
}

/* Waits until a time, unless the client leaves before. */
static enum blocking_result
blocking_wait(struct blocking *b, int64_t until)
{
	enum blocking_result result = BLOCKING_DONE;

	if (b->io.ended) /* in a wait before this one */
		result = blocking_on_fin(b);
	while (result == BLOCKING_DONE && clock_now() < until) {
		/* ppoll(2) may be late by a thousandth of its time */
		int64_t early = (until - clock_now()) / 512;
		/* a FIN that has been seen would end each wait at once; a reset
		 * ends it without being asked for */
		short events = b->io.ended ? 0 : POLLRDHUP;

		result = blocking_io_await(&b->io, events, until - early);
		if (result == BLOCKING_WOKEN)
			return BLOCKING_DONE;
		if (result == BLOCKING_LATE)
			result = BLOCKING_DONE;
		else if (result == BLOCKING_DONE)
			result = b->io.ended || wire_is_broken(b->io.fd)
				     ? BLOCKING_LOST
				     : blocking_on_fin(b);
	}
	return result;
}

/* Waits until a time; where the stop of the server ends that, the answer is a
 * 503. */
enum blocking_result
blocking_sleep(struct blocking *b, int64_t until)
{
	enum blocking_result result;

	b->waited = true;
	result = blocking_wait(b, until);
	if (result != BLOCKING_CUT)
		return result;
	b->io.cut = true;
	(void)crew_take_app(b->io.crew);
	if (exchange_cut(&b->exchange))
		result = BLOCKING_DONE;
	crew_give_app(b->io.crew);
	return result;
}

/* Ends the wait for a slot; under the waker's lock, any thread. */
void
blocking_ring(struct pool_waker *waker)
{
	const struct blocking *b = (struct blocking *)((char *)waker -
						       offsetof(struct blocking,
							   waker));

	if (b->io.wake != -1)
		(void)eventfd_write(b->io.wake, 1);
}

/* Has whoever gives a slot end the next wait. Returns false where it has been given
 * already. */
static bool
blocking_begin_ringing(struct blocking *b)
{
	bool woken;

	pthread_mutex_lock(&b->waker.lock);
	woken = list_first(&b->waker.woken) != NULL;
	if (!woken)
		b->io.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_unlock(&b->waker.lock);
	return !woken;
}

/* Ends that: what has rung would end the waits in the slot, too. */
static void
blocking_end_ringing(struct blocking *b)
{
	pthread_mutex_lock(&b->waker.lock);
	if (b->io.wake != -1)
		close(b->io.wake);
	b->io.wake = -1;
	pthread_mutex_unlock(&b->waker.lock);
}

/* Waits until a slot is there, or until a time. Without a descriptor for that, one
 * looks again and again. */
enum blocking_result
blocking_queue(struct blocking *b, int64_t until)
{
	int64_t look = clock_now() + BLOCKING_SLOT_LOOK;
	enum blocking_result result;

	if (!blocking_begin_ringing(b))
		return BLOCKING_DONE;
	if (b->io.wake == -1 && look < until)
		until = look;
	result = blocking_sleep(b, until);
	blocking_end_ringing(b);
	return result;
}

/* Waits until a time, unless the client leaves or the server drains before. */
enum blocking_result
blocking_hang(struct blocking *b, int64_t until)
{
	enum blocking_result result;

	b->io.silent = true; /* so that the drain ends the wait */
	result = blocking_wait(b, until);
	b->io.silent = false;
	if (result == BLOCKING_DRAIN || result == BLOCKING_CUT) {
		b->io.reset = true;
		return BLOCKING_LOST;
	}
	return result;
}

/* Waits until the client has acknowledged all that it was sent, since the reset
 * on purpose would destroy what is on its way; no longer than for a client that
 * takes nothing. */
enum blocking_result
blocking_reset(struct blocking *b)
{
	int64_t until = clock_now() + b->io.crew->config->limits.write;
	enum blocking_result result = BLOCKING_LATE;

	while (result == BLOCKING_LATE && clock_now() < until &&
	       !wire_is_taken(b->io.fd))
		result = blocking_io_await(&b->io, 0,
		    clock_now() + BLOCKING_TAKEN_LOOK);
	b->io.reset = true;
	return BLOCKING_DONE;
}
