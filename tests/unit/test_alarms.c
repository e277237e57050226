/* Tests of loop/alarms, on a real event base. */
#include "config.h"

#include "loop/alarms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

#define MANY 1000 /* several rounds' worth, and more than the first room */

static struct fixture {
	struct event_base *base;
	struct alarms alarms;
	struct alarm items[MANY];
	int passed;
	int64_t last; /* when the last one was due */
	int again;    /* how often the first item sets itself anew */
} fixture;

static void
on_due(void *arg)
{
	struct alarm *alarm = arg;

	assert_true(clock_now() >= alarm->due);
	assert_true(alarm->due >= fixture.last);
	assert_false(alarm_is_set(alarm));
	fixture.last = alarm->due;
	fixture.passed++;
	if (alarm == fixture.items && fixture.again-- > 0)
		assert_return_code(alarms_set(&fixture.alarms, alarm,
				       alarm->due),
		    0);
}

static int
setup(void **state)
{
	(void)state;
	fixture = (struct fixture){ .base = event_base_new() };
	assert_non_null(fixture.base);
	assert_return_code(alarms_open(&fixture.alarms, fixture.base), 0);
	for (int i = 0; i < MANY; i++)
		fixture.items[i] = (struct alarm){ .on_due = on_due,
			.arg = &fixture.items[i] };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	alarms_close(&fixture.alarms);
	event_base_free(fixture.base);
	return 0;
}

static void
set(int item, int64_t due)
{
	assert_return_code(alarms_set(&fixture.alarms, &fixture.items[item],
			       due),
	    0);
}

/* Serves the base until so many have passed; returns its rounds. */
static int
run(int passed)
{
	int rounds = 0;

	for (; fixture.passed < passed; rounds++)
		assert_return_code(event_base_loop(fixture.base, EVLOOP_ONCE),
		    0);
	assert_int_equal(fixture.passed, passed);
	return rounds;
}

/* Whether no alarm is due before the one that it hangs from. */
static void
assert_heap(void)
{
	const struct alarms *alarms = &fixture.alarms;

	for (size_t i = 1; i <= alarms->count; i++) {
		assert_int_equal(alarms->heap[i]->place, i);
		assert_true(
		    i == 1 || alarms->heap[i / 2]->due <= alarms->heap[i]->due);
	}
}

/* On time, in the order of their times, whatever the order of setting them. */
static void
test_order(void **state)
{
	int64_t now = clock_now();

	(void)state;
	set(0, now + 30 * CLOCK_MS);
	set(1, now + 10 * CLOCK_MS);
	set(2, now + 20 * CLOCK_MS);
	run(3);
	assert_int_equal(fixture.last, now + 30 * CLOCK_MS);
	assert_int_equal(fixture.alarms.count, 0);
}

/* Times that are over come in the next round: 0 and what lies before it too. */
static void
test_over(void **state)
{
	(void)state;
	fixture.last = INT64_MIN;
	set(0, clock_now());
	set(1, 0);
	set(2, -CLOCK_S);
	assert_int_equal(run(3), 1);
}

static void
test_moved(void **state)
{
	int64_t now = clock_now();

	(void)state;
	set(0, now + 3600 * CLOCK_S);
	set(1, now + 20 * CLOCK_MS);
	set(0, now + 10 * CLOCK_MS);
	run(2);
	set(0, now + 21 * CLOCK_MS);
	set(1, now + 22 * CLOCK_MS);
	set(0, now + 23 * CLOCK_MS);
	run(4);
	assert_int_equal(fixture.last, now + 23 * CLOCK_MS);
}

/* One that is not set any more is not called; nor does it matter twice. */
static void
test_unset(void **state)
{
	int64_t now = clock_now();

	(void)state;
	for (int i = 0; i < 4; i++)
		set(i, now + i);
	alarms_unset(&fixture.alarms, &fixture.items[0]);
	alarms_unset(&fixture.alarms, &fixture.items[0]);
	alarms_unset(&fixture.alarms, &fixture.items[2]);
	alarms_unset(&fixture.alarms, &fixture.items[9]);
	run(2);
	assert_int_equal(fixture.last, now + 3);
}

/* Thousands that are due at once go in several rounds, for others to have
 * their turns; one that is set anew at once can't hold them up. */
static void
test_rounds(void **state)
{
	int64_t now = clock_now();

	(void)state;
	fixture.again = 2;
	for (int i = 0; i < MANY; i++)
		set(i, now);
	assert_int_equal(run(MANY + 2), 4);
}

/* All ways to set, to move and to unset leave a heap, and lose nobody. */
static void
test_heap(void **state)
{
	uint64_t random = 1;
	int64_t now = clock_now();
	int count = 0;

	(void)state;
	for (int i = 0; i < 20 * MANY; i++) {
		random = random * 6364136223846793005U + 1442695040888963407U;

		int item = (int)(random >> 33) % MANY;
		bool was_set = alarm_is_set(&fixture.items[item]);

		if ((random >> 32) % 3 > 0) {
			set(item, now + (int64_t)(random >> 40) % 1000);
			count += !was_set;
		} else {
			alarms_unset(&fixture.alarms, &fixture.items[item]);
			count -= was_set;
		}
		if (i % 100 == 0)
			assert_heap();
		assert_int_equal(fixture.alarms.count, count);
	}
	run(count);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_over),
		TEST(test_moved),
		TEST(test_unset),
		TEST(test_rounds),
		TEST(test_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
