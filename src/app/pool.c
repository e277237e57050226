/* Gives slots out; any thread. */
#include "config.h"

#include "app/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

struct pool {
	_Atomic unsigned owners;
	pthread_mutex_t lock; /* of all members below but the name */
	struct pool_terms terms;
	struct list queue; /* of tickets, by their places */
	uint32_t queued;
	uint32_t used; /* slots */
	int64_t ahead; /* as clock_now(): until when the rate is used up */
	uint64_t admitted, waited, refused; /* so far */
	size_t name_size;
	char name[POOL_NAME_MAX];
};

struct pool *
pool_new(struct span name)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	atomic_init(&pool->owners, 1);
	pthread_mutex_init(&pool->lock, NULL);
	list_init(&pool->queue);
	pool->name_size = name.size;
	memcpy(pool->name, name.data, name.size);
	return pool;
}

struct pool *
pool_hold(struct pool *pool)
{
	if (pool != NULL)
		atomic_fetch_add(&pool->owners, 1);
	return pool;
}

void
pool_release(struct pool *pool)
{
	if (pool == NULL || atomic_fetch_sub(&pool->owners, 1) > 1)
		return;
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct span
pool_name(const struct pool *pool)
{
	return (struct span){ pool->name, pool->name_size };
}

/* ---- under the pool's lock ---- */

/* Gives a slot to a ticket. */
static void
pool_admit(struct pool *pool, struct pool_ticket *ticket)
{
	int64_t others = pool->used++;

	pool->admitted++;
	ticket->state = POOL_IN;
	if (__builtin_mul_overflow(others, pool->terms.load, &ticket->slower))
		ticket->slower = INT64_MAX;
}

/* Tells the ticket's thread that it has been given a slot. */
static void
pool_wake(struct pool_ticket *ticket)
{
	struct pool_waker *waker = ticket->waker;
	bool first;

	ticket->woken = true;
	pthread_mutex_lock(&waker->lock);
	first = list_first(&waker->woken) == NULL;
	list_add_last(&waker->woken, &ticket->place);
	if (first)
		waker->ring(waker);
	pthread_mutex_unlock(&waker->lock);
}

/* Gives free slots to those who wait, in the order in which they came. */
static void
pool_give_out(struct pool *pool)
{
	struct list *first;

	while (pool->used < pool->terms.slots &&
	       (first = list_first(&pool->queue)) != NULL) {
		struct pool_ticket *ticket = LIST_OWNER(first,
		    struct pool_ticket, place);

		list_remove(first);
		pool->queued--;
		ticket->waited = clock_now() - ticket->came;
		pool->waited++;
		pool_admit(pool, ticket);
		pool_wake(ticket);
	}
}

/* Takes one of the rate, if there is one; else *retry says when there will be. A
 * token bucket, as the time at which it will be full (GCRA). */
static bool
pool_take_rate(struct pool *pool, int64_t now, int64_t *retry)
{
	const struct pool_terms *terms = &pool->terms;
	int64_t room = terms->interval * (int64_t)(terms->burst - 1);
	int64_t left;

	if (terms->interval == 0)
		return true;
	if (pool->ahead < now)
		pool->ahead = now;
	left = pool->ahead - room - now;
	if (left > 0) {
		*retry = left;
		return false;
	}
	pool->ahead += terms->interval;
	return true;
}

/* Has a ticket that has come know that it gets no slot. */
static void
pool_refuse(struct pool *pool, struct pool_ticket *ticket)
{
	pool->refused++;
	ticket->state = POOL_OUT;
	ticket->overflow = pool->terms.overflow;
}

/* Gives a ticket that has come its place: a slot, one in the queue, or none. */
static void
pool_place(struct pool *pool, struct pool_ticket *ticket)
{
	bool free = pool->used < pool->terms.slots;

	ticket->came = clock_now();
	if ((!free && pool->queued >= pool->terms.queue) ||
	    !pool_take_rate(pool, ticket->came, &ticket->retry)) {
		pool_refuse(pool, ticket);
	} else if (free) {
		pool_admit(pool, ticket);
	} else {
		ticket->state = POOL_QUEUED;
		ticket->until = pool->terms.wait == POOL_FOREVER
				    ? POOL_FOREVER
				    : ticket->came + pool->terms.wait;
		list_add_last(&pool->queue, &ticket->place);
		pool->queued++;
	}
}

/* Takes a ticket out of the queue. */
static void
pool_dequeue(struct pool *pool, struct pool_ticket *ticket)
{
	list_remove(&ticket->place);
	pool->queued--;
	ticket->waited = clock_now() - ticket->came;
	pool_refuse(pool, ticket);
}

/* Takes a ticket off those that are woken. */
static void
pool_forget(struct pool_ticket *ticket)
{
	struct pool_waker *waker = ticket->waker;

	if (!ticket->woken)
		return;
	pthread_mutex_lock(&waker->lock);
	list_remove(&ticket->place);
	pthread_mutex_unlock(&waker->lock);
	ticket->woken = false;
}

/* ---- for everybody ---- */

void
pool_set_terms(struct pool *pool, const struct pool_terms *terms)
{
	pthread_mutex_lock(&pool->lock);
	pool->terms = *terms;
	pool_give_out(pool);
	pthread_mutex_unlock(&pool->lock);
}

void
pool_look_at(struct pool *pool, struct pool_view *view)
{
	pthread_mutex_lock(&pool->lock);
	*view = (struct pool_view){ pool->terms.slots, pool->used,
		pool->terms.queue, pool->queued, pool->admitted, pool->waited,
		pool->refused };
	pthread_mutex_unlock(&pool->lock);
}

struct pool_ticket *
pool_ticket_new(struct pool *pool)
{
	struct pool_ticket *ticket = calloc(1, sizeof(*ticket));

	if (ticket != NULL)
		ticket->pool = pool_hold(pool);
	return ticket;
}

enum pool_state
pool_enter(struct pool_ticket *ticket, struct pool_waker *waker, void *owner)
{
	struct pool *pool = ticket->pool;
	enum pool_state state;

	ticket->waker = waker;
	ticket->owner = owner;
	pthread_mutex_lock(&pool->lock);
	pool_place(pool, ticket);
	state = ticket->state;
	pthread_mutex_unlock(&pool->lock);
	return state;
}

enum pool_state
pool_look(struct pool_ticket *ticket)
{
	struct pool *pool = ticket->pool;
	enum pool_state state;

	pthread_mutex_lock(&pool->lock);
	if (ticket->state == POOL_QUEUED && clock_now() >= ticket->until)
		pool_dequeue(pool, ticket);
	state = ticket->state;
	if (state == POOL_IN)
		pool_forget(ticket);
	pthread_mutex_unlock(&pool->lock);
	return state;
}

void
pool_ticket_free(struct pool_ticket *ticket)
{
	struct pool *pool;

	if (ticket == NULL)
		return;
	pool = ticket->pool;
	pthread_mutex_lock(&pool->lock);
	if (ticket->state == POOL_QUEUED) {
		pool_dequeue(pool, ticket);
	} else if (ticket->state == POOL_IN) {
		pool_forget(ticket);
		pool->used--;
		pool_give_out(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	pool_release(pool);
	free(ticket);
}

void
pool_waker_init(struct pool_waker *waker,
    void (*ring)(struct pool_waker *waker))
{
	pthread_mutex_init(&waker->lock, NULL);
	list_init(&waker->woken);
	waker->ring = ring;
}

void
pool_waker_fini(struct pool_waker *waker)
{
	pthread_mutex_destroy(&waker->lock);
}

struct pool_ticket *
pool_next_woken(struct pool_waker *waker)
{
	struct pool_ticket *ticket = NULL;
	struct list *first;

	pthread_mutex_lock(&waker->lock);
	first = list_first(&waker->woken);
	if (first != NULL) {
		list_remove(first);
		ticket = LIST_OWNER(first, struct pool_ticket, place);
	}
	pthread_mutex_unlock(&waker->lock);
	if (ticket != NULL)
		ticket->woken = false; /* nobody else looks at it any more */
	return ticket;
}
