/*
 * The thread of a worker that is an event loop, and how it carries out orders.
 * The main thread calls loop_new() and the functions of loop_kind; all else runs
 * on the worker's own thread.
 */
#include "config.h"

#include "loop/loop.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "loop/acceptor.h"
#include "loop/conn.h"
#include "loop/ending.h"
#include "loop/library.h"
#include "loop/secure.h"
#include "loop/sleepers.h"

/* The least connections of a rush, whose memory loop_end_rush() gives back. */
#define LOOP_RUSH 128

/* How many go on in slots of pools in one round. */
#define LOOP_SLOTS_AT_ONCE 256

/* How often a loop looks how late it is, where anybody may want to know. */
#define LOOP_TICK (100 * CLOCK_MS)

struct loop {
	struct worker worker;
	struct context context;
	struct acceptor acceptor;
	const struct worker_host *host;
	int64_t limits[DEADLINE_KINDS];
	uint64_t rush; /* most connections since memory went back */
	pthread_t thread;
	bool started;
	sem_t ready;   /* posted when the thread has confined itself */
	bool confined; /* it has; else, it ends */
	struct event mailbox_event;
	struct alarm tick; /* see loop_on_tick() */
};

static void loop_on_mailbox(evutil_socket_t fd, short what, void *arg);
static void loop_on_close(struct context *context);
static void loop_on_left(void *arg);
static void loop_ring(struct pool_waker *waker);

static struct loop *
loop_of_worker(struct worker *worker)
{
	return (struct loop *)worker; /* its first member */
}

/* ---- the main thread's side ---- */

static void
loop_set_limits(int64_t limits[DEADLINE_KINDS],
    const struct server_limits *wanted)
{
	limits[DEADLINE_IDLE] = wanted->idle;
	limits[DEADLINE_PROXY] = wanted->head;
	limits[DEADLINE_GRACE] = wanted->grace;
	limits[DEADLINE_SHAKE] = wanted->shake / SECURE_LOOKS;
	limits[DEADLINE_HEAD] = wanted->head;
	limits[DEADLINE_BODY] = wanted->body;
	limits[DEADLINE_WRITE] = wanted->write_check;
	limits[DEADLINE_LINGER] = wanted->linger;
	limits[DEADLINE_PART] = wanted->grace;
}

static int
loop_open(struct loop *loop, unsigned index)
{
	const struct worker_host *host = loop->host;
	struct context *context = &loop->context;
	const struct acceptor_host of_acceptor = { loop, loop_on_left };

	if (mailbox_open(&loop->worker.mailbox, host) == -1 ||
	    context_open(context, host->config, host->totals, index) == -1)
		return -1;
	loop_set_limits(loop->limits, &host->config->limits);
	deadlines_init(&context->deadlines, &context->alarms, loop->limits,
	    context->stats.waiting, conn_on_due);
	ready_queue_init(&context->ready_queue, context->base, conn_on_ready);
	context->on_close = loop_on_close;
	context->moment.who = conn_tell;
	context->moment.waker = &context->waker;
	pool_waker_init(&context->waker, loop_ring);
	event_assign(&loop->mailbox_event, context->base,
	    loop->worker.mailbox.wake, EV_READ | EV_PERSIST, loop_on_mailbox,
	    loop);
	if (host->balance != NULL)
		balance_add(host->balance, index, &loop->worker.mailbox);
	return acceptor_open(&loop->acceptor, context, &of_acceptor, host,
	    index);
}

static void
loop_free(struct worker *worker)
{
	struct loop *loop = loop_of_worker(worker);

	acceptor_close(&loop->acceptor);
	if (event_initialized(&loop->mailbox_event))
		event_del(&loop->mailbox_event);
	mailbox_close(&loop->worker.mailbox);
	free(loop->context.spare);
	deadlines_fini(&loop->context.deadlines);
	ready_queue_fini(&loop->context.ready_queue);
	context_close(&loop->context);
	pool_waker_fini(&loop->context.waker);
	sem_destroy(&loop->ready);
	free(loop);
}

/*
 * Waits for events and has them served, round by round, until nothing is left
 * or loop_end_if_done() breaks it off. In each round the event base waits once
 * before it calls anybody, and calls all of whom it has found: there is one
 * priority, so that none is left for a second wait.
 */
static void
loop_run(struct context *context)
{
	int result = 0;

	while (result == 0 && !event_base_got_break(context->base)) {
		context->round = ++context->moment.look;
		context->signs_left = CONTEXT_SIGNS;
		result = event_base_loop(context->base, EVLOOP_ONCE);
	}
	if (result == -1)
		log_error("a worker can't wait for events: %m");
}

