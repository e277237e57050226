/* Tests of app/httpbin_query: pairs, and each kind of number. */
#include "config.h"

#include "app/httpbin_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Queries, and the pairs that they come to, each as `name|value,`. */
static const struct {
	const char *query, *pairs;
} queries[] = {
	{ "", "" },
	{ "a", "a|," },
	{ "a=", "a|," },
	{ "a=1", "a|1," },
	{ "a=1=2", "a|1=2," },
	{ "a=1&b=2&a=3", "a|1,b|2,a|3," },
	{ "&&a=1&", "a|1," },
	{ "=1", "|1," },
	{ "a=x+y%20z", "a|x y z," },
	{ "a+b=1", "a b|1," },
	{ "%61=%62", "a|b," },
	{ "a=%2B%26%3d", "a|+&=," },
	{ "a=%c3%A9", "a|\xc3\xa9," },
	{ "a=%", "" },
	{ "a=%4", "" },
	{ "a=%zz&b=1", "b|1," },
	{ "%=1&b=1", "b|1," },
	{ "a=1;b=2&c=3", "c|3," },
};

static void
test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++) {
		struct guard guard;
		struct httpbin_query query;
		char text[128] = "";
		size_t size = 0;

		print_message("# %s\n", queries[i].query);
		guard_open(&guard, 64);
		assert_true(httpbin_query_parse(&query,
		    guard_at_end(&guard, span_of(queries[i].query))));
		for (unsigned k = 0; k < query.count; k++)
			size += (size_t)sprintf(text + size, "%.*s|%.*s,",
			    (int)query.pairs[k].name.size,
			    query.pairs[k].name.data,
			    (int)query.pairs[k].value.size,
			    query.pairs[k].value.data);
		assert_string_equal(text, queries[i].pairs);
		httpbin_query_fini(&query);
		guard_close(&guard);
	}
}

/* The first one counts; one without is none; no query has none. */
static void
test_get(void **state)
{
	struct httpbin_query query;

	(void)state;
	assert_true(httpbin_query_parse(&query, SPAN("b=2&a=1&a=3&c=")));
	assert_true(span_equal(httpbin_query_get(&query, "a"), SPAN("1")));
	assert_int_equal(httpbin_query_get(&query, "c").size, 0);
	assert_int_equal(httpbin_query_get(&query, "d").size, 0);
	httpbin_pairs_sort(query.pairs, query.count);
	assert_true(span_equal(query.pairs[0].value, SPAN("1")));
	assert_true(span_equal(query.pairs[1].value, SPAN("3")));
	assert_true(span_equal(query.pairs[2].name, SPAN("b")));
	httpbin_query_put(&query, SPAN("e"), SPAN("5"));
	assert_true(span_equal(httpbin_query_get(&query, "e"), SPAN("5")));
	httpbin_query_fini(&query);
	assert_true(httpbin_query_parse(&query, (struct span){ NULL, 0 }));
	assert_int_equal(query.count, 0);
	httpbin_query_fini(&query);
}

static const struct {
	const char *text;
	int64_t number;
} integers[] = {
	{ "0", 0 },
	{ "011", 11 },
	{ "+5", 5 },
	{ "-5", -5 },
	{ "9223372036854775807", INT64_MAX },
	{ "-9223372036854775808", INT64_MIN },
};

static const char *const no_integers[] = { "", "-", "+", "3.14", "foo", "0xff",
	"1 ", " 1", "1e3", "--1", "9223372036854775808", "-9223372036854775809",
	"12345678901234567890" };

static void
test_integers(void **state)
{
	int64_t number;

	(void)state;
	for (size_t i = 0; i < COUNT(integers); i++) {
		assert_true(
		    httpbin_read_integer(span_of(integers[i].text), &number));
		assert_int_equal(number, integers[i].number);
	}
	for (size_t i = 0; i < COUNT(no_integers); i++) {
		print_message("# %s\n", no_integers[i]);
		assert_false(
		    httpbin_read_integer(span_of(no_integers[i]), &number));
	}
}

static const struct {
	const char *text;
	double number;
} numbers[] = { { "0", 0 }, { "0.5", 0.5 }, { ".5", 0.5 }, { "5.", 5 },
	{ "-1", -1 }, { "+1e2", 100 }, { "1E-2", 0.01 } };

static const char *const no_numbers[] = { "", ".", "NaN", "nan", "Inf", "-inf",
	"infinity", "1e999", "-1e999", "0x1p3", "0xff", "1_0", "1,5", " 1",
	"1 ", "1e", "--1" };

static void
test_numbers(void **state)
{
	char digits[65];
	double number;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_true(
		    httpbin_read_number(span_of(numbers[i].text), &number));
		assert_true(number == numbers[i].number);
	}
	for (size_t i = 0; i < COUNT(no_numbers); i++) {
		print_message("# %s\n", no_numbers[i]);
		assert_false(
		    httpbin_read_number(span_of(no_numbers[i]), &number));
	}
	memset(digits, '1', sizeof(digits));
	assert_true(httpbin_read_number((struct span){ digits, 64 }, &number));
	assert_false(httpbin_read_number((struct span){ digits, 65 }, &number));
}

static const struct {
	const char *text;
	int64_t ns;
} times[] = {
	{ "0", 0 },
	{ "0h", 0 },
	{ "0ms", 0 },
	{ "1", CLOCK_S },
	{ "1.5", 1500 * CLOCK_MS },
	{ "0.1", 100 * CLOCK_MS },
	{ "1.001", 1001 * CLOCK_MS },
	{ "1e-3", CLOCK_MS },
	{ "1s", CLOCK_S },
	{ "500ms", 500 * CLOCK_MS },
	{ "250us", 250 * CLOCK_US },
	{ "250\xc2\xb5s", 250 * CLOCK_US },
	{ "250\xce\xbcs", 250 * CLOCK_US },
	{ "10ns", 10 },
	{ "1.5h", 5400 * CLOCK_S },
	{ "1m30s", 90 * CLOCK_S },
	{ "1h1m1.5s", 3661 * CLOCK_S + 500 * CLOCK_MS },
	{ "+1s", CLOCK_S },
	{ ".5s", 500 * CLOCK_MS },
	{ "-10m", -600 * CLOCK_S },
	{ "-1ms", -CLOCK_MS },
	{ "-25", -25 * CLOCK_S },
	{ "-2.5", -2500 * CLOCK_MS },
	{ "-1m30s", -90 * CLOCK_S },
};

static const char *const no_times[] = { "", "foo", "100foo", "1/1", "1.5.foo",
	"0xFF", "s", "-", "1s-1s", "1d", "1 s", "1S", "NaN", "Inf", "NaNs",
	"9223372037", "-9223372037", "1e30", "2562048h", "1e3s", "1..5s" };

static void
test_times(void **state)
{
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		print_message("# %s\n", times[i].text);
		assert_true(httpbin_read_time(span_of(times[i].text), &ns));
		assert_int_equal(ns, times[i].ns);
	}
	for (size_t i = 0; i < COUNT(no_times); i++) {
		print_message("# %s\n", no_times[i]);
		assert_false(httpbin_read_time(span_of(no_times[i]), &ns));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
