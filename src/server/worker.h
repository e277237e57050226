/*
 * worker: what the server starts, tells through a mailbox, and joins: threads
 * that serve connections. Each way to wait is a kind of its own.
 */
#ifndef MTASYNC_SERVER_WORKER_H
#define MTASYNC_SERVER_WORKER_H

#include "server/mailbox.h"
#include "server/server_config.h"
#include "server/totals.h"

/* What workers ask of the server that owns them; any thread. */
struct worker_host {
	const struct server_config *config;
	const struct listeners *listeners; /* as they were before the start */
	struct totals *totals;             /* of all workers */
	void *server;
	void (*on_news)(void *server); /* see mailbox_take(), _report() */
	void (*on_end)(void *server);  /* a worker is about to end */
	struct balance *balance; /* by which they deal connections out; or NULL:
				  * the kernel does */
};

/* The first member of each kind's own. */
struct worker {
	const struct worker_kind *kind;
	struct mailbox mailbox; /* opened and closed by the kind */
};

/*
 * What server_config.new_worker makes: it is given its number, and accepts from
 * those of the host's listeners that are for it; the host outlives it; NULL
 * with errno where it can't be made. All of it is called by the main thread.
 */
struct worker_kind {
	/*
	 * Starts its threads, which begin with the generation and the order in
	 * the mailbox, and waits until they have confined themselves by the
	 * sandbox. Returns 0; or -1, and has said why.
	 *
	 * The threads leave a listener when what was queued there has been
	 * accepted, and an inherited one as it is; they report an order when
	 * all listeners have been left that it says. Then these may be closed.
	 */
	int (*start)(struct worker *worker);

	/*
	 * Wakes those of its threads that do not watch the mailbox, after each
	 * order. NULL: all do.
	 */
	void (*on_order)(struct worker *worker, enum worker_order order);

	/* Waits for the end of its threads. */
	void (*join)(struct worker *worker);

	/* Frees one whose threads have ended, or never started. */
	void (*free)(struct worker *worker);
};

#endif