/* Notes the bytes so far: those of the last turn are added when the next begins. */
static void
loop_note_bytes(struct context *context)
{
	stats_set(&context->stats.received,
	    context->received + context->turn_received);
	stats_set(&context->stats.sent, context->sent + context->turn_sent);
}

/* Notes the last counts, and that nobody is to miss the ticks that follow. */
static void
loop_note_end(struct loop *loop)
{
	struct context *context = &loop->context;

	loop_note_bytes(context);
	atomic_store_explicit(&context->stats.turned, 0, memory_order_relaxed);
}

static void *
loop_thread(void *arg)
{
	struct loop *loop = arg;

	loop->confined = sandbox_enter(&loop->host->config->sandbox,
			     ROLE_WORKER) == 0;
	sem_post(&loop->ready);
	if (loop->confined)
		loop_run(&loop->context);
	loop_note_end(loop);
	loop->host->on_end(loop->host->server);
	return NULL;
}

/* Has the application serve a new generation, if main has sent one. */
static void
loop_take_generation(struct loop *loop)
{
	struct generation *generation = mailbox_take(&loop->worker.mailbox);

	if (generation != NULL)
		app_use_root(&loop->context.app, generation);
}

/* Returns the ns of CPU time that the calling thread has had. */
static uint64_t
loop_cpu(void)
{
	struct timespec time = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)(time.tv_sec * CLOCK_S + time.tv_nsec);
}

/* Notes how late the tick is, which is how long the loop keeps anybody waiting, and
 * that the loop turns; and has it come again. */
static void
loop_on_tick(void *arg)
{
	struct loop *loop = arg;
	struct stats *stats = &loop->context.stats;
	int64_t now = clock_now();

	histogram_add(&stats->lag, now - loop->tick.due);
	acceptor_look(&loop->acceptor, stats);
	stats_set(&stats->cpu, loop_cpu());
	loop_note_bytes(&loop->context);
	atomic_store_explicit(&stats->turned, now, memory_order_relaxed);
	(void)alarms_set(&loop->context.alarms, &loop->tick, now + LOOP_TICK);
}

static int
loop_start_thread(struct loop *loop)
{
	if (loop->host->config->watched) {
		int64_t now = clock_now();

		loop->tick = (struct alarm){ .on_due = loop_on_tick,
			.arg = loop };
		if (alarms_set(&loop->context.alarms, &loop->tick,
			now + LOOP_TICK) == -1)
			return -1;
		/* so that one which never comes to its first tick is missed */
		atomic_store_explicit(&loop->context.stats.turned, now,
		    memory_order_relaxed);
	}
	loop_take_generation(loop);
	if (acceptor_start(&loop->acceptor) == -1 ||
	    event_add(&loop->mailbox_event, NULL) == -1)
		return -1;
	errno = pthread_create(&loop->thread, NULL, loop_thread, loop);
	loop->started = errno == 0;
	return loop->started ? 0 : -1;
}

static int
loop_start(struct worker *worker)
{
	struct loop *loop = loop_of_worker(worker);

	if (loop_start_thread(loop) == -1) {
		log_error("a worker can't be started: %m");
		return -1;
	}
	while (sem_wait(&loop->ready) == -1)
		; /* EINTR */
	return loop->confined ? 0 : -1;
}

static void
loop_join(struct worker *worker)
{
	struct loop *loop = loop_of_worker(worker);

	if (loop->started)
		pthread_join(loop->thread, NULL);
	loop->started = false;
}

static const struct worker_kind loop_kind = {
	.start = loop_start,
	.join = loop_join,
	.free = loop_free,
};

struct worker *
loop_new(const struct worker_host *host, unsigned index)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (loop == NULL)
		return NULL;
	library_begin_log();
	loop->worker.kind = &loop_kind;
	loop->host = host;
	sem_init(&loop->ready, 0, 0);
	if (loop_open(loop, index) == 0)
		return &loop->worker;

	int error = errno;

	loop_free(&loop->worker);
	errno = error;
	return NULL;
}

/* ---- serving ---- */

static struct loop *
loop_of_context(struct context *context)
{
	return (
	    struct loop *)((char *)context - offsetof(struct loop, context));
}

static uint64_t
loop_open_conns(const struct loop *loop)
{
	const struct stats *stats = &loop->context.stats;

	return stats_read(&stats->accepted) - stats_read(&stats->closed);
}

/* Ends the loop of a worker that drains, once nobody is connected, queued or on the way
 * to it any more. */
static void
loop_end_if_done(struct loop *loop)
{
	struct balance *balance = loop->host->balance;

	if (loop->context.moment.closing &&
	    acceptor_has_left(&loop->acceptor) && loop_open_conns(loop) == 0 &&
	    (balance == NULL ||
		balance_leave(balance, loop->context.host.worker)))
		event_base_loopbreak(loop->context.base);
}

