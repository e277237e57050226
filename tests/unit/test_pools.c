/* test_pools: declarations of pools: what they say, and what is wrong with them. */
#include "config.h"

#include "app/pools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "complaints.h"
#include "guard.h"
#include "ticketing.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LONGEST "abcdefghijklmnopqrstuvwxyzABC-_9" /* POOL_NAME_MAX */

static struct pools *
new_pools(void)
{
	struct pools *pools = pools_new();

	assert_non_null(pools);
	return pools;
}

static struct pool *
add_pool(struct pools *pools, const char *text, const struct pools *before)
{
	struct complaint why;

	if (!pools_add(pools, span_of(text), before, &why))
		fail_msg("%s: wants %s", text, why.wanted);
	return pools_find(pools, (struct span){ text, strcspn(text, ":") });
}

/* Each has what its tickets do, see ticketing.h. */
static const struct {
	const char *text, *script;
} accepted_rows[] = {
	/* without a queue, a rate and a load; the status is 503 */
	{ "db:slots=1", "ia ob Vb503 xa ic Sc0 xc id xd ie" },
	{ "d:slots=3", "ia ib Sb0 ic od" },
	{ "D:slots=1000000000", "ia ib ic id" },
	{ LONGEST ":slots=1", "ia ob" },
	{ "db:slots=01", "ia ob" },
	{ "db:queue=2,slots=1", "ia qb Ub-1 qc od" },
	{ "db:slots=1,queue=0", "ia ob" },
	{ "db:slots=1,queue=1,wait=20ms", "ia qb Ub20 oc t20 Ob" },
	{ "db:slots=1,queue=1,wait=0", "ia qb Ub0 Ob" },
	{ "db:slots=1,queue=1,wait=24h", "ia qb Ub86400000" },
	/* a burst is as many as the rate has, where it is not said */
	{ "db:slots=9,rate=2/1s", "ia ib oc Rc500 t500 id oe" },
	{ "db:slots=9,rate=2/1s,burst=1", "ia ob Rb500 t500 ic" },
	{ "db:slots=9,burst=1,rate=2/1s", "ia ob Rb500" },
	{ "db:slots=9,rate=1/100ms,burst=3", "ia ib ic od Rd100" },
	{ "db:slots=9,rate=1/24h,burst=366", "ia ib ic" },
	{ "db:slots=9,rate=1000000000/1s", "ia ib ic" },
	{ "db:slots=9,load=5ms", "ia ib Sb5 ic Sc10" },
	{ "db:slots=9,load=24h", "ia ib Sb86400000" },
	{ "db:slots=1,overflow=429", "ia ob Vb429" },
	{ "db:slots=1,overflow=503", "ia ob Vb503" },
	{ "db:slots=1,overflow=close", "ia ob Vb0" },
	{ "db:overflow=429,load=1s,burst=2,rate=1/1s,wait=1s,queue=1,slots=2",
	    "ia ib Sb1000 oc Rc1000 Vc429 t1000 qd Ud2000 t1000 oe Re0" },
};

static void
test_accepted(void **state)
{
	struct guard guard;

	(void)state;
	guard_open(&guard, 128);
	for (size_t i = 0; i < COUNT(accepted_rows); i++) {
		const char *text = accepted_rows[i].text;
		struct span at = guard_at_end(&guard, span_of(text));
		struct pools *pools = new_pools();
		struct complaint why;
		struct pool *pool;

		assert_true(pools_are_empty(pools));
		if (!pools_add(pools, at, NULL, &why))
			fail_msg("%s: wants %s", text, why.wanted);
		assert_false(pools_are_empty(pools));
		memset((char *)at.data, '?', at.size); /* not needed */
		pool = pools_find(pools,
		    (struct span){ text, strcspn(text, ":") });
		assert_non_null(pool);
		pools_apply(pools);
		ticketing_run(pool, NULL, accepted_rows[i].script);
		pools_free(pools);
	}
	guard_close(&guard);
}

#define NAME \
 "a name, of a letter and up to 31 letters, digits, _ and -, and a colon"
