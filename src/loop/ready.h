/*
 * ready: the queue of those who could go on at once, and have had their share
 * of the loop for now. It is served once in each round of the loop, so that
 * what the kernel has to report meanwhile comes in between.
 */
#ifndef MTASYNC_LOOP_READY_H
#define MTASYNC_LOOP_READY_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/list.h"

/* A place in the queue; a member of what is queued, and zeroed at first. */
struct ready {
	struct list place; /* `next` is NULL while it is not queued */
};

struct ready_queue {
	struct list queue;
	void (*on_ready)(struct ready *ready); /* it is not queued any more */
	struct event timer;
};

/* All of it on the thread of `base`, but init and fini while it stands. */
void ready_queue_init(struct ready_queue *queue, struct event_base *base,
    void (*on_ready)(struct ready *ready));
void ready_queue_fini(struct ready_queue *queue);

/* Either may be called whether it is queued or not. */
void ready_queue_add(struct ready_queue *queue, struct ready *ready);
void ready_queue_remove(struct ready *ready);

#endif
