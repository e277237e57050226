/*
 * A worker: accepts, and obeys the main thread. But for worker_new, _start,
 * _tell, _join and _free, which are the main thread's, all of it runs on the
 * worker's own thread.
 */
#include "config.h"

#include "loop/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/conn.h"
#include "loop/exchange.h"
#include "loop/wire.h"

/* How many connections one wake-up of a listener may take. */
#define WORKER_ACCEPT_MAX 64

/* How long a full server waits before it looks for room again. */
static const struct timeval worker_room_tick = { 0, 50000 };

struct worker_listener {
	struct worker *worker;
	int fd; /* -1: closed */
	struct event event;
};

struct worker {
	struct context context;
	const struct worker_host *host;
	pthread_t thread;
	bool started;
	struct worker_listener *listeners; /* one per address */
	unsigned listener_count;
	bool paused;              /* no room: the listeners are not watched */
	struct event room_timer;  /* looks for room while paused */
	int inbox;                /* eventfd: the order has changed */
	_Atomic int order;        /* enum worker_order, written by main */
	enum worker_order obeyed; /* the last one carried out */
	struct event inbox_event;
};

static void worker_on_connection(evutil_socket_t fd, short what, void *arg);
static void worker_on_inbox(evutil_socket_t fd, short what, void *arg);
static void worker_on_room_tick(evutil_socket_t none, short what, void *arg);
static void worker_on_close(struct context *context);

/* ---- the main thread's side ---- */

static int
worker_bind(struct worker *worker, const struct server_config *config)
{
	worker->listeners = calloc(config->address_count,
	    sizeof *worker->listeners);
	if (worker->listeners == NULL)
		return -1;
	for (unsigned i = 0; i < config->address_count; i++) {
		struct worker_listener *listener = &worker->listeners[i];

		listener->worker = worker;
		listener->fd = listener_bind(&config->addresses[i]);
		if (listener->fd == -1)
			return -1;
		worker->listener_count++;
		if (listener_tune(listener->fd) == -1)
			return -1;
		event_assign(&listener->event, worker->context.base,
		    listener->fd, EV_READ | EV_PERSIST, worker_on_connection,
		    listener);
	}
	return 0;
}

static int
worker_open(struct worker *worker, unsigned index)
{
	const struct server_config *config = worker->host->config;
	struct context *context = &worker->context;

	if (context_open(context, config, index) == -1)
		return -1;
	deadlines_init(&context->deadlines, context->base, config->limits,
	    conn_on_due);
	turns_init(&context->turns, context->base, conn_on_turn);
	context->on_close = worker_on_close;
	evtimer_assign(&worker->room_timer, context->base, worker_on_room_tick,
	    worker);
	worker->inbox = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (worker->inbox == -1)
		return -1;
	event_assign(&worker->inbox_event, context->base, worker->inbox,
	    EV_READ | EV_PERSIST, worker_on_inbox, worker);
	return worker_bind(worker, config);
}

struct worker *
worker_new(const struct worker_host *host, unsigned index)
{
	struct worker *worker = calloc(1, sizeof *worker);

	if (worker == NULL)
		return NULL;
	worker->host = host;
	worker->inbox = -1;
	if (worker_open(worker, index) == 0)
		return worker;

	int error = errno;

	worker_free(worker);
	errno = error;
	return NULL;
}

static void *
worker_thread(void *arg)
{
	struct worker *worker = arg;

	if (event_base_dispatch(worker->context.base) == -1)
		log_error("a worker can't wait for events: %m");
	worker->host->on_end(worker->host->server);
	return NULL;
}

int
worker_start(struct worker *worker)
{
	int backlog = worker->host->config->backlog;

	for (unsigned i = 0; i < worker->listener_count; i++)
		if (listen(worker->listeners[i].fd, backlog) == -1 ||
		    event_add(&worker->listeners[i].event, NULL) == -1)
			return -1;
	if (event_add(&worker->inbox_event, NULL) == -1)
		return -1;
	errno = pthread_create(&worker->thread, NULL, worker_thread, worker);
	worker->started = errno == 0;
	return worker->started ? 0 : -1;
}

void
worker_tell(struct worker *worker, enum worker_order order)
{
	uint64_t one = 1;

	atomic_store(&worker->order, order);
	if (write(worker->inbox, &one, sizeof one) == -1)
		log_error("a worker can't be told to stop: %m");
}

void
worker_join(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
}

const struct stats *
worker_stats(const struct worker *worker)
{
	return &worker->context.stats;
}

static void
worker_close_listener(struct worker_listener *listener)
{
	if (listener->fd == -1)
		return;
	event_del(&listener->event);
	close(listener->fd);
	listener->fd = -1;
}

static void
worker_close_listeners(struct worker *worker)
{
	for (unsigned i = 0; i < worker->listener_count; i++)
		worker_close_listener(&worker->listeners[i]);
}

void
worker_free(struct worker *worker)
{
	worker_close_listeners(worker);
	if (worker->inbox != -1) {
		event_del(&worker->inbox_event);
		close(worker->inbox);
	}
	exchange_free(worker->context.spare);
	if (worker->context.base != NULL) {
		deadlines_fini(&worker->context.deadlines);
		turns_fini(&worker->context.turns);
	}
	context_close(&worker->context);
	free(worker->listeners);
	free(worker);
}

/* ---- accepting ---- */

/*
 * Stops to watch the listeners, so that what queues up does not spin the loop,
 * until there is room again.
 */
static void
worker_pause(struct worker *worker)
{
	for (unsigned i = 0; i < worker->listener_count; i++)
		event_del(&worker->listeners[i].event);
	worker->paused = true;
	event_add(&worker->room_timer, &worker_room_tick);
}

