/*
 * worker: a thread with its own event base, its own listening sockets and its
 * own connections. It shares nothing on the way of a request.
 */
#ifndef MTASYNC_LOOP_WORKER_H
#define MTASYNC_LOOP_WORKER_H

#include <stdbool.h>

#include "base/stats.h"
#include "loop/server_config.h"

struct worker;

/* What the main thread may tell a worker; each includes those before it. */
enum worker_order {
	WORKER_SERVE,
	WORKER_DRAIN, /* take what is queued, close the listeners, finish */
	WORKER_CUT,   /* the drain deadline: answer sleepers 503, close others */
	WORKER_STOP,  /* end at once */
};

/* What workers ask of the server that owns them; any worker's thread. */
struct worker_host {
	const struct server_config *config;
	void *server;
	bool (*has_room)(void *server); /* for one more connection */
	void (*on_end)(void *server);	/* a worker's thread is about to end */
};

/*
 * Makes worker number `index` with its sockets, one for each address, bound
 * and not yet listening. `host` outlives it. Returns NULL with errno, and has
 * said why. Main thread.
 */
struct worker *worker_new(const struct worker_host *host, unsigned index);

/* Listens, and starts the thread. Returns 0, or -1 with errno. Main thread. */
int worker_start(struct worker *worker);

/* Tells it; orders only ever go up. Main thread. */
void worker_tell(struct worker *worker, enum worker_order order);

/* Waits for the thread to end. Main thread. */
void worker_join(struct worker *worker);

/* What it counts. Any thread. */
const struct stats *worker_stats(const struct worker *worker);

/* Frees one whose thread has ended, or never started. Main thread. */
void worker_free(struct worker *worker);

#endif