#define TERMS  "slots=N, queue=M, wait=TIME, rate=N/TIME, burst=N, load=TIME or"
#define FROM_1 "a whole number from 1 to 1000000000"
#define FROM_0 "a whole number from 0 to 1000000000"
#define TIME   "a time of up to 24h"

static const struct complaints_row refused_rows[] = {
	/* names */
	{ "", 0, NAME },
	{ ":slots=1", 0, NAME },
	{ "1db:slots=1", 0, NAME },
	{ "-db:slots=1", 0, NAME },
	{ "_db:slots=1", 0, NAME },
	{ "d b:slots=1", 0, NAME },
	{ " db:slots=1", 0, NAME },
	{ "d.b:slots=1", 0, NAME },
	{ "d@:slots=1", 0, NAME },
	{ "d[:slots=1", 0, NAME },
	{ "d`:slots=1", 0, NAME },
	{ "d{:slots=1", 0, NAME },
	{ "d\xc3\xa9:slots=1", 0, NAME },
	{ "slots=1", 0, NAME },
	{ LONGEST "x:slots=1", 0, NAME },
	/* terms */
	{ "db", 2, TERMS },
	{ "db:", 3, TERMS },
	{ "db:slots", 3, TERMS },
	{ "db:slots=", 9, FROM_1 },
	{ "db:=1", 3, TERMS },
	{ "db:Slots=1", 3, TERMS },
	{ "db:slots=1,", 11, TERMS },
	{ "db:slots=1,,queue=1", 11, TERMS },
	{ "db:slots=1, queue=1", 11, TERMS },
	{ "db:slots=1,size=5", 11, TERMS },
	{ "db:slots=1,queue=", 17, FROM_0 },
	{ "db:slots=1,wait=", 16, TIME },
	{ "db:slots=1,overflow=", 20, "429, 503 or close" },
	{ "db:slots=1,slots=1", 11, "this but once" },
	{ "db:slots=1,load=0,load=0", 18, "this but once" },
	{ "db:queue=1", 3, "slots=N" },
	/* counts */
	{ "db:slots=0", 9, FROM_1 },
	{ "db:slots=-1", 9, FROM_1 },
	{ "db:slots=1x", 9, FROM_1 },
	{ "db:slots=1 ", 9, FROM_1 },
	{ "db:slots=1=1", 9, FROM_1 },
	{ "db:slots=1:queue=1", 9, FROM_1 },
	{ "db:slots=1000000001", 9, FROM_1 },
	{ "db:slots=99999999999999999999", 9, FROM_1 },
	{ "db:slots=1,queue=-1", 17, FROM_0 },
	{ "db:slots=1,queue=1k", 17, FROM_0 },
	{ "db:slots=1,queue=1000000001", 17, FROM_0 },
	{ "db:slots=1,rate=1/1s,burst=0", 27, FROM_1 },
	/* times */
	{ "db:slots=1,wait=x", 16, TIME },
	{ "db:slots=1,wait=1s..2s", 16, TIME },
	{ "db:slots=1,wait=25h", 16, TIME },
	{ "db:slots=1,load=-1s", 16, TIME },
	{ "db:slots=1,load=86400.000000001", 16, TIME },
	{ "db:slots=1,wait=99999999999999999999h", 16, TIME },
	/* rates */
	{ "db:slots=1,rate=1", 16, "N/TIME, so many in each such time" },
	{ "db:slots=1,rate=0/1s", 16, FROM_1 },
	{ "db:slots=1,rate=/1s", 16, FROM_1 },
	{ "db:slots=1,rate=x/1s", 16, FROM_1 },
	{ "db:slots=1,rate=1/", 18, TIME },
	{ "db:slots=1,rate=1/x", 18, TIME },
	{ "db:slots=1,rate=1/1s/1s", 18, TIME },
	{ "db:slots=1,rate=1/25h", 18, TIME },
	{ "db:slots=1,rate=1/0", 16, "at most one for each nanosecond" },
	{ "db:slots=1,rate=1000000000/999ms", 16, "at most one for each" },
	{ "db:slots=1,burst=5", 3, "a rate, of which the burst is" },
	{ "db:slots=1,rate=1/24h,burst=367", 3, "fills within a year" },
	/* overflows */
	{ "db:slots=1,overflow=500", 20, "429, 503 or close" },
	{ "db:slots=1,overflow=Close", 20, "429, 503 or close" },
	{ "db:slots=1,overflow=429 ", 20, "429, 503 or close" },
};

