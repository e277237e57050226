/*
 * mailbox: what the main thread tells one worker, and what the worker has done.
 *
 * The main thread puts orders and generations in, and never waits. The worker
 * watches `wake`, takes them out, and tells its host. Of several orders or
 * generations that the worker has not taken up yet, it finds the last one.
 */
#ifndef MTASYNC_SERVER_MAILBOX_H
#define MTASYNC_SERVER_MAILBOX_H

#include <stdbool.h>

#include "app/generation.h"

struct census;
struct worker_host;

/* What the main thread may order. Orders only go up, and each one includes
 * those before it. */
enum worker_order {
	WORKER_SERVE,
	WORKER_TRIM,  /* leave the listeners that are given up */
	WORKER_LEAVE, /* answer as if it drained, and accept as before */
	WORKER_DRAIN, /* close idle connections, finish what has begun */
	WORKER_CLOSE, /* leave all listeners */
	WORKER_CUT,   /* the deadline: answer sleepers 503, close the others */
	WORKER_STOP,  /* end at once */
};

struct mailbox {
	const struct worker_host *host; /* whom the worker tells */
	int wake;                     /* eventfd: readable where it was woken */
	enum worker_order order_seen; /* taken up; the worker's alone */
	_Atomic int order;            /* put in by the main thread */
	_Atomic int order_done;       /* carried out by the worker */
	struct generation *_Atomic generation; /* put in; NULL: taken */
	struct census *_Atomic census;         /* likewise */
};

/* Opens `wake`. Returns 0, or -1 with errno; mailbox_close() is right in both
 * cases. The host outlives the mailbox. Main thread, before the worker's. */
int mailbox_open(struct mailbox *mailbox, const struct worker_host *host);

/* Closes `wake`, and releases a generation that was not taken. Main thread,
 * after the worker's. */
void mailbox_close(struct mailbox *mailbox);

/* Puts an order in, unless it is not above the last one, and wakes the worker.
 * Main thread. */
void mailbox_order(struct mailbox *mailbox, enum worker_order order);

/* The last order that the worker has carried out. Any thread. */
enum worker_order mailbox_done(const struct mailbox *mailbox);

/* Puts a generation in, which the mailbox holds for the worker, in place of one
 * that was not taken; and wakes the worker. Main thread. */
void mailbox_send(struct mailbox *mailbox, struct generation *generation);

/* Whether the worker has taken the last generation. Any thread. */
bool mailbox_is_taken(const struct mailbox *mailbox);

/* Puts a census in, which the mailbox owns with others, and wakes the worker. Returns
 * false while another one is there. Any thread. */
bool mailbox_ask(struct mailbox *mailbox, struct census *census);

/* Takes it out, which the caller owns from now on; NULL: there is none. The worker. */
struct census *mailbox_take_census(struct mailbox *mailbox);

/* Makes `wake` readable. Any thread. */
void mailbox_wake(const struct mailbox *mailbox);

/* Makes `wake` unreadable. To be called before the worker looks for what is
 * new: what is put in after that look wakes it again. The worker. */
void mailbox_rest(const struct mailbox *mailbox);

/* Takes the last generation out, which the caller owns from now on, and tells
 * the host. Returns NULL where there is no new one. The worker. */
struct generation *mailbox_take(struct mailbox *mailbox);

/* Takes up the last order, as `order_seen`. Returns false where there is no new
 * one. The worker. */
bool mailbox_next(struct mailbox *mailbox, enum worker_order *order);

/* Stores that `order_seen` is carried out, and tells the host. The worker. */
void mailbox_report(struct mailbox *mailbox);

#endif
