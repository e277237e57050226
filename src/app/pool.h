/*
 * pool: capacity that can be exhausted, as a database's connections or a quota: so
 * many slots, a queue, a rate. All workers share it: first come, first served,
 * never more than that in a slot, and no slot free while anybody queues. It has a
 * lock, which nobody holds for long.
 *
 * Who wants a slot has a ticket. Who queues is woken by who leaves a slot: the
 * ticket is put among those of its waker, which its own thread is told of.
 */
#ifndef MTASYNC_APP_POOL_H
#define MTASYNC_APP_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"

#define POOL_NAME_MAX 32

/* For terms.wait: for as long as it takes. */
#define POOL_FOREVER INT64_MAX

/* What the operator declares. */
struct pool_terms {
	uint32_t slots;    /* 1 or more */
	uint32_t queue;    /* how many may wait */
	int64_t wait;      /* ns: how long; or POOL_FOREVER */
	int64_t interval;  /* ns between two of the rate; 0: no rate */
	uint32_t burst;    /* how many may come at once, of the rate */
	int64_t load;      /* ns: each is slower by that for each other one */
	unsigned overflow; /* the status of who gets no slot; 0: a close */
};

struct pool;

/* Those of one thread who have been given a slot, and do not know it yet. */
struct pool_waker {
	pthread_mutex_t lock; /* of `woken` */
	struct list woken;    /* of tickets, by their places */
	/* there is one, and there was none; called by any thread */
	void (*ring)(struct pool_waker *waker);
};

enum pool_state {
	POOL_OUT,    /* it has no slot, and will get none */
	POOL_QUEUED, /* it waits */
	POOL_IN,     /* it has a slot */
};

struct pool_ticket {
	struct pool *pool;        /* owned with others */
	struct pool_waker *waker; /* of its thread; NULL: it has not asked */
	void *owner;              /* whom the waker's thread knows by it */
	struct list place;        /* in the queue, or among the woken */
	enum pool_state state;    /* as the pool has it, under its lock */
	bool woken;               /* likewise: it is among the woken */
	unsigned overflow;        /* POOL_OUT: of the terms */
	int64_t came;             /* as clock_now() */
	int64_t until;  /* likewise: it does not wait longer; or POOL_FOREVER */
	int64_t waited; /* ns, until it got its slot or was refused */
	int64_t slower; /* ns: POOL_IN: by the terms' load */
	int64_t retry;  /* ns: POOL_OUT: after which there may be a slot; 0:
			 * nobody knows */
};

/* Makes one without terms, with the caller as its one owner. `name` is at most
 * POOL_NAME_MAX bytes. Returns NULL where memory is short. */
struct pool *pool_new(struct span name);

/* Adds an owner, for whom another one asks; takes one away, of which the last
 * frees the pool. NULL is allowed. Any thread. */
struct pool *pool_hold(struct pool *pool);
void pool_release(struct pool *pool);

struct span pool_name(const struct pool *pool);

/* Sets the terms. Who has a slot keeps it; slots that are new are given out. Any
 * thread. */
void pool_set_terms(struct pool *pool, const struct pool_terms *terms);

/* Makes a ticket, which has not asked yet: POOL_OUT, and no waker. Returns NULL
 * where memory is short. Any thread, whose own it is. */
struct pool_ticket *pool_ticket_new(struct pool *pool);

/* Leaves the slot or the queue, and frees the ticket. NULL is allowed. The
 * ticket's thread. */
void pool_ticket_free(struct pool_ticket *ticket);

/* Asks for a slot. Returns what the ticket has. The ticket's thread, once. */
enum pool_state pool_enter(struct pool_ticket *ticket, struct pool_waker *waker,
    void *owner);

/* Returns what the ticket has by now: POOL_OUT where its wait is over. The ticket's
 * thread. */
enum pool_state pool_look(struct pool_ticket *ticket);

/* What a pool is at, and has done since it was made. */
struct pool_view {
	uint64_t slots, used, queue, queued;
	uint64_t admitted, waited, refused;
};

/* Sets *view. Any thread. */
void pool_look_at(struct pool *pool, struct pool_view *view);

/* Begins and ends a waker; without any ticket. */
void pool_waker_init(struct pool_waker *waker,
    void (*ring)(struct pool_waker *waker));
void pool_waker_fini(struct pool_waker *waker);

/* Returns a ticket that has been given a slot, which is not among the woken any
 * more; or NULL. The waker's thread. */
struct pool_ticket *pool_next_woken(struct pool_waker *waker);

#endif
