/* Tests of app/sleep: what a path after /sleep asks for. */
#include "config.h"

#include "app/sleep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT (60 * CLOCK_S)

static const struct row {
	const char *rest;
	enum sleep_result result;
	int64_t nanoseconds;
} rows[] = {
	{ "", SLEEP_OK, 5 * CLOCK_S },
	{ "/0", SLEEP_OK, 0 },
	{ "/250us", SLEEP_OK, 250 * CLOCK_US },
	{ "/250ms", SLEEP_OK, 250 * CLOCK_MS },
	{ "/1.5s", SLEEP_OK, 1500 * CLOCK_MS },
	{ "/2", SLEEP_OK, 2 * CLOCK_S },
	{ "/1m", SLEEP_OK, LIMIT },
	{ "/60.000000001s", SLEEP_TOO_LONG, 0 },
	{ "/2m", SLEEP_TOO_LONG, 0 },
	{ "/99999999999999999999h", SLEEP_TOO_LONG, 0 },
	{ "/", SLEEP_MALFORMED, 0 },
	{ "/5/", SLEEP_MALFORMED, 0 },
	{ "/-1", SLEEP_MALFORMED, 0 },
	{ "/5 s", SLEEP_MALFORMED, 0 },
	{ "/soon", SLEEP_MALFORMED, 0 },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t nanoseconds = -1;
		enum sleep_result result = sleep_parse(span_of(rows[i].rest),
		    LIMIT, &nanoseconds);

		print_message("# %s\n", rows[i].rest);
		assert_int_equal(result, rows[i].result);
		assert_int_equal(nanoseconds,
		    result == SLEEP_OK ? rows[i].nanoseconds : -1);
	}
}

/* The sleep that none asks for in numbers obeys the limit too. */
static void
test_default_over_limit(void **state)
{
	int64_t nanoseconds;

	(void)state;
	assert_int_equal(sleep_parse(SPAN(""), CLOCK_S, &nanoseconds),
	    SLEEP_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_default_over_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
