/* How a crew accepts clients and carries out orders; the thread that runs the
 * model. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/wire.h"
#include "models/crew.h"
#include "server/census.h"
#include "server/visitor.h"

/* How long, in ms, to wait where accept4(2) has no descriptor or memory. */
#define CREW_ROOM_TICK 50

/* What comes of a look at a queue. */
enum crew_look {
	CREW_CLIENT,  /* one was accepted */
	CREW_NOBODY,  /* nobody is queued */
	CREW_FULL,    /* there are as many connections as there may be */
	CREW_STARVED, /* accept4(2) has no descriptor or memory */
};

/* ---- orders ---- */

/* Leaves a listener as `order` and those before it have it, at once or when its
 * queue is empty. What is queued at an inherited one is for other processes. A
 * unix socket has been shut when a drain begins, and would be readable for good. */
static void
crew_obey_at(struct crew_listener *listener, enum worker_order order)
{
	if (order >= WORKER_CUT ||
	    (order >= WORKER_DRAIN && listener->inherited))
		listener->fd = -1;
	else if (order >= WORKER_CLOSE ||
		 (order >= WORKER_DRAIN && listener->shared) ||
		 (order >= WORKER_TRIM && listener->surplus))
		listener->leaving = true;
}

/* Tells how many sleep, where somebody asks: who they are, only their threads know. */
static void
crew_tell_sleepers(struct crew *crew)
{
	struct census *census = mailbox_take_census(&crew->worker.mailbox);

	if (census == NULL)
		return;
	census->parts[0].count = stats_read(&crew->stats.asleep);
	atomic_store(&census->parts[0].told, true);
	census_release(census);
}

/* Carries out an order that the mailbox has. */
static void
crew_obey(struct crew *crew)
{
	enum worker_order order;

	crew_tell_sleepers(crew);
	if (!mailbox_next(&crew->worker.mailbox, &order))
		return;
	for (unsigned i = 0; i < crew->count; i++)
		crew_obey_at(&crew->listeners[i], order);
}

/* Reports an order once all listeners are left that it has leave. */
static void
crew_report(struct crew *crew)
{
	struct mailbox *mailbox = &crew->worker.mailbox;

	if (mailbox_done(mailbox) == mailbox->order_seen)
		return;
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->listeners[i].fd != -1 && crew->listeners[i].leaving)
			return;
	mailbox_report(mailbox);
}

/* ---- accepting ---- */

/* Accepts a client from one listener. Leaves a listener that is leaving once its
 * queue is empty, which is looked at first: that needs no room for a client. */
static enum crew_look
crew_look_at(struct crew *crew, struct crew_listener *listener,
    struct client *client)
{
	struct totals *totals = crew->host->totals;

	if (listener->leaving && wire_is_queue_empty(listener->fd)) {
		listener->fd = -1;
		return CREW_NOBODY;
	}
	if (!totals_have_room(totals)) {
		totals_say_full(totals, 0);
		return CREW_FULL;
	}
	do
		client->fd = wire_accept(listener->fd, &client->peer);
	while (client->fd == -1 && (errno == ECONNABORTED || errno == EINTR));
	client->entrance = listener->entrance;
	if (client->fd != -1)
		return CREW_CLIENT;
	if (errno == EAGAIN) {
		if (listener->leaving)
			listener->fd = -1;
		return CREW_NOBODY;
	}
	totals_say_full(totals, errno);
	return CREW_STARVED;
}

/* Carries out what is in the mailbox, and accepts a client from the first
 * listener that has one, beginning behind the one of the last time. */
static enum crew_look
crew_look(struct crew *crew, struct client *client)
{
	enum crew_look look = CREW_NOBODY;

	crew_obey(crew);
	if (!mailbox_is_taken(&crew->worker.mailbox)) {
		crew_take_app(crew);
		crew_give_app(crew);
	}
	for (unsigned i = 0; i < crew->count && look == CREW_NOBODY; i++) {
		struct crew_listener *listener =
		    &crew->listeners[crew->turn++ % crew->count];

		if (listener->fd != -1)
			look = crew_look_at(crew, listener, client);
	}
	crew_report(crew);
	if (look != CREW_CLIENT)
		return look;
	pthread_mutex_lock(&crew->lock);
	client->number = visitor_number(stats_read(&crew->stats.accepted), 1,
	    0);
	stats_add(&crew->stats.accepted, 1);
	pthread_mutex_unlock(&crew->lock);
	return look;
}

static bool
crew_has_left(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->listeners[i].fd != -1)
			return false;
	return true;
}

/*
 * Waits, behind a crew_look() that accepted none, until the next may: for the
 * mailbox; and for a client to be queued or, where none can be accepted, for one
 * to leave. Nothing tells when the system has descriptors and memory again:
 * CREW_ROOM_TICK bounds the wait for these, and without a wait accept4(2) would
 * fail again and again.
 */
static void
crew_await(struct crew *crew, enum crew_look look)
{
	struct pollfd *fds = crew->polled;
	bool full = look != CREW_NOBODY;
	unsigned count = 0;

	/* from here on crew_forget() wakes us; look once more, since a client
	 * may have left right before */
	atomic_store(&crew->full, full);
	if (look == CREW_FULL && totals_have_room(crew->host->totals))
		return;

	fds[count++] = (struct pollfd){ crew->worker.mailbox.wake, POLLIN, 0 };
	for (unsigned i = 0; i < crew->count && !full; i++)
		if (crew->listeners[i].fd != -1)
			fds[count++] = (struct pollfd){ crew->listeners[i].fd,
				POLLIN, 0 };
	poll(fds, count, full ? CREW_ROOM_TICK : -1);
	mailbox_rest(&crew->worker.mailbox);
}

bool
crew_accept(struct crew *crew, struct client *client)
{
	if (!crew->accepting) {
		crew->accepting = true;
		sem_post(&crew->ready);
	}
	for (;;) {
		enum crew_look look = crew_look(crew, client);

		if (look == CREW_CLIENT)
			return true;
		if (crew_has_left(crew))
			return false;
		crew_await(crew, look);
	}
}

bool
crew_accept_ready(struct crew *crew, struct client *client)
{
	return crew_look(crew, client) == CREW_CLIENT;
}
