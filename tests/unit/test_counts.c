/* test_counts: what the counters of a worker say of requests that have ended. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "running.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- messages ---- */

/* Each has something that is not ordinary. */
static const struct message unordinary[] = {
	{ .status = 206 },
	{ .status = 200, .allow = true },
	{ .status = 200, .varies = true },
	{ .status = 200, .listed = true },
	{ .status = 200, .unsettled = true },
	{ .status = 200, .owns = true },
	{ .status = 200, .front = true },
	{ .status = 200, .unstored = true },
	{ .status = 200, .verbatim = true },
	{ .status = 200, .heap = true },
	{ .status = 200, .written = true },
	{ .status = 200, .fielded = true },
	{ .status = 200, .sourced = true },
	{ .status = 200, .handler = HANDLER_NONE },
	{ .status = 200, .handler = HANDLER_ADMIN },
	{ .status = 200, .came = 1 },
};

/* A 200 from a file is ordinary, whatever its size is. */
static void
test_ordinary(void **state)
{
	struct message message;

	(void)state;
	message_init(&message);
	assert_true(message_is_ordinary(&message));
	message.size = message.yielded = 123;
	assert_true(message_is_ordinary(&message));
	for (size_t i = 0; i < COUNT(unordinary); i++)
		if (message_is_ordinary(&unordinary[i]))
			fail_msg("row %zu", i);
}

/* Who answers and when it began stay, whatever the message becomes. */
static void
test_kept(void **state)
{
	struct message message;

	(void)state;
	message_init(&message);
	message.handler = HANDLER_ECHO;
	message_note_start(&message, CLOCK_S);
	message_set(&message, 404, NULL);
	assert_int_equal(message.handler, HANDLER_ECHO);
	message_set_text(&message, "a");
	assert_int_equal(message.handler, HANDLER_ECHO);
	assert_true(message_age(&message, 2 * CLOCK_S) > CLOCK_S / 2);
	message_fini(&message);
}

/* Ages are exact to a step of 131 us, past where the clock of 32 bits wraps. */
static void
test_ages(void **state)
{
	static const int64_t starts[] = { 1, CLOCK_S, 12345678901234,
		INT64_C(0xffffffff) << 16, (INT64_C(1) << 48) - 1,
		INT64_C(1) << 48, INT64_C(0x3fffffff) << 32 };
	static const int64_t ages[] = { 0, 1, CLOCK_MS, CLOCK_S, 60 * CLOCK_S,
		3600 * CLOCK_S, 252000 * CLOCK_S };
	struct message message;

	(void)state;
	message_init(&message);
	assert_int_equal(message_age(&message, 5 * CLOCK_S), 0);
	for (size_t i = 0; i < COUNT(starts); i++)
		for (size_t j = 0; j < COUNT(ages); j++) {
			int64_t told;

			message_init(&message);
			message_note_start(&message, starts[i]);
			assert_true(message.came != 0);
			/* what is noted later changes nothing */
			message_note_start(&message, starts[i] + CLOCK_S);
			told = message_age(&message, starts[i] + ages[j]);
			if (told < 0 || llabs(told - ages[j]) > 131072)
				fail_msg("%jd + %jd: %jd", (intmax_t)starts[i],
				    (intmax_t)ages[j], (intmax_t)told);
		}
}

/* ---- requests that end ---- */

/* By whom each is answered, and its class; what else goes up. */
static const struct {
	const char *request;
	bool ordinary;
	enum handler handler;
	unsigned class;
	int fault; /* -1: none */
} rows[] = {
	{ REQUEST("GET", "/", "1.1", ""), true, HANDLER_FILE, 2, -1 },
	{ REQUEST("GET", "/medium", "1.1", ""), false, HANDLER_FILE, 2, -1 },
	{ REQUEST("HEAD", "/", "1.1", ""), true, HANDLER_FILE, 2, -1 },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=1-2\r\n"), false,
	    HANDLER_FILE, 2, -1 },
	{ REQUEST("GET", "/", "1.1", "If-None-Match: *\r\n"), false,
	    HANDLER_FILE, 3, -1 },
	{ REQUEST("GET", "/sub", "1.1", ""), false, HANDLER_FILE, 3, -1 },
	{ REQUEST("GET", "/none", "1.1", ""), false, HANDLER_FILE, 4, -1 },
	{ REQUEST("GET", "/%zz", "1.1", ""), false, HANDLER_FILE, 4, -1 },
	{ REQUEST("POST", "/", "1.1", ""), false, HANDLER_FILE, 4, -1 },
	{ REQUEST("BREW", "/", "1.1", ""), false, HANDLER_NONE, 5, -1 },
	{ REQUEST("GET", "/sleep/20ms", "1.1", ""), false, HANDLER_SLEEP, 2,
	    -1 },
	{ REQUEST("GET", "/sleep/0", "1.1", ""), false, HANDLER_SLEEP, 2, -1 },
	{ REQUEST("GET", "/sleep/x", "1.1", ""), false, HANDLER_SLEEP, 4, -1 },
	{ REQUEST("GET", "/sleep?status=503", "1.1", ""), false, HANDLER_SLEEP,
	    5, -1 },
	{ REQUEST("GET", "/sleep?delay=5ms&fault=reset", "1.1", ""), false,
	    HANDLER_SLEEP, 0, FAULT_RESET },
	{ REQUEST("GET", "/sleep?fault=truncate&size=9", "1.1", ""), false,
	    HANDLER_SLEEP, 2, FAULT_TRUNCATE },
};

