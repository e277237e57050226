/* Tests of loop/deadlines and loop/ready, on a real event base. */
#include "config.h"

#include "loop/deadlines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/stats.h"
#include "loop/ready.h"

#define MANY 1000 /* several sweeps' worth */

static const int64_t limits[DEADLINE_KINDS] = {
	[DEADLINE_IDLE] = 120 * CLOCK_MS,
	[DEADLINE_HEAD] = 60 * CLOCK_MS,
	[DEADLINE_WRITE] = 1,
	[DEADLINE_LINGER] = 3600 * CLOCK_S,
};

/* What a test has in the queues, and the order in which it was due. */
struct item {
	struct deadline deadline;
	struct ready ready;
	int order; /* 0: not yet */
};

static struct fixture {
	struct event_base *base;
	struct alarms alarms;
	struct deadlines deadlines;
	_Atomic uint64_t counts[DEADLINE_KINDS];
	struct ready_queue ready_queue;
	struct item items[MANY];
	int passed;
	int again; /* turns that the first item takes yet */
} fixture;

static void
on_due(struct deadline *deadline)
{
	struct item *item = (struct item *)((char *)deadline -
					    offsetof(struct item, deadline));

	assert_true(clock_now() >= deadline->due);
	assert_int_equal(item->order, 0);
	item->order = ++fixture.passed;
	deadlines_remove(&fixture.deadlines, deadline);
}

static void
on_ready(struct ready *ready)
{
	struct item *item = LIST_OWNER(ready, struct item, ready);

	item->order = ++fixture.passed;
	if (item == fixture.items && --fixture.again > 0)
		ready_queue_add(&fixture.ready_queue, ready);
}

static int
setup(void **state)
{
	(void)state;
	fixture = (struct fixture){ .base = event_base_new() };
	assert_non_null(fixture.base);
	assert_return_code(alarms_open(&fixture.alarms, fixture.base), 0);
	deadlines_init(&fixture.deadlines, &fixture.alarms, limits,
	    fixture.counts, on_due);
	ready_queue_init(&fixture.ready_queue, fixture.base, on_ready);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	deadlines_fini(&fixture.deadlines);
	ready_queue_fini(&fixture.ready_queue);
	alarms_close(&fixture.alarms);
	event_base_free(fixture.base);
	return 0;
}

static void
add(int item, enum deadline_kind kind)
{
	deadlines_add(&fixture.deadlines, &fixture.items[item].deadline, kind,
	    clock_now());
}

/* Serves the base until so many have passed. */
static void
run(int passed)
{
	while (fixture.passed < passed)
		assert_return_code(event_base_loop(fixture.base, EVLOOP_ONCE),
		    0);
}

/* The shorter limit first, though it was set last; never early. */
static void
test_order(void **state)
{
	(void)state;
	add(0, DEADLINE_IDLE);
	add(1, DEADLINE_IDLE);
	add(2, DEADLINE_HEAD);
	run(3);
	assert_int_equal(fixture.items[2].order, 1);
	assert_int_equal(fixture.items[0].order, 2);
	assert_int_equal(fixture.items[1].order, 3);
}

/* One that is set anew waits its whole time, behind the others. */
static void
test_move(void **state)
{
	(void)state;
	add(0, DEADLINE_HEAD);
	add(1, DEADLINE_HEAD);
	deadlines_move(&fixture.deadlines, &fixture.items[0].deadline,
	    DEADLINE_HEAD, clock_now());
	run(2);
	assert_int_equal(fixture.items[1].order, 1);
	assert_int_equal(fixture.items[0].order, 2);
}

/* Who has no limit is in a queue, and never due; who left, neither. */
static void
test_never(void **state)
{
	(void)state;
	add(0, DEADLINE_NEVER);
	add(1, DEADLINE_HEAD);
	add(2, DEADLINE_HEAD);
	deadlines_remove(&fixture.deadlines, &fixture.items[1].deadline);
	run(1);
	assert_int_equal(fixture.items[2].order, 1);
	assert_false(alarm_is_set(&fixture.deadlines.alarm));
	assert_ptr_equal(deadlines_first(&fixture.deadlines, DEADLINE_NEVER),
	    &fixture.items[0].deadline);
}

