/* The workers and the operator's signals; the main thread. */
#include "config.h"

#include "server/server.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/tally.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/descriptors.h"
#include "server/publisher.h"
#include "server/stages.h"
#include "server/worker.h"

/* How long the 503s of the drain deadline may take to go out. */
#define SERVER_CUT_LIMIT CLOCK_S

/* How long the workers may take to end at once. The operator is promised a
 * tenth of a second: the rest of it is for the last line, and for the kernel to
 * close what is open. */
#define SERVER_STOP_LIMIT (50 * CLOCK_MS)

struct server {
	struct server_config *config;
	struct listeners listeners;
	struct publisher publisher; /* until the server is certain to start */
	struct totals totals;
	struct worker_host host;
	struct worker **workers;
	unsigned worker_count;
	_Atomic unsigned ended; /* workers whose threads are about to end */
	_Atomic bool gone;      /* a worker has found that ROOT is */
	int news;               /* eventfd: a worker has something to tell */
	int signals;            /* signalfd */
	int noted;              /* see server_note_signal() */
	bool failed;            /* a worker ended by itself */
	bool urgent;            /* a second signal has ordered the end */
	bool stuck;             /* some workers have not ended in time */
	bool reloading;         /* until all have taken what they were sent */
	struct stages stages;
	enum worker_order order;
	int64_t deadline; /* when the order goes up by itself */
};

/* Wakes server_wait(). Any worker's thread. */
static void
server_on_news(void *arg)
{
	const struct server *server = arg;
	uint64_t one = 1;

	if (write(server->news, &one, sizeof one) == -1)
		log_error("the main thread can't be told: %m");
}

/* Has server_wait() tell that ROOT is gone. Any worker's thread. */
static void
server_on_gone(void *arg)
{
	struct server *server = arg;

	atomic_store(&server->gone, true);
	server_on_news(server);
}

/* Counts a worker whose thread is about to end. That worker's thread. */
static void
server_on_worker_end(void *arg)
{
	struct server *server = arg;

	atomic_fetch_add(&server->ended, 1);
	server_on_news(server);
}

/* The signals that server_on_signal() obeys. */
static sigset_t
server_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	return set;
}

