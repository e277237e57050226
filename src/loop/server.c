/* The workers and the operator's signals; the main thread. */
#include "config.h"

#include "loop/server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/worker.h"

/* Descriptors that are neither connections nor served files: the standard
 * ones, ROOT, the log, and a few that libraries open for a moment. */
#define SERVER_FDS_OWN 16
/* The base's 4, the inbox, and a file that is being opened in each coding. */
#define SERVER_FDS_PER_WORKER 9
#define SERVER_FILES_MAX      64 /* that one worker's cache may hold open */
#define SERVER_FILES_MIN      4

/* How long the 503s of the drain deadline may take to go out. */
#define SERVER_CUT_LIMIT CLOCK_S

struct server {
	struct server_config *config;
	struct worker_host host;
	struct worker **workers;
	unsigned worker_count;
	_Atomic unsigned ended; /* workers whose threads are about to end */
	int done;               /* eventfd: a worker has ended */
	int signals;            /* signalfd */
	enum worker_order order;
	int64_t deadline; /* when the order goes up by itself */
};

int
server_plan_descriptors(struct server_config *config)
{
	struct rlimit limit;
	unsigned workers = config->workers;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
		log_error("RLIMIT_NOFILE can't be read: %m");
		return -1;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_error("RLIMIT_NOFILE stays as it is: %m");

	uint64_t all = limit.rlim_cur < 1U << 30 ? limit.rlim_cur : 1U << 30;
	uint64_t files = all / 8 / workers;

	if (files > SERVER_FILES_MAX)
		files = SERVER_FILES_MAX;
	if (files < SERVER_FILES_MIN)
		files = SERVER_FILES_MIN;

	uint64_t reserve = SERVER_FDS_OWN +
			   workers * (SERVER_FDS_PER_WORKER +
					 config->address_count + files);
	uint64_t wanted = config->max_conns > 0 ? config->max_conns : 1;

	if (all < reserve + wanted) {
		log_error("--max-conns=%" PRIu64 " with --workers=%u needs "
			  "%" PRIu64 " file descriptors, and %" PRIu64
			  " are allowed: raise the limit (ulimit -Hn) or ask "
			  "for less",
		    wanted, workers, reserve + wanted, all);
		return -1;
	}
	if (config->max_conns == 0)
		config->max_conns = (unsigned)(all - reserve);
	config->app.site.open_files = (unsigned)files;
	return 0;
}

/* Room for one more connection, as far as one worker can see. Any worker. */
static bool
server_has_room(void *arg)
{
	const struct server *server = arg;
	int64_t open = 0;

	for (unsigned i = 0; i < server->worker_count; i++) {
		const struct stats *stats = worker_stats(server->workers[i]);

		open += (int64_t)(stats_read(&stats->accepted) -
				  stats_read(&stats->closed));
	}
	return open < (int64_t)server->config->max_conns;
}

/* Any worker. */
static void
server_on_worker_end(void *arg)
{
	struct server *server = arg;
	uint64_t one = 1;

	atomic_fetch_add(&server->ended, 1);
	if (write(server->done, &one, sizeof one) == -1)
		log_error("the end of a worker can't be told: %m");
}

/* What the operator can do about an address that can't be had. */
static const char *
server_advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "stop what listens there, or choose another port";
	case EACCES:
		return "ports below 1024 are for root; choose another one";
	case EADDRNOTAVAIL:
		return "it is no address of this machine";
	default:
		return "choose another address";
	}
}

static int
server_take_signals(struct server *server)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) == -1)
		return -1;
	server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	server->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return server->signals == -1 || server->done == -1 ? -1 : 0;
}

static int
server_bind(struct server *server)
{
	struct server_config *config = server->config;
	char text[LISTENER_TEXT_MAX];

	for (unsigned i = 0; i < config->address_count; i++)
		if (listener_claim(&config->addresses[i]) == -1) {
			listener_format(text, &config->addresses[i]);
			log_error("can't listen on %s: %m: %s", text,
			    server_advice(errno));
			return -1;
		}
	for (unsigned i = 0; i < config->workers; i++) {
		server->workers[i] = worker_new(&server->host, i);
		if (server->workers[i] == NULL) {
			log_error("worker %u can't be made: %m", i);
			return -1;
		}
		server->worker_count++;
	}
	return 0;
}

