/*
 * server_parts: what a server is made of, and the orders that it gives. Known to the
 * files of server alone. Main thread, but where it is said.
 */
#ifndef MTASYNC_SERVER_SERVER_PARTS_H
#define MTASYNC_SERVER_SERVER_PARTS_H

#include <stdatomic.h>

#include "base/clock.h"
#include "server/server.h"
#include "server/side.h"
#include "server/signal_queue.h"

/* The time from one SERVER_HOUR to the next. */
#define SERVER_HOUR_TIME (3600 * CLOCK_S)

struct server {
	struct side clients;
	struct side admin;
	struct pid_file pid_file;
	struct publisher pid_publisher; /* of that, until the server serves */
	_Atomic unsigned ended; /* workers whose threads are about to end */
	_Atomic bool admin_ended;
	_Atomic int phase;           /* enum server_phase; any thread may ask */
	_Atomic bool gone;           /* a worker has found that ROOT is */
	_Atomic uint64_t generation; /* how many there have been */
	struct petition *_Atomic petition; /* owned; NULL: none is asked */
	struct signal_queue signals;
	int news;         /* eventfd: a worker has something to tell */
	bool failed;      /* a worker ended by itself */
	bool urgent;      /* a second signal has ordered the end */
	bool stuck;       /* some workers have not ended in time */
	bool reloading;   /* until all have taken what they were sent */
	int64_t deadline; /* when the order goes up by itself */
	int64_t hour;     /* when SERVER_HOUR is next; INT64_MAX: never */
	int64_t look;     /* when SERVER_LOOK is next; likewise */
};

/* Whether there is a side for the operator. */
static inline bool
server_has_admin(const struct server *server)
{
	return server->admin.config != NULL;
}

/* Gives the workers of the clients an order, and the time that it may take. */
void server_order(struct server *server, enum worker_order order);

/* Ends the operator's side, once nobody else is served. */
void server_stop_admin(struct server *server);

#endif