/* A limit that has an hour to go does not hold up one that has not. */
static void
test_long_and_short(void **state)
{
	(void)state;
	add(0, DEADLINE_LINGER);
	add(1, DEADLINE_WRITE);
	run(1);
	assert_int_equal(fixture.items[1].order, 1);
}

/* Thousands that are due at once pass in several rounds, in their order. */
static void
test_many(void **state)
{
	int rounds = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		add(i, DEADLINE_WRITE);
	while (fixture.passed < MANY) {
		int before = fixture.passed;

		assert_return_code(event_base_loop(fixture.base, EVLOOP_ONCE),
		    0);
		rounds += fixture.passed > before;
		assert_true(fixture.passed - before < MANY);
	}
	assert_true(rounds > 1);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(fixture.items[i].order, i + 1);
}

static void
assert_counts(void)
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
		const struct list *queue = &fixture.deadlines.queues[kind];
		unsigned length = 0;

		for (const struct list *place = queue->next; place != queue;
		     place = place->next)
			length++;
		assert_int_equal(stats_read(&fixture.counts[kind]), length);
	}
}

/* Whatever is done, in whatever order, the counts are the lengths of the queues. */
static void
test_counts(void **state)
{
	enum {
		FEW = 40,
		STEPS = 4000
	};
	bool there[FEW] = { false };
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < STEPS; i++) {
		struct deadline *deadline;
		unsigned item, kind, act;

		random = random * 6364136223846793005U + 1442695040888963407U;
		item = (unsigned)(random >> 33) % FEW;
		kind = (unsigned)(random >> 40) % DEADLINE_KINDS;
		act = (unsigned)(random >> 50) % 3;
		deadline = &fixture.items[item].deadline;
		if (!there[item])
			deadlines_add(&fixture.deadlines, deadline,
			    (enum deadline_kind)kind, clock_now());
		else if (act == 0)
			deadlines_remove(&fixture.deadlines, deadline);
		else if (act == 1)
			deadlines_move(&fixture.deadlines, deadline,
			    (enum deadline_kind)kind, clock_now());
		else
			deadlines_renew(&fixture.deadlines, deadline,
			    clock_now());
		there[item] = !there[item] || act != 0;
		assert_counts();
	}
}

/* Who is due leaves the counts, too. */
static void
test_counts_of_due(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add(i, DEADLINE_WRITE);
	add(5, DEADLINE_NEVER);
	assert_int_equal(stats_read(&fixture.counts[DEADLINE_WRITE]), 5);
	run(5);
	assert_int_equal(stats_read(&fixture.counts[DEADLINE_WRITE]), 0);
	assert_int_equal(stats_read(&fixture.counts[DEADLINE_NEVER]), 1);
	assert_counts();
}

/* One that is renewed stays in its queue, behind the others. */
static void
test_renew(void **state)
{
	(void)state;
	add(0, DEADLINE_HEAD);
	add(1, DEADLINE_HEAD);
	deadlines_renew(&fixture.deadlines, &fixture.items[0].deadline,
	    clock_now());
	run(2);
	assert_int_equal(fixture.items[1].order, 1);
	assert_int_equal(fixture.items[0].order, 2);
}

/* Who queues again is served in a later round of the loop. */
static void
test_ready(void **state)
{
	(void)state;
	fixture.again = 2;
	for (int i = 0; i < 4; i++)
		ready_queue_add(&fixture.ready_queue, &fixture.items[i].ready);
	ready_queue_add(&fixture.ready_queue,
	    &fixture.items[1].ready); /* once is enough */
	ready_queue_remove(&fixture.items[2].ready);
	ready_queue_remove(&fixture.items[2].ready);
	assert_return_code(event_base_loop(fixture.base, EVLOOP_ONCE), 0);
	assert_int_equal(fixture.passed, 3);
	run(4);
	assert_int_equal(fixture.items[1].order, 2);
	assert_int_equal(fixture.items[2].order, 0);
	assert_int_equal(fixture.items[3].order, 3);
	assert_int_equal(fixture.items[0].order, 4);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_move),
		TEST(test_never),
		TEST(test_long_and_short),
		TEST(test_many),
		TEST(test_counts),
		TEST(test_counts_of_due),
		TEST(test_renew),
		TEST(test_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