/* The sum of all counters of requests. */
static uint64_t
sum_requests(const struct stats *stats)
{
	uint64_t sum = 0;

	for (unsigned h = 0; h < STATS_HANDLERS; h++)
		for (unsigned c = 0; c < STATS_CLASSES; c++)
			sum += stats_requests(stats, h, c);
	return sum;
}

static uint64_t
sum_of(const _Atomic uint64_t *counters, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += stats_read(&counters[i]);
	return sum;
}

/* Each request that ends is counted in one place. */
static void
test_requests(void **state)
{
	struct asking *asking = *state;
	struct stats *stats = &asking->stats;
	static struct running running;

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned timed = rows[i].ordinary ? 0 : 1;

		memset(stats, 0, sizeof(*stats));
		running_ask(&running, asking, rows[i].request);
		if (stats_requests(stats, rows[i].handler, rows[i].class) != 1)
			fail_msg("%s: %.40s", rows[i].request, running.bytes);
		assert_int_equal(sum_requests(stats), 1);
		assert_int_equal(stats_read(&stats->ordinary),
		    rows[i].ordinary);
		assert_int_equal(sum_of(stats->refusals, STATS_REFUSALS),
		    rows[i].handler == HANDLER_NONE);
		assert_int_equal(sum_of(stats->faults, STATS_FAULTS),
		    rows[i].fault != -1);
		if (rows[i].fault != -1)
			assert_int_equal(stats_read(
					     &stats->faults[rows[i].fault]),
			    1);
		assert_int_equal(sum_of(stats->duration.counts,
				     HISTOGRAM_BOUNDS + 1),
		    timed);
		assert_true(stats_read(&stats->duration.sum) < CLOCK_S);
		assert_int_equal(stats_read(&stats->asleep), 0);
	}
}

/* Refusals, by status; of those that have none of their own, by the last. */
static void
test_refusals(void **state)
{
	static const struct {
		unsigned status, place;
	} refusals[] = { { 400, 0 }, { 408, 1 }, { 411, 2 }, { 413, 3 },
		{ 414, 4 }, { 417, 5 }, { 431, 6 }, { 501, 7 }, { 505, 8 },
		{ 426, 9 }, { 500, 9 } };
	struct asking *asking = *state;
	struct stats *stats = &asking->stats;

	for (size_t i = 0; i < COUNT(refusals); i++) {
		memset(stats, 0, sizeof(*stats));
		exchange_refuse(&asking->exchange, &asking->host, NULL, NULL,
		    &(struct exchange_fault){ refusals[i].status, "x" });
		(void)asking_next_bytes(asking);
		asking_end(asking);
		assert_int_equal(stats_read(
				     &stats->refusals[refusals[i].place]),
		    1);
		assert_int_equal(sum_of(stats->refusals, STATS_REFUSALS), 1);
		assert_int_equal(stats_requests(stats, HANDLER_NONE,
				     refusals[i].status / 100),
		    1);
		assert_int_equal(sum_requests(stats), 1);
	}
}

/* A sleep: it is counted while it lasts; then how late it was, and what it took
 * without what was asked for. */
static void
test_sleep(void **state)
{
	struct asking *asking = *state;
	struct stats *stats = &asking->stats;
	struct piece piece;

	asking_begin(asking, REQUEST("GET", "/sleep/1s", "1.1", ""));
	assert_int_equal(stats_read(&stats->asleep), 1);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_UNTIL);
	assert_int_equal(stats_read(&stats->asleep), 1);
	asking->moment.now = piece.until + 30 * CLOCK_MS;
	(void)asking_next(asking);
	assert_int_equal(stats_read(&stats->asleep), 0);
	assert_int_equal(sum_of(stats->late.counts, HISTOGRAM_BOUNDS + 1), 1);
	assert_int_equal(stats_read(&stats->late.sum), 30 * CLOCK_MS);
	asking_end(asking);
	assert_int_equal(sum_of(stats->late.counts, HISTOGRAM_BOUNDS + 1), 1);
	assert_int_equal(sum_of(stats->duration.counts, HISTOGRAM_BOUNDS + 1),
	    1);
	assert_in_range(stats_read(&stats->duration.sum), 29 * CLOCK_MS,
	    500 * CLOCK_MS);
}

/* Who leaves in a sleep is no sleeper any more, and has no answer. */
static void
test_left(void **state)
{
	struct asking *asking = *state;
	struct stats *stats = &asking->stats;

	asking_begin(asking, REQUEST("GET", "/sleep/1s", "1.1", ""));
	(void)asking_next(asking);
	asking_end(asking);
	assert_int_equal(stats_read(&stats->asleep), 0);
	assert_int_equal(sum_of(stats->late.counts, HISTOGRAM_BOUNDS + 1), 0);
	assert_int_equal(stats_requests(stats, HANDLER_SLEEP, 0), 1);
	assert_int_equal(sum_requests(stats), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_ages),
		ASKING_TEST(test_requests),
		ASKING_TEST(test_refusals),
		ASKING_TEST(test_sleep),
		ASKING_TEST(test_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