static void
worker_resume(struct worker *worker)
{
	for (unsigned i = 0; i < worker->listener_count; i++)
		event_add(&worker->listeners[i].event, NULL);
	worker->paused = false;
	event_del(&worker->room_timer);
}

/*
 * Takes up to `limit` connections off a queue. Returns false where there is no
 * room for one more, or no descriptor or memory.
 */
static bool
worker_accept(struct worker_listener *listener, unsigned limit)
{
	struct worker *worker = listener->worker;
	const struct worker_host *host = worker->host;
	struct sockaddr_storage peer;

	for (unsigned i = 0; i < limit; i++) {
		int fd;

		if (!host->has_room(host->server))
			return false;
		fd = wire_accept(listener->fd, &peer);
		if (fd != -1)
			conn_open(&worker->context, fd, &peer);
		else if (errno == EAGAIN)
			return true;
		else if (errno != ECONNABORTED && errno != EINTR)
			return false;
	}
	return true;
}

static void
worker_on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct worker_listener *listener = arg;

	(void)fd;
	(void)what;
	if (!worker_accept(listener, WORKER_ACCEPT_MAX))
		worker_pause(listener->worker);
}

/* ---- stopping ---- */

static uint64_t
worker_open_conns(const struct worker *worker)
{
	const struct stats *stats = &worker->context.stats;

	return stats_read(&stats->accepted) - stats_read(&stats->closed);
}

/* The end of a worker that drains: nobody is there or queued any more. */
static void
worker_end_if_done(struct worker *worker)
{
	for (unsigned i = 0; i < worker->listener_count; i++)
		if (worker->listeners[i].fd != -1)
			return;
	if (worker_open_conns(worker) == 0)
		event_base_loopbreak(worker->context.base);
}

static void
worker_on_close(struct context *context)
{
	struct worker *worker = (struct worker *)((char *)context -
						  offsetof(struct worker,
						      context));

	if (context->moment.closing)
		worker_end_if_done(worker);
	else if (worker->paused)
		worker_resume(worker);
}

/*
 * Those who are queued have been told that they are connected: they are served
 * before their listener closes. A queue holds one more than its backlog. Where
 * there is no room for all, the rest is taken when there is.
 */
static void
worker_take_queued(struct worker *worker)
{
	unsigned queue_max = (unsigned)worker->host->config->backlog + 1;

	for (unsigned i = 0; i < worker->listener_count; i++) {
		struct worker_listener *listener = &worker->listeners[i];

		if (listener->fd == -1)
			continue;
		if (worker_accept(listener, queue_max))
			worker_close_listener(listener);
		else
			event_add(&worker->room_timer, &worker_room_tick);
	}
	worker_end_if_done(worker);
}

/*
 * No more connections begin. From now on every answer closes its own, and who
 * is idle has a grace for the request that is on its way.
 */
static void
worker_drain(struct worker *worker)
{
	struct context *context = &worker->context;
	struct deadlines *deadlines = &context->deadlines;
	struct deadline *deadline;

	context->moment.closing = true;
	context_renew(context);
	while (
	    (deadline = TAILQ_FIRST(&deadlines->queues[DEADLINE_IDLE])) != NULL)
		deadlines_move(deadlines, deadline, DEADLINE_GRACE,
		    context->moment.now);
	for (unsigned i = 0; i < worker->listener_count; i++) {
		event_del(&worker->listeners[i].event);
		listener_shut(worker->listeners[i].fd);
	}
	worker_take_queued(worker);
}

static void
worker_on_room_tick(evutil_socket_t none, short what, void *arg)
{
	struct worker *worker = arg;

	(void)none;
	(void)what;
	if (worker->context.moment.closing)
		worker_take_queued(worker);
	else if (worker->host->has_room(worker->host->server))
		worker_resume(worker);
	else
		event_add(&worker->room_timer, &worker_room_tick);
}

/* Ends all that are in a queue, by a function that takes each off it. */
static void
worker_end_queue(struct worker *worker, int kind,
    void (*end)(struct deadline *deadline))
{
	struct deadline_queue *queue = &worker->context.deadlines.queues[kind];
	struct deadline *deadline;

	while ((deadline = TAILQ_FIRST(queue)) != NULL)
		end(deadline);
}

/* The sleepers last, since their 503 takes them to another queue; those who
 * have had all, and only linger, may do so. */
static void
worker_cut(struct worker *worker)
{
	event_del(&worker->room_timer);
	worker_close_listeners(worker);
	for (int kind = 0; kind < DEADLINE_NEVER; kind++)
		if (kind != DEADLINE_LINGER)
			worker_end_queue(worker, kind, conn_abort);
	worker_end_queue(worker, DEADLINE_NEVER, conn_refuse_sleep);
}

static void
worker_stop(struct worker *worker)
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
		worker_end_queue(worker, kind, conn_abort);
}

static void
worker_on_inbox(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	enum worker_order order;
	uint64_t count;

	(void)what;
	/* re-arms the eventfd, and before the look: what comes after that
	 * look wakes us again */
	(void)!read(fd, &count, sizeof count);
	order = (enum worker_order)atomic_load(&worker->order);
	if (worker->obeyed < WORKER_DRAIN && order >= WORKER_DRAIN)
		worker_drain(worker);
	if (worker->obeyed < WORKER_CUT && order >= WORKER_CUT)
		worker_cut(worker);
	if (worker->obeyed < WORKER_STOP && order >= WORKER_STOP)
		worker_stop(worker);
	worker->obeyed = order;
	if (order >= WORKER_DRAIN)
		worker_end_if_done(worker);
}
