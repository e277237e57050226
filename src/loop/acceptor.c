/* Accepting, as long as there is room; the worker's thread. */
#include "config.h"

#include "loop/acceptor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/wire.h"
#include "loop/conn.h"

/* How many connections are accepted for one event of a listener. */
#define ACCEPTOR_WAKE_MAX 64

/* How long a full server waits before it looks for room again. */
static const struct timeval acceptor_room_tick = { 0, 50000 };

static void acceptor_on_connection(evutil_socket_t fd, short what, void *arg);
static void acceptor_on_room_tick(evutil_socket_t none, short what, void *arg);

/* ---- the main thread's side ---- */

/* A unix socket has been shut when a drain begins, and would be readable for
 * good; an inherited one is others' from then on. */
static enum acceptor_part
acceptor_part_of(const struct acceptor_listener *listener)
{
	if (listener->shards->shared)
		return ACCEPTOR_SHARED;
	return shards_is_surplus(listener->shards, listener->number)
		   ? ACCEPTOR_SURPLUS
		   : ACCEPTOR_ALL;
}

/* Adds the sockets of entrance number `entrance` from which worker number
 * `worker` accepts. */
static void
acceptor_add(struct acceptor *acceptor, const struct listeners *listeners,
    unsigned entrance, unsigned worker)
{
	const struct shards *shards = &listeners->list[entrance];

	for (unsigned i = 0; i < shards->count; i++) {
		struct acceptor_listener *listener =
		    &acceptor->listeners[acceptor->count];

		if (!shards_are_for(shards, i, worker))
			continue;
		listener->acceptor = acceptor;
		listener->fd = shards->fds[i];
		listener->shards = shards;
		listener->entrance = &listeners->entrances[entrance];
		listener->number = i;
		event_assign(&listener->event, acceptor->context->base,
		    listener->fd, EV_READ | EV_PERSIST, acceptor_on_connection,
		    listener);
		acceptor->count++;
	}
}

int
acceptor_open(struct acceptor *acceptor, struct context *context,
    const struct acceptor_host *host, const struct worker_host *server,
    unsigned worker)
{
	const struct listeners *listeners = server->listeners;

	*acceptor = (struct acceptor){ .context = context,
		.balance = server->balance,
		.host = *host };
	evtimer_assign(&acceptor->room_timer, context->base,
	    acceptor_on_room_tick, acceptor);
	/* room for the sockets of all workers, which is more than needed */
	acceptor->listeners = calloc(listeners_sockets(listeners),
	    sizeof *acceptor->listeners);
	if (acceptor->listeners == NULL)
		return -1;
	for (unsigned i = 0; i < listeners->count; i++)
		acceptor_add(acceptor, listeners, i, worker);
	return 0;
}

void
acceptor_close(struct acceptor *acceptor)
{
	if (acceptor->listeners == NULL)
		return;
	acceptor_drop(acceptor);
	free(acceptor->listeners);
	acceptor->listeners = NULL;
}

/* ---- accepting ---- */

/*
 * Stops watching the listeners until there is room again: a queue that is not
 * empty would wake the loop over and over.
 */
static void
acceptor_pause(struct acceptor *acceptor)
{
	/* without memory for the timer nothing would end the pause: go on
	 * watching, at the cost of a loop that spins */
	if (event_add(&acceptor->room_timer, &acceptor_room_tick) == -1)
		return;
	for (unsigned i = 0; i < acceptor->count; i++)
		if (acceptor->listeners[i].fd != -1)
			event_del(&acceptor->listeners[i].event);
	acceptor->paused = true;
}

static int
acceptor_watch(struct acceptor *acceptor)
{
	for (unsigned i = 0; i < acceptor->count; i++)
		if (acceptor->listeners[i].fd != -1 &&
		    event_add(&acceptor->listeners[i].event, NULL) == -1)
			return -1;
	return 0;
}

int
acceptor_start(struct acceptor *acceptor)
{
	for (unsigned i = 0; i < acceptor->count; i++)
		acceptor->listeners[i].part = acceptor_part_of(
		    &acceptor->listeners[i]);
	return acceptor_watch(acceptor);
}

void
acceptor_on_room(struct acceptor *acceptor)
{
	if (!acceptor->paused)
		return;
	acceptor->paused = acceptor_watch(acceptor) == -1;
	if (acceptor->paused)
		event_add(&acceptor->room_timer, &acceptor_room_tick);
}

/* Opens a connection for which there is no room unless another one is closed; resets it
 * where none can be. */
static void
acceptor_squeeze_in(struct acceptor_listener *listener, int fd,
    const struct sockaddr_storage *peer)
{
	struct context *context = listener->acceptor->context;

	if (conn_shed(context))
		conn_open(context, fd, peer, listener->entrance);
	else
		wire_reset(fd);
}

