/* How a crew accepts, and obeys; the thread that runs the model. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/wire.h"
#include "models/crew.h"

/* How long a full server waits before it looks for room again, in ms. */
#define CREW_ROOM_TICK 50

/* What comes of a look at a queue. */
enum crew_look {
	CREW_CLIENT, /* there was one */
	CREW_NOBODY,
	CREW_FULL, /* no room, no descriptor or no memory for one more */
};

/* ---- obeying ---- */

/* Leaves a listener, or has it left, as far as an order and those before it
 * say. Who is queued at an inherited one is the next server's. */
static void
crew_obey_at(struct crew_listener *listener, enum worker_order order)
{
	if (order >= WORKER_CUT ||
	    (order >= WORKER_DRAIN && listener->inherited))
		listener->fd = -1;
	else if (order >= WORKER_CLOSE ||
		 (order >= WORKER_TRIM && listener->passing))
		listener->leaving = true;
}

/* Takes up a new order. */
static void
crew_obey(struct crew *crew)
{
	enum worker_order order;

	if (!mailbox_next(&crew->worker.mailbox, &order))
		return;
	for (unsigned i = 0; i < crew->count; i++)
		crew_obey_at(&crew->listeners[i], order);
}

/* Reports an order when all listeners are left that were to be left. */
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

/* Looks at one queue; where nobody is there any more, it can be left. */
static enum crew_look
crew_look_at(struct crew *crew, struct crew_listener *listener,
    struct client *client)
{
	struct totals *totals = crew->host->totals;

	if (!totals_have_room(totals)) {
		if (listener->leaving && wire_is_queue_empty(listener->fd))
			listener->fd = -1;
		totals_say_full(totals, 0);
		return CREW_FULL;
	}
	do
		client->fd = wire_accept(listener->fd, &client->peer);
	while (client->fd == -1 && (errno == ECONNABORTED || errno == EINTR));
	if (client->fd != -1)
		return CREW_CLIENT;
	if (errno == EAGAIN) {
		if (listener->leaving)
			listener->fd = -1;
		return CREW_NOBODY;
	}
	totals_say_full(totals, errno);
	return CREW_FULL;
}

/* Looks at all queues, beginning with another one each time. */
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

/* Waits for news: an order, a ROOT or, where the server is full, that somebody
 * has left; and else for a client. */
static void
crew_await(struct crew *crew, bool full)
{
	struct pollfd *fds = crew->polled;
	unsigned count = 0;

	/* who left before this is seen at the next look */
	atomic_store(&crew->full, full);
	if (full && totals_have_room(crew->host->totals))
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
		crew_await(crew, look == CREW_FULL);
	}
}

bool
crew_accept_ready(struct crew *crew, struct client *client)
{
	return crew_look(crew, client) == CREW_CLIENT;
}