void
server_hold_signals(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const sigset_t set = server_signals();

	/* neither fails for signals that there are */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static int
server_open_events(struct server *server)
{
	const sigset_t set = server_signals();

	server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	server->news = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return server->signals == -1 || server->news == -1 ? -1 : 0;
}

static int
server_make_workers(struct server *server)
{
	for (unsigned i = 0; i < server->config->workers; i++) {
		server->workers[i] = server->config->new_worker(&server->host,
		    i);
		if (server->workers[i] == NULL) {
			log_error("worker %u can't be made: %m", i);
			return -1;
		}
		server->worker_count++;
	}
	return 0;
}

static int
server_set_up(struct server *server)
{
	struct server_config *config = server->config;
	uint64_t descriptors = descriptors_raise();

	descriptors_fit_workers(config, descriptors);
	server->workers = calloc(config->workers, sizeof(struct worker *));
	if (server->workers == NULL ||
	    totals_open(&server->totals, config->workers) == -1 ||
	    server_open_events(server) == -1) {
		log_error("the server can't be set up: %m");
		return -1;
	}
	if (listeners_open(&server->listeners, &config->listen) == -1 ||
	    descriptors_plan(config, descriptors,
		listeners_descriptors(&server->listeners)) == -1)
		return -1;
	totals_limit(&server->totals, config->max_conns, config->max_sleepers);
	return server_make_workers(server);
}

struct server *
server_open(struct server_config *config)
{
	struct server *server = calloc(1, sizeof *server);

	if (server == NULL) {
		log_error("no memory for the server");
		return NULL;
	}
	server->config = config;
	server->signals = server->news = server->publisher.fd = -1;
	server->host = (struct worker_host){ config, &server->listeners,
		&server->totals, server, server_on_news, server_on_worker_end };
	server->deadline = INT64_MAX;
	if (server_set_up(server) == 0)
		return server;
	server_close(server);
	return NULL;
}

int
server_prepare(struct server *server, bool chrooted)
{
	struct listeners *listeners = &server->listeners;

	if (publisher_start(&server->publisher, listeners,
		server->config->listen.terms.take_over) == -1)
		return -1;
	if (chrooted)
		listeners_leave_names(listeners);
	return 0;
}

const struct listeners *
server_listeners(const struct server *server)
{
	return &server->listeners;
}

void
server_use_root(struct server *server, struct generation *generation)
{
	generation->on_gone = server_on_gone;
	generation->arg = server;
	for (unsigned i = 0; i < server->worker_count; i++)
		mailbox_send(&server->workers[i]->mailbox, generation);
	server->reloading = true;
}

/* Puts an order into a worker's mailbox, and wakes who does not watch that. */
static void
server_tell(struct worker *worker, enum worker_order order)
{
	mailbox_order(&worker->mailbox, order);
	if (worker->kind->on_order != NULL)
		worker->kind->on_order(worker, order);
}

/* Gives all workers an order, unless it has been given or passed over. */
static void
server_order(struct server *server, enum worker_order order)
{
	if (order <= server->order)
		return;
	server->order = order;
	if (order == WORKER_CUT)
		server->deadline = clock_now() + SERVER_CUT_LIMIT;
	else if (order == WORKER_STOP)
		server->deadline = clock_now() + SERVER_STOP_LIMIT;
	for (unsigned i = 0; i < server->worker_count; i++)
		server_tell(server->workers[i], order);
}

static void
server_join(struct server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		server->workers[i]->kind->join(server->workers[i]);
}

static int
server_start_workers(struct server *server)
{
	const struct server_config *config = server->config;

	if (listeners_listen(&server->listeners, config->backlog) == -1) {
		log_error("can't listen: %m");
		return -1;
	}
	for (unsigned i = 0; i < server->worker_count; i++)
		if (server->workers[i]->kind->start(server->workers[i]) == -1)
			return -1;
	server->reloading = false; /* they have begun with their ROOT */
	stages_begin(&server->stages, &server->listeners);
	return 0;
}

/* Confines the main thread last: a thread that it starts inherits its confines,
 * and a worker may do more than it. Only then does a predecessor lose its name. */
int
server_start(struct server *server)
{
	if (server_start_workers(server) == 0 &&
	    sandbox_enter(&server->config->sandbox, ROLE_MAIN) == 0 &&
	    publisher_publish(&server->publisher) == 0)
		return 0;
	server_order(server, WORKER_STOP);
	server_join(server);
	return -1;
}

/* Whether all workers have carried out an order. */
static bool
server_is_obeyed(const struct server *server, enum worker_order order)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		if (mailbox_done(&server->workers[i]->mailbox) < order)
			return false;
	return true;
}

/* Goes through all stages that are over, and gives the orders of the next. */
static void
server_advance(struct server *server)
{
	struct stages *stages = &server->stages;

	while (stages_advance(stages, clock_now(),
	    server_is_obeyed(server, stages_order(stages))))
		server_order(server, stages_order(stages));
}

/* Begins the drain: orders WORKER_DRAIN, and sets its deadline. Returns false
 * where it has begun before. */
static bool
server_drain(struct server *server)
{
	int64_t now = clock_now();

	if (!stages_drain(&server->stages, now))
		return false;
	server->deadline = now + server->config->limits.drain;
	server_order(server, stages_order(&server->stages));
	return true;
}

/* Returns the next signal; 0: there is none. */
static int
server_next_signal(struct server *server)
{
	struct signalfd_siginfo info;
	int noted = server->noted;

	server->noted = 0;
	if (noted != 0)
		return noted;
	if (read(server->signals, &info, sizeof info) != sizeof info)
		return 0;
	return (int)info.ssi_signo;
}

/* Obeys the next signal. Returns true where the main thread has a part in it,
 * which *event names; false: there is no signal, or nothing to do for it. */
static bool
server_on_signal(struct server *server, enum server_event *event)
{
	switch (server_next_signal(server)) {
	case 0:
		return false;
	case SIGUSR1:
		*event = SERVER_REOPEN;
		return true;
	case SIGHUP:
		*event = SERVER_RELOAD;
		return server->order < WORKER_DRAIN;
	default:
		*event = SERVER_STOPPING;
		if (server_drain(server))
			return true;
		server->urgent = true;
		server_order(server, WORKER_STOP);
		return false;
	}
}

