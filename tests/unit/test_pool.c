/* test_pool: who gets a slot, and when: never more than there are, none is free
 * while anybody queues, first come, first served. */
#include "config.h"

#include "app/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "ticketing.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* So many slots and places in the queue; of a rate, so many ms between two. */
#define SLOTS(count, places) \
 .slots = (count), .queue = (places), .wait = POOL_FOREVER, .overflow = 503
#define RATE(ms, at_once) .interval = (ms)*CLOCK_MS, .burst = (at_once)

static const struct {
	struct pool_terms terms;
	const char *script; /* see ticketing.h */
} rows[] = {
	/* slots */
	{ { SLOTS(1, 0) }, "ia ob xa ic od xc ie" },
	{ { SLOTS(3, 0) }, "ia ib ic od xb ie of xa xc ig ih oi" },
	{ { SLOTS(2, 0) }, "ia ib oc Oc xa Oc Ib id" },
	/* the queue: first come, first served, whoever is asked first */
	{ { SLOTS(1, 3) }, "ia qb qc qd xa Qc Qd Ib xb Qd Ic xc Id" },
	{ { SLOTS(1, 3) }, "ia qb qc qd xa wb w- xb wc w- xc wd w-" },
	{ { SLOTS(2, 9) }, "ia ib qc qd qe xb wc xa wd xd we xe xc w- if ig" },
	{ { SLOTS(1, 2) }, "ia qb qc od oe xb qf og xa wc xc wf xf ih" },
	{ { SLOTS(1, 9) }, "ia qb t5 qc t5 xa wb Wb10 Sb0 t5 xb wc Wc10" },
	{ { SLOTS(1, 9) }, "ia Wa0 qb Ub-1 t1000000 Qb xa Ib Wb1000000" },
	/* who comes does not get before who queues */
	{ { SLOTS(1, 9) }, "ia qb xa qc Ib Qc xb Ic" },
	/* overflow */
	{ { SLOTS(1, 0) }, "ia ob Vb503 Rb0 Wb0" },
	{ { .slots = 1, .wait = POOL_FOREVER, .overflow = 429 },
	    "ia ob Vb429" },
	{ { .slots = 1, .wait = POOL_FOREVER, .overflow = 0 }, "ia ob Vb0" },
	/* wait */
	{ { .slots = 1, .queue = 9, .wait = 50 * CLOCK_MS, .overflow = 429 },
	    "t7 ia qb Ub57 t49 Qb t1 Ob Vb429 Wb50 Rb0 Ob xa w- ic" },
	{ { .slots = 1, .queue = 1, .wait = 50 * CLOCK_MS },
	    "ia qb oc t50 Ob qd t20 xa wd Wd20" },
	{ { .slots = 1, .queue = 9, .wait = 50 * CLOCK_MS },
	    "ia qb t30 qc t20 Ob Qc t30 Oc xb xc xa id" },
	{ { .slots = 1, .queue = 9, .wait = 50 * CLOCK_MS },
	    "ia qb t49 xa t1 Ib Wb49" },
	{ { .slots = 1, .queue = 9, .wait = 0 }, "ia qb Ob xa ic" },
	/* the rate: so many at once, and then one each time */
	{ { SLOTS(99, 0), RATE(100, 1) }, "ia ob Rb100 t99 oc Rc1 t1 id oe" },
	{ { SLOTS(99, 0), RATE(100, 3) },
	    "ia ib ic od Rd100 Vd503 t40 oe Re60 t60 if og Rg100 t200 ih ii oj "
	    "t9999 ik il im on" },
	{ { SLOTS(99, 0), RATE(100, 3) }, "ia t50 ib t50 ic id t50 oe t50 if" },
	{ { SLOTS(99, 0), RATE(100, 1) }, "ia xa ob xb t100 ic" },
	/* who does not get a place takes nothing of it; who queues does */
	{ { SLOTS(1, 0), RATE(100, 2) }, "ia ob Rb0 oc od xa ie xe of Rf100" },
	{ { SLOTS(1, 9), RATE(100, 2) },
	    "ia qb oc Rc100 xa Ib xb od Rd100 t100 ie" },
	{ { .slots = 1, .queue = 9, .wait = 50 * CLOCK_MS, RATE(100, 5) },
	    "ia qb t50 Ob Rb0" },
	/* load: for each other one in a slot */
	{ { SLOTS(4, 9), .load = 10 * CLOCK_MS },
	    "ia Sa0 ib Sb10 ic Sc20 xa id Sd20 ie Se30 qf xd wf Sf30 xb xc xe "
	    "xf ig Sg0" },
	{ { SLOTS(4, 9), .load = INT64_MAX / 2 }, "ia ib ic id Sd-1" },
	/* wakers: each tells of its own, and is rung once for all of them */
	{ { SLOTS(2, 9) }, "ia ib qc qd n0 xa n1 xb n1 wc wd w- xc n1" },
	{ { SLOTS(1, 9) }, "ia qb qc xa n1 wb w- xb n2 wc w- n2 m0" },
	{ { SLOTS(2, 9) }, "ia iz qb qy xz wb w- v- n1 m0 xa vy v- w- n1 m1" },
	/* who looks is not told any more */
	{ { SLOTS(1, 9) }, "ia qb xa Ib w- Ib xb" },
	{ { SLOTS(2, 9) }, "ia ib qc qd xa xb Ic wd w- Id" },
	/* leaving from the queue, and from a slot of which one has not heard */
	{ { SLOTS(1, 9) }, "ia qb qc qd xc xb xa wd w-" },
	{ { SLOTS(1, 9) }, "ia qb qc xa xb wc w- Ic" },
	{ { SLOTS(1, 9) }, "ia qb qy xa n1 xb w- vy m1 Iy" },
	{ { SLOTS(2, 9) }, "ia ib qc qd qe xa xb xc wd we w-" },
	{ { SLOTS(1, 9) }, "ia qb xa xb w- ic" },
	/* other terms: new slots are given out; no slot is taken away */
	{ { SLOTS(1, 9) }, "ia qb qc qd s3 wb wc w- Qd qe xa wd w-" },
	{ { SLOTS(3, 9) }, "ia ib ic s1 Ia Ib Ic qd xa xb w- xc wd qe" },
	{ { SLOTS(1, 9), .load = 10 * CLOCK_MS },
	    "ia t5 qb qy s4 Sb10 Wb0 Sy20 "
	    "wb vy" },
};