static bool
try_pool(struct span text, struct complaint *why)
{
	struct pools *pools = new_pools();
	bool added = pools_add(pools, text, NULL, why);

	assert_int_equal(pools_are_empty(pools), !added);
	pools_free(pools);
	return added;
}

static void
test_refused(void **state)
{
	(void)state;
	CHECK_COMPLAINTS(try_pool, refused_rows);
}

static void
test_names(void **state)
{
	struct pools *pools = new_pools();
	struct pool *db = add_pool(pools, "db:slots=1", NULL);
	struct pool *other = add_pool(pools, "DB:slots=1", NULL);
	struct complaint why;

	(void)state;
	assert_non_null(db);
	assert_non_null(other);
	assert_ptr_not_equal(db, other);
	assert_true(span_equal(pool_name(db), SPAN("db")));
	assert_true(span_equal(pool_name(other), SPAN("DB")));
	assert_ptr_equal(pools_find(pools, SPAN("db")), db);
	assert_null(pools_find(pools, SPAN("d")));
	assert_null(pools_find(pools, SPAN("dbs")));
	assert_null(pools_find(pools, SPAN("")));
	assert_false(pools_add(pools, SPAN("db:slots=2"), NULL, &why));
	assert_non_null(strstr(why.wanted, "each name but once"));
	pools_free(pools);
	pools_free(NULL);
	assert_true(pools_are_empty(NULL));
	assert_null(pools_find(NULL, SPAN("db")));
}

/* As many as there may be, and one more. */
static void
test_most(void **state)
{
	struct pools *pools = new_pools();
	struct complaint why;
	char text[32];

	(void)state;
	for (int i = 0; i < POOLS_MAX; i++) {
		snprintf(text, sizeof(text), "p%d:slots=%d", i, i + 1);
		assert_non_null(add_pool(pools, text, NULL));
	}
	assert_false(pools_add(pools, SPAN("more:slots=1"), NULL, &why));
	assert_string_equal(why.wanted, "at most 256 pools");
	assert_non_null(pools_find(pools, SPAN("p255")));
	assert_null(pools_find(pools, SPAN("more")));
	pools_free(pools);
}

/* A pool of the same name goes on, with those who are in it; its terms are those of
 * before until they are applied. */
static void
test_before(void **state)
{
	struct pools *first = new_pools(), *second = new_pools();
	struct pool *db = add_pool(first, "db:slots=1", NULL);
	struct pool *gone = add_pool(first, "gone:slots=1", NULL);
	struct pool_waker waker;
	struct pool_ticket *in_db, *in_gone, *late;

	(void)state;
	pools_apply(first);
	pool_waker_init(&waker, NULL);
	in_db = pool_ticket_new(db);
	in_gone = pool_ticket_new(gone);
	assert_int_equal(pool_enter(in_db, &waker, NULL), POOL_IN);
	assert_int_equal(pool_enter(in_gone, &waker, NULL), POOL_IN);
	assert_ptr_equal(add_pool(second, "db:slots=2", first), db);
	assert_ptr_not_equal(add_pool(second, "DB:slots=2", first), db);
	pools_free(first);

	late = pool_ticket_new(db);
	assert_int_equal(pool_enter(late, &waker, NULL), POOL_OUT);
	pool_ticket_free(late);
	pools_apply(second);
	late = pool_ticket_new(db);
	assert_int_equal(pool_enter(late, &waker, NULL), POOL_IN);
	pool_ticket_free(late);
	ticketing_run(db, NULL, "ia ob"); /* one of two slots is taken */
	pools_free(second);
	pool_ticket_free(in_db);
	pool_ticket_free(in_gone);
	pool_waker_fini(&waker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_before),
	};

	return cmocka_run_group_tests_name("pools", tests, NULL, NULL);
}