/*
 * Gives the memory of a rush back to the system when three quarters of its
 * connections have left. malloc would keep it, for what is freed lies between
 * what stays. The loop stands meanwhile, a millisecond for each 4 MB.
 */
static void
loop_end_rush(struct loop *loop)
{
	uint64_t open = loop_open_conns(loop);

	if (loop->rush <= open)
		loop->rush = open + 1; /* the one that has just closed */
	if (loop->rush < LOOP_RUSH || open > loop->rush / 4)
		return;
#ifdef HAVE_MALLOC_TRIM
	(void)malloc_trim(0);
#endif
	loop->rush = open;
}

static void
loop_on_close(struct context *context)
{
	struct loop *loop = loop_of_context(context);

	acceptor_on_room(&loop->acceptor);
	loop_end_rush(loop);
	loop_end_if_done(loop);
}

/* ---- orders ---- */

/* Reports that the last order is carried out; that may end the loop. */
static void
loop_report(struct loop *loop)
{
	mailbox_report(&loop->worker.mailbox);
	loop_end_if_done(loop);
}

static void
loop_on_left(void *arg)
{
	loop_report(arg);
}

/* Leaves all listeners as they are, and ends the connections. */
static void
loop_break_off(struct loop *loop, enum worker_order order)
{
	acceptor_drop(&loop->acceptor);
	if (mailbox_done(&loop->worker.mailbox) < WORKER_CUT)
		ending_cut(&loop->context);
	if (order == WORKER_STOP)
		ending_stop(&loop->context);
	loop_report(loop);
}

/* Carries out an order, with those before it that were not seen. To leave the
 * listeners may take time: loop_on_left() reports it. */
static void
loop_carry_out(struct loop *loop, enum worker_order order)
{
	struct acceptor *acceptor = &loop->acceptor;

	loop->context.moment.leaving |= order >= WORKER_LEAVE;
	if (order >= WORKER_DRAIN && !loop->context.moment.closing)
		ending_drain(&loop->context);
	switch (order) {
	case WORKER_SERVE:
	case WORKER_LEAVE:
		return;
	case WORKER_TRIM:
		acceptor_leave(acceptor, ACCEPTOR_SURPLUS);
		return;
	case WORKER_DRAIN:
		acceptor_leave(acceptor, ACCEPTOR_SHARED);
		return;
	case WORKER_CLOSE:
		acceptor_leave(acceptor, ACCEPTOR_ALL);
		return;
	case WORKER_CUT:
	case WORKER_STOP:
		loop_break_off(loop, order);
		return;
	}
}

/* Has the loop look at those who have been given slots. Any thread. */
static void
loop_ring(struct pool_waker *waker)
{
	struct loop *loop = (struct loop *)((char *)waker -
					    offsetof(struct loop,
						context.waker));

	mailbox_wake(&loop->worker.mailbox);
}

/* Has those go on who have been given slots: so many, and the others in a later
 * round, so that everybody else has a turn between. */
static void
loop_go_on_in_slots(struct loop *loop)
{
	struct pool_waker *waker = &loop->context.waker;

	for (int i = 0; i < LOOP_SLOTS_AT_ONCE; i++) {
		const struct pool_ticket *ticket = pool_next_woken(waker);

		if (ticket == NULL)
			return;
		conn_on_slot(ticket->owner);
	}
	loop_ring(waker);
}

/* Tells its part of a census, if one is asked. */
static void
loop_tell_sleepers(struct loop *loop)
{
	struct census *census = mailbox_take_census(&loop->worker.mailbox);

	if (census == NULL)
		return;
	sleepers_tell(&loop->context, census);
	census_release(census);
}

/* Opens a connection that another loop has handed over; behind the deadline of a drain,
 * closes it. */
static void
loop_open_handed(void *arg, const struct handed *handed)
{
	struct loop *loop = arg;

	if (loop->worker.mailbox.order_seen < WORKER_CUT)
		conn_open(&loop->context, handed->fd, &handed->peer,
		    handed->entrance);
	else
		wire_close(handed->fd);
}

/* Opens all of these; they may have been all that a loop which drains was there for. */
static void
loop_take_handed(struct loop *loop)
{
	struct balance *balance = loop->host->balance;

	if (balance != NULL && balance_take(balance, loop->context.host.worker,
				   loop_open_handed, loop))
		loop_end_if_done(loop);
}

static void
loop_on_mailbox(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct mailbox *mailbox = &loop->worker.mailbox;
	enum worker_order order;

	(void)fd;
	(void)what;
	mailbox_rest(mailbox);
	loop_take_handed(loop);
	loop_take_generation(loop);
	loop_go_on_in_slots(loop);
	loop_tell_sleepers(loop);
	if (mailbox_next(mailbox, &order))
		loop_carry_out(loop, order);
}