static void
test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pool *pool = pool_new(SPAN("db"));

		assert_non_null(pool);
		pool_set_terms(pool, &rows[i].terms);
		ticketing_run(pool, &rows[i].terms, rows[i].script);
		pool_release(pool);
	}
}

/* A pool lives as long as anybody has it. */
static void
test_owners(void **state)
{
	static const struct pool_terms terms = { SLOTS(1, 1) };
	static const char longest[POOL_NAME_MAX + 1] =
	    "abcdefghijklmnopqrstuvwxyz012345";
	struct pool *pool = pool_new(span_of(longest));
	struct pool_ticket *ticket;
	struct pool_waker waker;

	(void)state;
	assert_non_null(pool);
	assert_true(span_equal(pool_name(pool), span_of(longest)));
	pool_set_terms(pool, &terms);
	pool_waker_init(&waker, NULL);
	ticket = pool_ticket_new(pool);
	assert_non_null(ticket);
	assert_ptr_equal(pool_hold(pool), pool);
	pool_release(pool);
	pool_release(pool);
	assert_int_equal(pool_enter(ticket, &waker, NULL), POOL_IN);
	assert_true(span_equal(pool_name(ticket->pool), span_of(longest)));
	pool_ticket_free(ticket);
	pool_waker_fini(&waker);
	pool_ticket_free(NULL);
	assert_null(pool_hold(NULL));
	pool_release(NULL);
}

static void
ignore_ring(struct pool_waker *waker)
{
	(void)waker;
}

