/*
 * worker: a thread with its own event base, its own listening sockets and its
 * own connections. It shares nothing on the way of a request.
 */
#ifndef MTASYNC_LOOP_WORKER_H
#define MTASYNC_LOOP_WORKER_H

#include <stdbool.h>

#include "loop/server_config.h"
#include "loop/totals.h"

struct worker;

/* What the main thread may tell a worker; orders only ever go up. */
enum worker_order {
	WORKER_SERVE,
	WORKER_TRIM,  /* leave the listeners that are given up */
	WORKER_DRAIN, /* close idle connections, finish what has begun */
	WORKER_CLOSE, /* leave all listeners */
	WORKER_CUT,   /* the deadline: answer sleepers 503, close the others */
	WORKER_STOP,  /* end at once */
};

/* What workers ask of the server that owns them; any worker's thread. */
struct worker_host {
	const struct server_config *config;
	const struct listeners *listeners; /* as they were before the start */
	struct totals *totals;             /* of all workers */
	void *server;
	void (*on_news)(void *server); /* it has obeyed, or taken its ROOT */
	void (*on_end)(void *server);  /* a worker's thread is about to end */
};

/*
 * Makes worker number `index`, which is to accept from those of the host's
 * listeners that are for it. `host` outlives it. Returns NULL with errno. Main
 * thread.
 */
struct worker *worker_new(const struct worker_host *host, unsigned index);

/*
 * Starts the thread, and waits until it has confined itself by the sandbox.
 * Returns 0; or -1, and has said why. Main thread.
 */
int worker_start(struct worker *worker);

/*
 * Tells it. A listener is left when what was queued there has been accepted;
 * then the host is told, and may close it. An inherited one is left as it is.
 * Main thread.
 */
void worker_tell(struct worker *worker, enum worker_order order);

/* The last order that it has carried out. Main thread. */
enum worker_order worker_obeyed(const struct worker *worker);

/*
 * Gives it the directory to serve from, now or once it starts: `root` is the
 * worker's from now on. It has it when worker_has_root() says so, of which the
 * host is told. Main thread.
 */
void worker_use_root(struct worker *worker, int root);
bool worker_has_root(const struct worker *worker);

/* Waits for the thread to end. Main thread. */
void worker_join(struct worker *worker);

/* Frees one whose thread has ended, or never started. Main thread. */
void worker_free(struct worker *worker);

#endif
