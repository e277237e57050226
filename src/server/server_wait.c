/* Waits for the operator's signals and the workers' news; the main thread. */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server_parts.h"

/* How long the 503s of the drain deadline may take to go out. */
#define SERVER_CUT_LIMIT CLOCK_S

/* How long the workers may take to end at once. The operator is promised a
 * tenth of a second: the rest of it is for the last line, and for the kernel to
 * close what is open. */
#define SERVER_STOP_LIMIT (50 * CLOCK_MS)

void
server_order(struct server *server, enum worker_order order)
{
	if (order <= server->clients.order)
		return;
	if (order == WORKER_CUT)
		server->deadline = clock_now() + SERVER_CUT_LIMIT;
	else if (order == WORKER_STOP)
		server->deadline = clock_now() + SERVER_STOP_LIMIT;
	side_order(&server->clients, order);
}

void
server_stop_admin(struct server *server)
{
	if (server->admin.order == WORKER_STOP)
		return;
	/* who is in no hurry waits for a loop that others keep from turning */
	server->deadline = clock_now() + (server->urgent ? SERVER_STOP_LIMIT
							 : SERVER_CUT_LIMIT);
	side_order(&server->admin, WORKER_STOP);
}

/* Begins the time in which balancers learn of a stop, where there is one: nobody is turned
 * away in it. Returns false where none begins. A start that is still taking over
 * is left at once. */
static bool
server_leave(struct server *server)
{
	int64_t time = server->clients.config->limits.leave;

	if (time == 0 || server->clients.order >= WORKER_LEAVE ||
	    server->clients.stages.stage != STAGE_SERVING)
		return false;
	atomic_store(&server->phase, SERVER_DRAINING);
	server->deadline = clock_now() + time;
	side_order(&server->clients, WORKER_LEAVE);
	return true;
}

/* Begins the drain: orders WORKER_DRAIN, and sets its deadline. Returns false
 * where it has begun before. The phase comes first: who is turned away has been able
 * to know. */
static bool
server_drain(struct server *server)
{
	int64_t now = clock_now();

	atomic_store(&server->phase, SERVER_DRAINING);
	if (!side_drain(&server->clients, now))
		return false;
	server->deadline = now + server->clients.config->limits.drain;
	server->look = INT64_MAX; /* nothing is reloaded any more */
	return true;
}

/* Obeys the next signal. Returns true where the main thread has a part in it,
 * which *event names; false: there is no signal, or nothing to do for it. */
static bool
server_on_signal(struct server *server, enum server_event *event)
{
	switch (signal_queue_next(&server->signals)) {
	case 0:
		return false;
	case SIGUSR1:
		*event = SERVER_REOPEN;
		return true;
	case SIGHUP:
		*event = SERVER_RELOAD;
		return server->clients.order < WORKER_DRAIN;
	default:
		*event = SERVER_STOPPING;
		if (server_leave(server) || server_drain(server))
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
	return side_has_reloaded(&server->clients) &&
	       side_has_reloaded(&server->admin);
}

/* Ends the operator's side, where that is the last one. Returns whether all have
 * ended. */
static bool
server_has_ended(struct server *server)
{
	if (atomic_load(&server->ended) < server->clients.worker_count)
		return false;
	if (server_has_admin(server)) {
		server_stop_admin(server);
		if (!atomic_load(&server->admin_ended))
			return false;
	}
	side_join(&server->clients);
	side_join(&server->admin);
	return true;
}

/* Whether a worker has ended by itself. */
static bool
server_has_failed(const struct server *server)
{
	return (atomic_load(&server->ended) > 0 &&
		   server->clients.order < WORKER_DRAIN) ||
	       (atomic_load(&server->admin_ended) &&
		   server->admin.order < WORKER_STOP);
}

/* Looks at the workers. Returns true where all have ended, one has ended by
 * itself, all have their new ROOT, or one misses it: *event says which. */
static bool
server_on_workers(struct server *server, enum server_event *event)
{
	server->failed |= server_has_failed(server);
	if (server_has_ended(server)) {
		*event = SERVER_ENDED;
		return true;
	}
	if ((server->failed || atomic_load(&server->ended) > 0) &&
	    server_drain(server)) {
		*event = SERVER_STOPPING;
		return true;
	}
	if (server->reloading && server_has_reloaded(server)) {
		server->reloading = false;
		*event = SERVER_RELOADED;
		return true;
	}
	if (!server->reloading && atomic_load(&server->petition) != NULL) {
		*event = SERVER_ASKED;
		return true;
	}
	*event = SERVER_GONE;
	return atomic_exchange(&server->gone, false) &&
	       server->clients.order < WORKER_DRAIN;
}

/* Returns the shorter of two times; 0 is none. */
static int64_t
server_shorter(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Returns how long poll(2) may wait, in ms, rounded up; -1: without limit. */
static int
server_poll_time(const struct server *server)
{
	int64_t look = server_shorter(stages_look(&server->clients.stages),
	    server_has_admin(server) ? stages_look(&server->admin.stages) : 0);
	int64_t due = server->deadline, wait;

	if (server->hour < due)
		due = server->hour;
	if (server->look < due)
		due = server->look;
	wait = due == INT64_MAX ? INT64_MAX : due - clock_now();
	if (look > 0 && look < wait)
		wait = look;
	if (wait == INT64_MAX)
		return -1;
	return wait <= 0 ? 0 : (int)((wait + CLOCK_MS - 1) / CLOCK_MS);
}

/* Gives the next higher order of those of a stop. Returns false where
 * WORKER_STOP has been given, and its time is over, too. */
static bool
server_on_deadline(struct server *server)
{
	enum worker_order order = server->clients.order;

	if (order == WORKER_STOP || server->admin.order == WORKER_STOP)
		return false;
	if (order < WORKER_DRAIN)
		return server_drain(server);
	server_order(server, order < WORKER_CUT ? WORKER_CUT : WORKER_STOP);
	return true;
}

/* Waits until the main thread has something to do. */
static enum server_event
server_await(struct server *server)
{
	struct pollfd fds[2] = { { server->signals.fd, POLLIN, 0 },
		{ server->news, POLLIN, 0 } };
	enum server_event event;
	uint64_t count;

	if (server->look == 0)
		server->look = clock_now() +
			       server->clients.config->limits.look;
	for (;;) {
		int64_t now = clock_now();

		side_advance(&server->clients, now);
		if (server_has_admin(server))
			side_advance(&server->admin, now);
		if (server_on_workers(server, &event) ||
		    server_on_signal(server, &event))
			return event;
		if (now >= server->hour) {
			server->hour = now + SERVER_HOUR_TIME;
			return SERVER_HOUR;
		}
		if (now >= server->deadline && !server_on_deadline(server)) {
			server->stuck = true;
			return SERVER_ENDED;
		}
		if (now >= server->look) {
			server->look = 0; /* the next is after this one's end */
			return SERVER_LOOK;
		}
		poll(fds, 2, server_poll_time(server));
		(void)!read(server->news, &count, sizeof count);
	}
}

void
server_note_signal(struct server *server, int number)
{
	server->signals.noted = number;
}

enum server_event
server_wait(struct server *server)
{
	enum server_event event = server_await(server);

	if (event == SERVER_ENDED)
		pid_file_close(&server->pid_file);
	return event;
}
