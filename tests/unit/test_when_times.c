/* test_when_times: files of times, and who owns them. */
#include "config.h"

#include "app/when_times.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/when.h"
#include "base/clock.h"
#include "complaints.h"

#define MOST  (60 * CLOCK_S)
#define LINES INT64_C(100000)

static void
test_lines(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		int64_t list[3];
	} rows[] = {
		{ "10ms", 1, { 10 * CLOCK_MS } },
		{ "10ms\n", 1, { 10 * CLOCK_MS } },
		{ "30ms\n10ms\n20ms\n", 3,
		    { 10 * CLOCK_MS, 20 * CLOCK_MS, 30 * CLOCK_MS } },
		{ "1.5\n1m\n0", 3, { 0, 1500 * CLOCK_MS, MOST } },
		{ "1s\n1s\n", 2, { CLOCK_S, CLOCK_S } },
		{ "\n\n1s\n\n", 1, { CLOCK_S } },
		{ "# seconds\n1s\n#2s\n#", 1, { CLOCK_S } },
		{ "2s\r\n1s \t\r\n \r\n\t\n", 2, { CLOCK_S, 2 * CLOCK_S } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct complaint why;
		struct when_times *times = when_times_parse(span_of(
								rows[i].text),
		    MOST, &why);

		assert_non_null(times);
		assert_int_equal(times->count, rows[i].count);
		for (size_t k = 0; k < times->count; k++)
			assert_int_equal(times->list[k], rows[i].list[k]);
		when_times_release(times);
	}
}

static bool
parse(struct span text, struct complaint *why)
{
	struct when_times *times = when_times_parse(text, MOST, why);

	if (times == NULL)
		return false;
	when_times_release(times);
	return true;
}

static void
test_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "", 0, "at least one time" },
		{ "\n", 0, "at least one time" },
		{ "#1s\n", 0, "at least one time" },
		{ "1s\n2x\n", 4, "a time such as 250ms" },
		{ "1s\n 2s\n", 3, "a time such as 250ms" },
		{ "1s\n #\n", 3, "a time such as 250ms" },
		{ "1s # why", 2, "a time such as 250ms" },
		{ "1s,2s", 2, "a time such as 250ms" },
		{ "1s..2s", 2, "a time such as 250ms" },
		{ "1s\n61s\n", 3, "at most 1m" },
		{ "1s\n-2s", 3, "a time such as 250ms" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static const char *
print_lines(int64_t lines)
{
	char *text = malloc((size_t)lines * 16), *p = text;

	assert_non_null(text);
	for (int64_t i = 0; i < lines; i++)
		p += sprintf(p, "%" PRId64 "us\n", (i * 77773 + 5) % lines + 1);
	return text;
}

/* Of a file with 100,000 lines, each line comes as often as the others, so that
 * its percentiles come out; and the times go with their last owner. */
static void
test_many(void **state)
{
	const char *text = print_lines(LINES);
	struct when when = { .kind = WHEN_FILE }, copy;
	struct complaint why;
	unsigned below[2] = { 0 };

	(void)state;
	when.times = when_times_parse(span_of(text), MOST, &why);
	assert_non_null(when.times);
	free((char *)text);
	assert_int_equal(when_longest(&when), LINES * CLOCK_US);
	copy = when;
	when_hold(&copy);
	when_release(&when);
	for (uint64_t n = 1; n <= (uint64_t)LINES; n++) {
		const struct roll roll = { 11, n, 0 };
		int64_t time = when_draw(&copy, &roll, ROLL_DELAY, 0);

		assert_in_range(time, CLOCK_US, LINES * CLOCK_US);
		below[0] += time <= LINES / 2 * CLOCK_US;
		below[1] += time <= LINES / 100 * 99 * CLOCK_US;
	}
	/* three standard errors: of a half, and of the 99th percentile */
	assert_in_range(below[0], LINES / 2 - 474, LINES / 2 + 474);
	assert_in_range(below[1], LINES / 100 * 99 - 94, LINES / 100 * 99 + 94);
	when_release(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
