/*
 * worker: what serves connections, as the server sees it: threads that it
 * starts, tells what to do, and joins. Each way to wait is a kind of its own.
 */
#ifndef MTASYNC_SERVER_WORKER_H
#define MTASYNC_SERVER_WORKER_H

#include <stdbool.h>

#include "server/server_config.h"
#include "server/totals.h"

/* What the main thread may tell a worker; orders only ever go up. */
enum worker_order {
	WORKER_SERVE,
	WORKER_TRIM,  /* leave the listeners that are given up */
	WORKER_DRAIN, /* close idle connections, finish what has begun */
	WORKER_CLOSE, /* leave all listeners */
	WORKER_CUT,   /* the deadline: answer sleepers 503, close the others */
	WORKER_STOP,  /* end at once */
};

/* What workers ask of the server that owns them; any thread. */
struct worker_host {
	const struct server_config *config;
	const struct listeners *listeners; /* as they were before the start */
	struct totals *totals;             /* of all workers */
	void *server;
	void (*on_news)(void *server); /* it has obeyed, or taken its ROOT */
	void (*on_end)(void *server);  /* a worker is about to end */
};

/* The first member of each kind's own. */
struct worker {
	const struct worker_kind *kind;
};

/*
 * What server_config.new_worker makes: it is given its number, and accepts from
 * those of the host's listeners that are for it; the host outlives it; NULL
 * with errno where it can't be made. All of it is called by the main thread.
 */
struct worker_kind {
	/*
	 * Starts its threads, and waits until they have confined themselves by
	 * the sandbox. Returns 0; or -1, and has said why.
	 */
	int (*start)(struct worker *worker);

	/*
	 * A listener is left when what was queued there has been accepted;
	 * then the host is told, and may close it. An inherited one is left as
	 * it is.
	 */
	void (*tell)(struct worker *worker, enum worker_order order);

	/* The last order that it has carried out. */
	enum worker_order (*obeyed)(const struct worker *worker);

	/*
	 * Gives it the directory to serve from, now or once it starts: `root`
	 * is the worker's from now on. It has it when has_root() says so, of
	 * which the host is told.
	 */
	void (*use_root)(struct worker *worker, int root);
	bool (*has_root)(const struct worker *worker);

	/* Waits for the end of its threads. */
	void (*join)(struct worker *worker);

	/* Frees one whose threads have ended, or never started. */
	void (*free)(struct worker *worker);
};

#endif
