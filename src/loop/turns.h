/*
 * turns: who has had its share of the loop for now, and goes on after the
 * others. The queue is served once per round of the loop, so that what the
 * kernel has to report meanwhile comes in between.
 */
#ifndef MTASYNC_LOOP_TURNS_H
#define MTASYNC_LOOP_TURNS_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/list.h"

/* A place in the queue; it is a member of what waits, and starts zeroed. */
struct turn {
	struct list place;
	bool queued;
};

struct turns {
	struct list queue;
	void (*on_turn)(struct turn *turn); /* it is not queued any more */
	struct event timer;
};

/* All of it on the thread of `base`, but init and fini while it stands. */
void turns_init(struct turns *turns, struct event_base *base,
    void (*on_turn)(struct turn *turn));
void turns_fini(struct turns *turns);

/* Either may be called whether it is queued or not. */
void turns_add(struct turns *turns, struct turn *turn);
void turns_remove(struct turn *turn);

#endif
