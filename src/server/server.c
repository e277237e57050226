/* Starts and ends the workers; the main thread. */
#include "config.h"

#include "server/server.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/tally.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/descriptors.h"
#include "server/petition.h"
#include "server/server_parts.h"

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

/* The same of the one that serves the operator. */
static void
server_on_admin_end(void *arg)
{
	struct server *server = arg;

	atomic_store(&server->admin_ended, true);
	server_on_news(server);
}

static int
server_open_events(struct server *server)
{
	server->news = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return server->news == -1 ? -1 : signal_queue_open(&server->signals);
}

/* Writes the --pid-file, which nobody finds yet. Returns 0, or -1 and has said why. */
static int
server_open_pid_file(struct server *server)
{
	const char *path = server->clients.config->pid_file;

	if (path == NULL || pid_file_open(&server->pid_file, path) == 0)
		return 0;
	log_error("--pid-file=%.200s can't be written: %m: name a file in a "
		  "directory that mtasync may write to",
	    path);
	return -1;
}

static int
server_set_up(struct server *server)
{
	struct server_config *config = server->clients.config;
	struct server_config *admin = server->admin.config;
	const uint64_t descriptors = config->descriptors = descriptors_raise();
	unsigned listening = 0;

	if (server_open_events(server) == -1) {
		log_error("the server can't be set up: %m");
		return -1;
	}
	descriptors_fit_workers(config, descriptors);
	if (server_open_pid_file(server) == -1)
		return -1;
	if (side_open(&server->clients) == -1 ||
	    (admin != NULL && side_open(&server->admin) == -1))
		return -1;
	listening = listeners_descriptors(&server->clients.listeners);
	if (admin != NULL)
		listening += listeners_descriptors(&server->admin.listeners) +
			     descriptors_of_admin(admin);
	if (descriptors_plan(config, descriptors, listening) == -1 ||
	    side_make_workers(&server->clients) == -1)
		return -1;
	return admin != NULL ? side_make_workers(&server->admin) : 0;
}

struct server *
server_open(struct server_config *config, struct server_config *admin)
{
	struct server *server = calloc(1, sizeof *server);

	if (server == NULL) {
		log_error("no memory for the server");
		return NULL;
	}
	server->signals.fd = server->news = -1;
	server->clients = (struct side){ .config = config,
		.publisher = { -1 },
		.host = { config, &server->clients.listeners,
		    &server->clients.totals, server, server_on_news,
		    server_on_worker_end, NULL } };
	server->admin = (struct side){ .config = admin,
		.publisher = { -1 },
		.host = { admin, &server->admin.listeners,
		    &server->admin.totals, server, server_on_news,
		    server_on_admin_end, NULL } };
	server->pid_publisher.fd = server->pid_file.directory = -1;
	server->deadline = INT64_MAX;
	server->hour = config->tls ? clock_now() + SERVER_HOUR_TIME : INT64_MAX;
	server->look = config->limits.look > 0
			   ? clock_now() + config->limits.look
			   : INT64_MAX;
	if (server_set_up(server) == 0)
		return server;
	server_close(server);
	return NULL;
}

int
server_prepare(struct server *server, bool chrooted)
{
	if (side_prepare(&server->clients, chrooted) == -1 ||
	    (server_has_admin(server) &&
		side_prepare(&server->admin, chrooted) == -1) ||
	    publisher_start_pid_file(&server->pid_publisher,
		&server->pid_file) == -1)
		return -1;
	if (chrooted)
		pid_file_leave(&server->pid_file);
	return 0;
}

const struct side *
server_clients(const struct server *server)
{
	return &server->clients;
}

const struct listeners *
server_listeners(const struct server *server)
{
	return &server->clients.listeners;
}

const struct listeners *
server_admin_listeners(const struct server *server)
{
	return &server->admin.listeners;
}

enum server_phase
server_phase(const struct server *server)
{
	return (enum server_phase)atomic_load(&server->phase);
}

bool
server_ask(struct server *server, struct petition *petition)
{
	struct petition *none = NULL;

	if (!atomic_compare_exchange_strong(&server->petition, &none,
		petition_hold(petition))) {
		petition_release(petition);
		return false;
	}
	server_on_news(server);
	return true;
}

struct petition *
server_take_petition(struct server *server)
{
	return atomic_exchange(&server->petition, NULL);
}

uint64_t
server_generation(const struct server *server)
{
	return atomic_load(&server->generation);
}

void
server_use_root(struct server *server, struct generation *generation)
{
	generation->on_gone = server_on_gone;
	generation->arg = server;
	atomic_fetch_add(&server->generation, 1);
	side_use_root(&server->clients, generation);
	side_use_root(&server->admin, generation);
	server->reloading = true;
}

/* The operator's side is there first: it tells that the others are not yet. */
static int
server_start_workers(struct server *server)
{
	if ((server_has_admin(server) && side_start(&server->admin) == -1) ||
	    side_start(&server->clients) == -1)
		return -1;
	server->reloading = false; /* they have begun with their ROOT */
	return 0;
}

/* Puts unix sockets at their paths, and then the file that says who serves. */
static int
server_publish(struct server *server)
{
	if (publisher_publish(&server->clients.publisher) == -1 ||
	    publisher_publish(&server->admin.publisher) == -1)
		return -1;
	return publisher_publish(&server->pid_publisher);
}

/* Confines the main thread last: a thread that it starts inherits its confines,
 * and a worker may do more than it. Only then does a predecessor lose its name. */
int
server_start(struct server *server)
{
	const struct server_config *config = server->clients.config;

	if (server_start_workers(server) == 0 &&
	    sandbox_enter(&config->sandbox, ROLE_MAIN) == 0 &&
	    server_publish(server) == 0) {
		atomic_store(&server->phase, SERVER_SERVING);
		return 0;
	}
	server_order(server, WORKER_STOP);
	server_stop_admin(server);
	side_join(&server->clients);
	side_join(&server->admin);
	return -1;
}

void
server_sum_up(const struct server *server, struct server_summary *summary)
{
	*summary = (struct server_summary){ .failed = server->failed,
		.urgent = server->urgent,
		.stuck = server->stuck,
		.forgotten = tally_evicted(server->clients.config->app.tally) };
	for (unsigned i = 0; i < server->clients.totals.count; i++) {
		const struct stats *stats = server->clients.totals.stats[i];

		summary->served += stats_read(&stats->served);
		summary->cut += stats_read(&stats->cut);
		if (server->stuck)
			summary->cut += stats_open(stats);
	}
}

void
server_close(struct server *server)
{
	if (server == NULL)
		return;
	petition_release(server->petition);
	publisher_abandon(&server->pid_publisher);
	pid_file_close(&server->pid_file);
	side_close(&server->clients);
	side_close(&server->admin);
	signal_queue_close(&server->signals);
	if (server->news != -1)
		close(server->news);
	free(server);
}
