/*
 * A worker's thread, and how it obeys. But for worker_new, _start, _tell,
 * _use_root, _join and _free, which are the main thread's, all of it runs on
 * the worker's own thread.
 */
#include "config.h"

#include "loop/worker.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/acceptor.h"
#include "loop/conn.h"
#include "loop/exchange.h"

/* A rush has so many connections; its memory goes back to the system when
 * three quarters of them have left. */
#define WORKER_RUSH 128

struct worker {
	struct context context;
	struct acceptor acceptor;
	const struct worker_host *host;
	uint64_t rush; /* most connections since memory went back */
	pthread_t thread;
	bool started;
	sem_t ready;   /* posted when the thread has confined itself */
	bool confined; /* it has; else, it ends */
	int inbox;     /* eventfd: there is an order or a root */
	struct event inbox_event;
	enum worker_order obeying; /* the last one that it has seen */
	_Atomic int obeyed;        /* the last one that is carried out */
	_Atomic int order;         /* the last one, written by main */
	_Atomic int root; /* a descriptor on its way from main; -1: none */
};

static void worker_on_inbox(evutil_socket_t fd, short what, void *arg);
static void worker_on_close(struct context *context);
static void worker_on_left(void *arg);

/* ---- the main thread's side ---- */

static int
worker_open(struct worker *worker, unsigned index)
{
	const struct worker_host *host = worker->host;
	struct context *context = &worker->context;
	const struct acceptor_host of_acceptor = { worker, worker_on_left };

	if (context_open(context, host->config, host->totals, index) == -1)
		return -1;
	deadlines_init(&context->deadlines, &context->alarms,
	    host->config->limits, conn_on_due);
	turns_init(&context->turns, context->base, conn_on_turn);
	context->on_close = worker_on_close;
	worker->inbox = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (worker->inbox == -1)
		return -1;
	event_assign(&worker->inbox_event, context->base, worker->inbox,
	    EV_READ | EV_PERSIST, worker_on_inbox, worker);
	return acceptor_open(&worker->acceptor, context, &of_acceptor,
	    host->listeners, index);
}

struct worker *
worker_new(const struct worker_host *host, unsigned index)
{
	struct worker *worker = calloc(1, sizeof *worker);

	if (worker == NULL)
		return NULL;
	worker->host = host;
	worker->inbox = -1;
	atomic_init(&worker->root, -1);
	sem_init(&worker->ready, 0, 0);
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

	worker->confined = sandbox_enter(&worker->host->config->sandbox,
			       ROLE_WORKER) == 0;
	sem_post(&worker->ready);
	if (worker->confined && event_base_dispatch(worker->context.base) == -1)
		log_error("a worker can't wait for events: %m");
	worker->host->on_end(worker->host->server);
	return NULL;
}

/* Serves from the directory that main has given since the last look. */
static void
worker_take_root(struct worker *worker)
{
	int root = atomic_exchange(&worker->root, -1);

	if (root != -1)
		app_use_root(&worker->context.app, root);
}

static int
worker_start_thread(struct worker *worker)
{
	worker_take_root(worker);
	if (acceptor_start(&worker->acceptor) == -1 ||
	    event_add(&worker->inbox_event, NULL) == -1)
		return -1;
	errno = pthread_create(&worker->thread, NULL, worker_thread, worker);
	worker->started = errno == 0;
	return worker->started ? 0 : -1;
}

int
worker_start(struct worker *worker)
{
	if (worker_start_thread(worker) == -1) {
		log_error("a worker can't be started: %m");
		return -1;
	}
	while (sem_wait(&worker->ready) == -1)
		; /* EINTR */
	return worker->confined ? 0 : -1;
}

static void
worker_wake(const struct worker *worker)
{
	uint64_t one = 1;

	if (write(worker->inbox, &one, sizeof one) == -1)
		log_error("a worker can't be told: %m");
}

void
worker_tell(struct worker *worker, enum worker_order order)
{
	atomic_store(&worker->order, order);
	worker_wake(worker);
}