/* Has a connection opened: by this worker, or by one that has fewer. */
static void
acceptor_deal(struct acceptor_listener *listener, int fd,
    const struct sockaddr_storage *peer)
{
	const struct acceptor *acceptor = listener->acceptor;
	struct context *context = acceptor->context;

	if (acceptor->balance == NULL ||
	    !balance_hand(acceptor->balance, context->host.worker, fd, peer,
		listener->entrance))
		conn_open(context, fd, peer, listener->entrance);
}

/*
 * Takes up to `limit` connections off a queue. Returns false where there is no
 * room for one more, or no descriptor or memory.
 */
static bool
acceptor_accept(struct acceptor_listener *listener, unsigned limit)
{
	struct acceptor *acceptor = listener->acceptor;
	struct totals *totals = acceptor->context->totals;
	struct sockaddr_storage peer;

	for (unsigned i = 0; i < limit; i++) {
		bool room = totals_have_room(totals);
		int fd;

		if (!room && !acceptor->context->config->sheds) {
			totals_say_full(totals, 0);
			return false;
		}
		fd = wire_accept(listener->fd, &peer);
		if (fd != -1 && room)
			acceptor_deal(listener, fd, &peer);
		else if (fd != -1)
			acceptor_squeeze_in(listener, fd, &peer);
		else if (errno == EAGAIN)
			return true;
		else if (errno != ECONNABORTED && errno != EINTR) {
			totals_say_full(totals, errno);
			return false;
		}
	}
	return true;
}

static void
acceptor_on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor_listener *listener = arg;

	(void)fd;
	(void)what;
	if (!acceptor_accept(listener, ACCEPTOR_WAKE_MAX))
		acceptor_pause(listener->acceptor);
}

void
acceptor_look(struct acceptor *acceptor, struct stats *stats)
{
	uint64_t waiting = 0, overflows = 0;

	for (unsigned i = 0; i < acceptor->count; i++)
		if (acceptor->listeners[i].fd != -1)
			wire_look_at_queue(acceptor->listeners[i].fd, &waiting,
			    &overflows);
	if (acceptor->balance != NULL)
		waiting += balance_waiting(acceptor->balance,
		    acceptor->context->host.worker);
	stats_set(&stats->backlog, waiting);
	stats_set(&stats->overflows, overflows);
}

/* ---- leaving ---- */

static void
acceptor_leave_listener(struct acceptor_listener *listener)
{
	if (listener->fd != -1)
		event_del(&listener->event);
	listener->fd = -1;
}

/*
 * Accepts what is in the accept queue, whose clients already see a connection,
 * so that closing the listener resets nobody. The kernel queues backlog + 1. An
 * empty queue needs no room, and an inherited listener is left as it is.
 * Returns false where the server is full.
 */
static bool
acceptor_empty(struct acceptor_listener *listener)
{
	const struct server_config *config =
	    listener->acceptor->context->config;

	return listener->shards->inherited ||
	       wire_is_queue_empty(listener->fd) ||
	       acceptor_accept(listener, (unsigned)config->backlog + 1);
}

void
acceptor_leave(struct acceptor *acceptor, enum acceptor_part part)
{
	bool left = true;

	for (unsigned i = 0; i < acceptor->count; i++) {
		struct acceptor_listener *listener = &acceptor->listeners[i];

		if (listener->fd == -1 ||
		    (part != ACCEPTOR_ALL && part != listener->part))
			continue;
		if (acceptor_empty(listener))
			acceptor_leave_listener(listener);
		else
			left = false;
	}
	acceptor->leaving = left ? ACCEPTOR_NONE : part;
	if (left)
		acceptor->host.on_left(acceptor->host.worker);
	else
		event_add(&acceptor->room_timer, &acceptor_room_tick);
}

static void
acceptor_on_room_tick(evutil_socket_t none, short what, void *arg)
{
	struct acceptor *acceptor = arg;

	(void)none;
	(void)what;
	if (!totals_have_room(acceptor->context->totals)) {
		event_add(&acceptor->room_timer, &acceptor_room_tick);
		return;
	}
	acceptor_on_room(acceptor);
	if (acceptor->leaving != ACCEPTOR_NONE)
		acceptor_leave(acceptor, acceptor->leaving);
}

void
acceptor_drop(struct acceptor *acceptor)
{
	event_del(&acceptor->room_timer);
	for (unsigned i = 0; i < acceptor->count; i++)
		acceptor_leave_listener(&acceptor->listeners[i]);
	acceptor->leaving = ACCEPTOR_NONE;
}

bool
acceptor_has_left(const struct acceptor *acceptor)
{
	for (unsigned i = 0; i < acceptor->count; i++)
		if (acceptor->listeners[i].fd != -1)
			return false;
	return true;
}
