/* test_histogram: in which bucket a time is counted, and what they add up to; and
 * what counters of base/stats come to. */
#include "config.h"

#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/stats.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ABOVE       HISTOGRAM_BOUNDS /* the bucket of what is above all bounds */

static const struct {
	int64_t time; /* ns */
	int bucket;
	uint64_t sum; /* ns */
} rows[] = {
	{ 0, 0, 0 },
	{ -1, 0, 0 },
	{ INT64_MIN, 0, 0 },
	{ 1, 0, 1 },
	{ 20 * CLOCK_US, 0, 20000 },
	{ 20 * CLOCK_US + 1, 1, 20001 },
	{ 50 * CLOCK_US, 1, 50000 },
	{ 500 * CLOCK_US, 4, 500000 },
	{ CLOCK_MS, 5, 1000000 },
	{ CLOCK_MS + 1, 6, 1000001 },
	{ 500 * CLOCK_MS, 13, 500000000 },
	{ CLOCK_S, 14, 1000000000 },
	{ 10 * CLOCK_S, 17, UINT64_C(10000000000) },
	{ 10 * CLOCK_S + 1, ABOVE, UINT64_C(10000000001) },
	{ INT64_MAX, ABOVE, INT64_MAX },
};

static void
test_buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct histogram histogram = { 0 };

		histogram_add(&histogram, rows[i].time);
		for (int b = 0; b <= HISTOGRAM_BOUNDS; b++)
			assert_int_equal(stats_read(&histogram.counts[b]),
			    b == rows[i].bucket);
		assert_true(stats_read(&histogram.sum) == rows[i].sum);
	}
}

/* A bound is in its own bucket, and the bounds go up. */
static void
test_bounds(void **state)
{
	struct histogram histogram = { 0 };
	uint64_t sum = 0;

	(void)state;
	for (int b = 0; b < HISTOGRAM_BOUNDS; b++) {
		assert_true(
		    b == 0 || histogram_bounds[b] > histogram_bounds[b - 1]);
		histogram_add(&histogram, histogram_bounds[b]);
		histogram_add(&histogram, histogram_bounds[b] + 1);
		sum += 2 * (uint64_t)histogram_bounds[b] + 1;
	}
	for (int b = 0; b <= HISTOGRAM_BOUNDS; b++)
		assert_int_equal(stats_read(&histogram.counts[b]),
		    b == 0 || b == HISTOGRAM_BOUNDS ? 1 : 2);
	assert_true(stats_read(&histogram.sum) == sum);
}

static void
test_counter(void **state)
{
	_Atomic uint64_t counter = 0;

	(void)state;
	stats_add(&counter, 2);
	stats_add(&counter, 3);
	stats_take(&counter);
	assert_int_equal(stats_read(&counter), 4);
	stats_set(&counter, UINT64_MAX);
	stats_add(&counter, 1);
	assert_int_equal(stats_read(&counter), 0);
}

/* How many are open, by those that came and went: never less than none. */
static void
test_open(void **state)
{
	static const struct {
		uint64_t accepted, closed, open;
	} open_rows[] = {
		{ 0, 0, 0 },
		{ 5, 2, 3 },
		{ 5, 5, 0 },
		{ 4, 5, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(open_rows); i++) {
		struct stats stats = { .accepted = open_rows[i].accepted,
			.closed = open_rows[i].closed };

		assert_int_equal(stats_open(&stats), open_rows[i].open);
	}
}

/* The ordinary ones are the first handler's 2xx, and nobody else's. */
static void
test_requests(void **state)
{
	static struct stats stats = { .ordinary = 100 };

	(void)state;
	for (unsigned h = 0; h < STATS_HANDLERS; h++)
		for (unsigned c = 0; c < STATS_CLASSES; c++)
			stats_set(&stats.requests[h][c], h * STATS_CLASSES + c);
	for (unsigned h = 0; h < STATS_HANDLERS; h++)
		for (unsigned c = 0; c < STATS_CLASSES; c++)
			assert_int_equal(stats_requests(&stats, h, c),
			    h * STATS_CLASSES + c +
				(h == 0 && c == 2 ? 100 : 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