enum worker_order
worker_obeyed(const struct worker *worker)
{
	return (enum worker_order)atomic_load(&worker->obeyed);
}

void
worker_use_root(struct worker *worker, int root)
{
	int unused = atomic_exchange(&worker->root, root);

	if (unused != -1)
		close(unused);
	worker_wake(worker);
}

bool
worker_has_root(const struct worker *worker)
{
	return atomic_load(&worker->root) == -1;
}

void
worker_join(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
}

void
worker_free(struct worker *worker)
{
	int root = atomic_load(&worker->root);

	if (root != -1)
		close(root);
	acceptor_close(&worker->acceptor);
	if (worker->inbox != -1) {
		event_del(&worker->inbox_event);
		close(worker->inbox);
	}
	exchange_free(worker->context.spare);
	deadlines_fini(&worker->context.deadlines);
	turns_fini(&worker->context.turns);
	context_close(&worker->context);
	sem_destroy(&worker->ready);
	free(worker);
}

/* ---- serving ---- */

static struct worker *
worker_of(struct context *context)
{
	return (struct worker *)((char *)context -
				 offsetof(struct worker, context));
}

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
	if (worker->context.moment.closing &&
	    acceptor_has_left(&worker->acceptor) &&
	    worker_open_conns(worker) == 0)
		event_base_loopbreak(worker->context.base);
}

/*
 * Gives back what a rush has left: malloc keeps it, for what is freed lies
 * between what stays. The loop stands meanwhile, a millisecond for each 4 MB.
 */
static void
worker_end_rush(struct worker *worker)
{
	uint64_t open = worker_open_conns(worker);

	if (worker->rush <= open)
		worker->rush = open + 1; /* the one that has just closed */
	if (worker->rush < WORKER_RUSH || open > worker->rush / 4)
		return;
	(void)malloc_trim(0);
	worker->rush = open;
}

static void
worker_on_close(struct context *context)
{
	struct worker *worker = worker_of(context);

	acceptor_on_room(&worker->acceptor);
	worker_end_rush(worker);
	worker_end_if_done(worker);
}

/* ---- obeying ---- */

static void
worker_obey(struct worker *worker, enum worker_order order)
{
	atomic_store(&worker->obeyed, order);
	worker->host->on_news(worker->host->server);
	worker_end_if_done(worker);
}

static void
worker_on_left(void *arg)
{
	struct worker *worker = arg;

	worker_obey(worker, worker->obeying);
}

/*
 * From now on every answer closes its connection, and who is idle has a grace
 * for the request that is on its way.
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
worker_break_off(struct worker *worker, enum worker_order order)
{
	acceptor_drop(&worker->acceptor);
	if (worker_obeyed(worker) < WORKER_CUT)
		worker_cut(worker);
	if (order == WORKER_STOP)
		worker_stop(worker);
	worker_obey(worker, order);
}

static void
worker_carry_out(struct worker *worker, enum worker_order order)
{
	struct acceptor *acceptor = &worker->acceptor;

	worker->obeying = order;
	if (order >= WORKER_DRAIN && !worker->context.moment.closing)
		worker_drain(worker);
	switch (order) {
	case WORKER_SERVE:
		return;
	case WORKER_TRIM:
		acceptor_leave(acceptor, ACCEPTOR_PASSING);
		return;
	case WORKER_DRAIN:
		acceptor_leave(acceptor, ACCEPTOR_INHERITED);
		return;
	case WORKER_CLOSE:
		acceptor_leave(acceptor, ACCEPTOR_ALL);
		return;
	case WORKER_CUT:
	case WORKER_STOP:
		worker_break_off(worker, order);
		return;
	}
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
	if (!worker_has_root(worker)) {
		worker_take_root(worker);
		worker->host->on_news(worker->host->server);
	}
	order = (enum worker_order)atomic_load(&worker->order);
	if (order > worker->obeying)
		worker_carry_out(worker, order);
}
