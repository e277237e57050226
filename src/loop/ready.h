/*
 * ready: the queue of connections that could go on at once, but whose last turn
 * has reached its bound. It is served once in each round of the loop, so that
 * the events that the kernel reports meanwhile come in between.
 */
#ifndef MTASYNC_LOOP_READY_H
#define MTASYNC_LOOP_READY_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>

#include "base/list.h"

/* A place in the queue; a member of what is queued, zeroed at first. */
struct ready {
	struct list place; /* `next` is NULL while it is not queued */
};

struct ready_queue {
	struct list queue;
	void (*on_ready)(struct ready *ready); /* `ready` has left the queue */
	bool serving;                          /* on_ready() is being called */
	struct event timer;
};

/* Begins and ends a queue. Main thread, while the worker's does not run; all else
 * is for the worker's thread. */
void ready_queue_init(struct ready_queue *queue, struct event_base *base,
    void (*on_ready)(struct ready *ready));
void ready_queue_fini(struct ready_queue *queue);

/* Add to the queue, and take off it; nothing where that is so already. */
void ready_queue_add(struct ready_queue *queue, struct ready *ready);
void ready_queue_remove(struct ready *ready);

static inline bool
ready_is_queued(const struct ready *ready)
{
	return ready->place.next != NULL;
}

/* Whether somebody is queued before whoever has a turn now. */
static inline bool
ready_queue_goes_before(const struct ready_queue *queue)
{
	return !queue->serving && list_first(&queue->queue) != NULL;
}

#endif