/* libevent's own complaints, in our form. Any thread. */
static void
server_on_library_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_WARN)
		log_error("libevent: %s", text);
}

struct server *
server_open(struct server_config *config)
{
	struct server *server = calloc(1, sizeof *server);

	if (server == NULL) {
		log_error("no memory for the server");
		return NULL;
	}
	event_set_log_callback(server_on_library_log);
	server->config = config;
	server->signals = server->done = -1;
	server->host = (struct worker_host){ config, server, server_has_room,
		server_on_worker_end };
	server->workers = calloc(config->workers, sizeof(struct worker *));
	if (server->workers == NULL || server_take_signals(server) == -1)
		log_error("the server can't be set up: %m");
	else if (server_bind(server) == 0)
		return server;
	server_close(server);
	return NULL;
}

static void
server_order(struct server *server, enum worker_order order)
{
	int64_t limit = order == WORKER_DRAIN ? server->config->drain_limit
					      : SERVER_CUT_LIMIT;

	server->order = order;
	server->deadline = order == WORKER_STOP ? INT64_MAX
						: clock_now() + limit;
	for (unsigned i = 0; i < server->worker_count; i++)
		worker_tell(server->workers[i], order);
}

static void
server_join(struct server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		worker_join(server->workers[i]);
}

static int
server_start_workers(struct server *server)
{
	for (unsigned i = 0; i < server->worker_count; i++)
		if (worker_start(server->workers[i]) == -1) {
			log_error("worker %u can't be started: %m", i);
			return -1;
		}
	return 0;
}

/* The main thread is confined last: what it starts has its confines, too. */
int
server_start(struct server *server)
{
	if (server_start_workers(server) == 0 &&
	    sandbox_enter(&server->config->sandbox, ROLE_MAIN) == 0)
		return 0;
	server_order(server, WORKER_STOP);
	server_join(server);
	return -1;
}

static void
server_on_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGUSR1) {
		if (server->config->log != NULL)
			(void)access_log_reopen(server->config->log);
	} else if (server->order == WORKER_SERVE) {
		server_order(server, WORKER_DRAIN);
	} else {
		server_order(server, WORKER_STOP);
	}
}

/* Milliseconds for poll(2), rounded up; -1: no limit. */
static int
server_poll_time(const struct server *server)
{
	int64_t wait = server->deadline - clock_now();

	if (server->deadline == INT64_MAX)
		return -1;
	if (wait <= 0)
		return 0;
	return (int)((wait + CLOCK_MS - 1) / CLOCK_MS);
}

void
server_run(struct server *server, struct server_summary *summary)
{
	struct pollfd fds[2] = { { server->signals, POLLIN, 0 },
		{ server->done, POLLIN, 0 } };

	*summary = (struct server_summary){ 0 };
	server->deadline = INT64_MAX;
	while (atomic_load(&server->ended) < server->worker_count) {
		uint64_t count;

		if (atomic_load(&server->ended) > 0 &&
		    server->order == WORKER_SERVE) {
			summary->failed = true;
			server_order(server, WORKER_DRAIN);
		}
		poll(fds, 2, server_poll_time(server));
		server_on_signal(server);
		(void)!read(server->done, &count, sizeof count);
		if (clock_now() >= server->deadline)
			server_order(server, server->order == WORKER_DRAIN
						 ? WORKER_CUT
						 : WORKER_STOP);
	}
	server_join(server);
	for (unsigned i = 0; i < server->worker_count; i++) {
		const struct stats *stats = worker_stats(server->workers[i]);

		summary->served += stats_read(&stats->served);
		summary->cut += stats_read(&stats->cut);
	}
}

void
server_close(struct server *server)
{
	if (server == NULL)
		return;
	for (unsigned i = 0; i < server->worker_count; i++)
		worker_free(server->workers[i]);
	free(server->workers);
	if (server->signals != -1)
		close(server->signals);
	if (server->done != -1)
		close(server->done);
	free(server);
}

void
server_describe_library(char *text, size_t room)
{
	struct event_base *base = event_base_new();

	snprintf(text, room, "%s (%s)", event_get_version(),
	    base != NULL ? event_base_get_method(base) : "no backend");
	if (base != NULL)
		event_base_free(base);
}