/* What is seen of a pool, as tickets come, wait and leave. */
static void
test_view(void **state)
{
	static const struct pool_terms terms = { SLOTS(2, 1) };
	static const struct {
		int enters, leaves; /* a ticket; -1: none */
		struct pool_view view;
	} views[] = {
		{ -1, -1, { 2, 0, 1, 0, 0, 0, 0 } },
		{ 0, -1, { 2, 1, 1, 0, 1, 0, 0 } },
		{ 1, -1, { 2, 2, 1, 0, 2, 0, 0 } },
		{ 2, -1, { 2, 2, 1, 1, 2, 0, 0 } },
		{ 3, -1, { 2, 2, 1, 1, 2, 0, 1 } },
		{ -1, 3, { 2, 2, 1, 1, 2, 0, 1 } },
		{ -1, 0, { 2, 2, 1, 0, 3, 1, 1 } }, /* who queues gets it */
		{ 4, -1, { 2, 2, 1, 1, 3, 1, 1 } },
		{ -1, 4, { 2, 2, 1, 0, 3, 1, 2 } }, /* out of the queue */
		{ -1, 1, { 2, 1, 1, 0, 3, 1, 2 } },
		{ -1, 2, { 2, 0, 1, 0, 3, 1, 2 } },
	};
	struct pool *pool = pool_new(SPAN("db"));
	struct pool_ticket *tickets[5];
	struct pool_waker waker;

	(void)state;
	pool_waker_init(&waker, ignore_ring);
	pool_set_terms(pool, &terms);
	for (size_t i = 0; i < COUNT(views); i++) {
		struct pool_view view;

		if (views[i].enters != -1) {
			struct pool_ticket *ticket = pool_ticket_new(pool);

			tickets[views[i].enters] = ticket;
			(void)pool_enter(ticket, &waker, NULL);
		}
		if (views[i].leaves != -1)
			pool_ticket_free(tickets[views[i].leaves]);
		pool_look_at(pool, &view);
		assert_memory_equal(&view, &views[i].view, sizeof(view));
	}
	pool_waker_fini(&waker);
	pool_release(pool);
}

/* ---- threads ---- */

#define THREADS 2
#define ENTRIES 10000 /* of each thread */
#define HELD    12    /* tickets that a thread has at once */

static const struct pool_terms crowded = { SLOTS(5, THREADS *HELD) };

/* What all threads share: who is in a slot, as far as they know. */
struct crowd {
	struct pool *pool;
	_Atomic unsigned inside, refused, too_many;
};

/* A thread, and the tickets that it has; `inside`: it knows of the slot. */
struct visitor {
	struct pool_waker waker;
	pthread_cond_t rung;
	pthread_t thread;
	struct crowd *crowd;
	uint64_t random;
	unsigned entries, count, inside_count;
	struct holding {
		struct pool_ticket *ticket;
		bool inside;
	} held[HELD];
};

static void
visitor_ring(struct pool_waker *waker)
{
	pthread_cond_signal(&((struct visitor *)waker)->rung);
}

static unsigned
visitor_draw(struct visitor *v, unsigned count)
{
	v->random = v->random * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(v->random >> 33) % count;
}

static void
visitor_go_in(struct visitor *v, struct holding *holding)
{
	holding->inside = true;
	v->inside_count++;
	if (atomic_fetch_add(&v->crowd->inside, 1) >= crowded.slots)
		atomic_fetch_add(&v->crowd->too_many, 1);
}

static void
visitor_enter(struct visitor *v)
{
	struct holding *holding = &v->held[v->count++];

	*holding = (struct holding){ pool_ticket_new(v->crowd->pool), false };
	v->entries++;
	switch (pool_enter(holding->ticket, &v->waker, v)) {
	case POOL_IN:
		visitor_go_in(v, holding);
		break;
	case POOL_QUEUED:
		break;
	case POOL_OUT:
		atomic_fetch_add(&v->crowd->refused, 1);
		break;
	}
}