/* Whether all workers have taken the generation that they were sent. */
static bool
server_has_reloaded(const struct server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		if (!mailbox_is_taken(&server->workers[i]->mailbox))
			return false;
	return true;
}

/* Looks at the workers. Returns true where all have ended, one has ended by
 * itself, all have their new ROOT, or one misses it: *event says which. */
static bool
server_on_workers(struct server *server, enum server_event *event)
{
	unsigned ended = atomic_load(&server->ended);

	if (ended > 0 && server->order < WORKER_DRAIN)
		server->failed = true;
	if (ended == server->worker_count) {
		server_join(server);
		*event = SERVER_ENDED;
		return true;
	}
	if (ended > 0 && server_drain(server)) {
		*event = SERVER_STOPPING;
		return true;
	}
	if (server->reloading && server_has_reloaded(server)) {
		server->reloading = false;
		*event = SERVER_RELOADED;
		return true;
	}
	*event = SERVER_GONE;
	return atomic_exchange(&server->gone, false) &&
	       server->order < WORKER_DRAIN;
}

/* Returns how long poll(2) may wait, in ms, rounded up; -1: without limit. */
static int
server_poll_time(const struct server *server)
{
	int64_t look = stages_look(&server->stages);
	int64_t wait = server->deadline - clock_now();

	if (server->deadline == INT64_MAX)
		wait = INT64_MAX;
	if (look > 0 && look < wait)
		wait = look;
	if (wait == INT64_MAX)
		return -1;
	return wait <= 0 ? 0 : (int)((wait + CLOCK_MS - 1) / CLOCK_MS);
}

/* Gives the next higher order of those that end a drain. Returns false where
 * WORKER_STOP has been given, and its time is over, too. */
static bool
server_on_deadline(struct server *server)
{
	if (server->order == WORKER_STOP)
		return false;
	server_order(server,
	    server->order < WORKER_CUT ? WORKER_CUT : WORKER_STOP);
	return true;
}

enum server_event
server_wait(struct server *server)
{
	struct pollfd fds[2] = { { server->signals, POLLIN, 0 },
		{ server->news, POLLIN, 0 } };
	enum server_event event;
	uint64_t count;

	for (;;) {
		int64_t now = clock_now();

		server_advance(server);
		if (server_on_workers(server, &event) ||
		    server_on_signal(server, &event))
			return event;
		if (now >= server->deadline && !server_on_deadline(server)) {
			server->stuck = true;
			return SERVER_ENDED;
		}
		poll(fds, 2, server_poll_time(server));
		(void)!read(server->news, &count, sizeof count);
	}
}

void
server_note_signal(struct server *server, int number)
{
	server->noted = number;
}

/* How many connections a worker has open. */
static uint64_t
server_count_open(const struct stats *stats)
{
	uint64_t closed = stats_read(&stats->closed);
	uint64_t accepted = stats_read(&stats->accepted);

	return accepted > closed ? accepted - closed : 0;
}

void
server_sum_up(const struct server *server, struct server_summary *summary)
{
	*summary = (struct server_summary){ .failed = server->failed,
		.urgent = server->urgent,
		.stuck = server->stuck,
		.forgotten = tally_evicted(server->config->app.tally) };
	for (unsigned i = 0; i < server->totals.count; i++) {
		const struct stats *stats = server->totals.stats[i];

		summary->served += stats_read(&stats->served);
		summary->cut += stats_read(&stats->cut);
		if (server->stuck)
			summary->cut += server_count_open(stats);
	}
}

void
server_close(struct server *server)
{
	if (server == NULL)
		return;
	for (unsigned i = 0; i < server->worker_count; i++)
		server->workers[i]->kind->free(server->workers[i]);
	free(server->workers);
	totals_close(&server->totals);
	publisher_abandon(&server->publisher);
	listeners_free(&server->listeners);
	if (server->signals != -1)
		close(server->signals);
	if (server->news != -1)
		close(server->news);
	free(server);
}