/* Leaves from wherever it is. */
static void
visitor_leave(struct visitor *v, struct holding *holding)
{
	if (holding->inside) {
		v->inside_count--;
		atomic_fetch_sub(&v->crowd->inside, 1);
	}
	pool_ticket_free(holding->ticket);
	*holding = v->held[--v->count];
}

/* Learns of those that have been woken. */
static void
visitor_listen(struct visitor *v)
{
	const struct pool_ticket *woken;

	while ((woken = pool_next_woken(&v->waker)) != NULL)
		for (unsigned i = 0; i < v->count; i++)
			if (v->held[i].ticket == woken)
				visitor_go_in(v, &v->held[i]);
}

/* Waits until one has been woken; all that it has queue. */
static void
visitor_wait(struct visitor *v)
{
	pthread_mutex_lock(&v->waker.lock);
	while (list_first(&v->waker.woken) == NULL)
		pthread_cond_wait(&v->rung, &v->waker.lock);
	pthread_mutex_unlock(&v->waker.lock);
}

/* One of its tickets leaves; or looks, where it queues. */
static void
visitor_move(struct visitor *v)
{
	struct holding *holding = &v->held[visitor_draw(v, v->count)];

	if (holding->inside || visitor_draw(v, 4) == 0)
		visitor_leave(v, holding);
	else if (pool_look(holding->ticket) == POOL_IN)
		visitor_go_in(v, holding);
}

static void *
visitor_run(void *arg)
{
	struct visitor *v = arg;

	while (v->entries < ENTRIES || v->count > 0) {
		visitor_listen(v);
		if (v->entries < ENTRIES && v->count < HELD &&
		    visitor_draw(v, 2) == 0)
			visitor_enter(v);
		else if (v->count == HELD && v->inside_count == 0)
			visitor_wait(v);
		else if (v->count > 0)
			visitor_move(v);
	}
	return NULL;
}

/* As many as there are slots get one, and not one more. */
static void
assert_all_free(struct pool *pool)
{
	struct pool_ticket *tickets[16];
	struct pool_waker waker;

	pool_waker_init(&waker, NULL);
	for (unsigned i = 0; i <= crowded.slots; i++) {
		tickets[i] = pool_ticket_new(pool);
		assert_int_equal(pool_enter(tickets[i], &waker, NULL),
		    i < crowded.slots ? POOL_IN : POOL_QUEUED);
	}
	for (unsigned i = crowded.slots + 1; i-- > 0;)
		pool_ticket_free(tickets[i]);
	pool_waker_fini(&waker);
}

/* Whatever the threads do at the same time, no more are in than may be, and nobody
 * waits for ever. */
static void
test_threads(void **state)
{
	static struct visitor visitors[THREADS];
	struct crowd crowd = { .pool = pool_new(SPAN("db")) };

	(void)state;
	alarm(100); /* nothing here may wait for ever */
	assert_non_null(crowd.pool);
	pool_set_terms(crowd.pool, &crowded);
	for (unsigned i = 0; i < THREADS; i++) {
		struct visitor *v = &visitors[i];

		*v = (struct visitor){ .crowd = &crowd, .random = i };
		pool_waker_init(&v->waker, visitor_ring);
		pthread_cond_init(&v->rung, NULL);
		assert_int_equal(pthread_create(&v->thread, NULL, visitor_run,
				     v),
		    0);
	}
	for (unsigned i = 0; i < 1000; i++)
		pool_set_terms(crowd.pool, &crowded);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(visitors[i].thread, NULL);
		assert_int_equal(visitors[i].entries, ENTRIES);
		assert_null(pool_next_woken(&visitors[i].waker));
		pthread_cond_destroy(&visitors[i].rung);
		pool_waker_fini(&visitors[i].waker);
	}
	assert_int_equal(crowd.too_many, 0);
	assert_int_equal(crowd.inside, 0);
	assert_int_equal(crowd.refused, 0);
	assert_all_free(crowd.pool);
	pool_release(crowd.pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
