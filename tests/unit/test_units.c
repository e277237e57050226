/* test_units: durations, sizes and counts, to numbers and back. */
#include "config.h"

#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNTOUCHED ((int64_t)-77)
#define MALFORMED UNITS_MALFORMED, UNTOUCHED
#define TOO_LARGE UNITS_TOO_LARGE, UNTOUCHED

struct row {
	const char *text;
	enum units_result result;
	int64_t value;
};

/* Each text lies in a block of its own size, so that a read past its end is
 * seen by the sanitizers. */
static void
check(enum units_result (*parse)(struct span text, int64_t *value),
    const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(rows[i].text);
		char *copy = malloc(size + (size == 0));
		int64_t value = UNTOUCHED;
		enum units_result result;

		assert_non_null(copy);
		memcpy(copy, rows[i].text, size);
		result = parse((struct span){ copy, size }, &value);
		free(copy);
		if (result != rows[i].result || value != rows[i].value)
			fail_msg("'%s': result %d, value %lld", rows[i].text,
			    (int)result, (long long)value);
	}
}

#define CHECK(parse, rows) check(parse, rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_durations(void **state)
{
	static const struct row rows[] = {
		{ "0", UNITS_OK, 0 },
		{ "5", UNITS_OK, 5000000000 },
		{ "0005", UNITS_OK, 5000000000 },
		{ "250us", UNITS_OK, 250000 },
		{ "250ms", UNITS_OK, 250000000 },
		{ "250MS", UNITS_OK, 250000000 },
		{ "1.5s", UNITS_OK, 1500000000 },
		{ "1.5", UNITS_OK, 1500000000 },
		{ "2m", UNITS_OK, 120000000000 },
		{ "1h", UNITS_OK, 3600000000000 },
		{ "0.1h", UNITS_OK, 360000000000 },
		{ "0.001us", UNITS_OK, 1 },
		{ "0.3s", UNITS_OK, 300000000 }, /* no binary fraction */
		{ "1.000000001s", UNITS_OK, 1000000001 },
		/* what is finer than a nanosecond is rounded up */
		{ "0.0000000001s", UNITS_OK, 1 },
		{ "1.0000000001s", UNITS_OK, 1000000001 },
		{ "0.00000000000000000000000000000000000001h", UNITS_OK, 1 },
		{ "0.9999999999s", UNITS_OK, 1000000000 },
		{ "0.99999999999999999999999999999999999999h", UNITS_OK,
		    3600000000000 },
		/* ... and trailing zeros are nothing at all */
		{ "0.50000000000000000000000000000000000000s", UNITS_OK,
		    500000000 },
		{ "0.0010us", UNITS_OK, 1 },
		{ "9223372036.854775807s", UNITS_OK, INT64_MAX },
		{ "9223372036854775.807us", UNITS_OK, INT64_MAX },
		{ "9223372036.854775808s", TOO_LARGE },
		{ "9223372036.8547758071s", TOO_LARGE },
		{ "9223372036854775807", TOO_LARGE },
		{ "9223372036854775808", TOO_LARGE },
		{ "99999999999999999999999999999999999999999", TOO_LARGE },
		{ "2562047h", UNITS_OK, 2562047 * INT64_C(3600000000000) },
		{ "2562048h", TOO_LARGE },
		{ "250\u00b5s", UNITS_OK, 250000 }, /* the micro sign */
		{ "250\u03bcS", UNITS_OK, 250000 }, /* the Greek letter */
		{ "1m30s", UNITS_OK, 90000000000 },
		{ "1H30M", UNITS_OK, 5400000000000 },
		{ "1h0m0.5s", UNITS_OK, 3600500000000 },
		{ "1h2m3s4ms5.5us", UNITS_OK, 3723004005500 },
		{ "1s1\u00b5s", UNITS_OK, 1000001000 },
		{ "90m90s", UNITS_OK, 5490000000000 },
		{ "1m0.0000000001s", UNITS_OK, 60000000001 },
		{ "9223372036s854ms775.807us", UNITS_OK, INT64_MAX },
		{ "9223372036s854ms775.8071us", TOO_LARGE },
		{ "2562047h60m", TOO_LARGE },
		{ "2562048h1m", TOO_LARGE },
		{ "1m9223372036854775808s", TOO_LARGE },
	};

	(void)state;
	CHECK(units_parse_duration, rows);
}

static void
test_durations_malformed(void **state)
{
	static const struct row rows[] = {
		{ "", MALFORMED },
		{ "s", MALFORMED },
		{ ".", MALFORMED },
		{ ".5s", MALFORMED },
		{ "5.", MALFORMED },
		{ "5.s", MALFORMED },
		{ "1.5.5s", MALFORMED },
		{ "1,5s", MALFORMED },
		{ "-1s", MALFORMED },
		{ "+1s", MALFORMED },
		{ " 1s", MALFORMED },
		{ "1s ", MALFORMED },
		{ "1 s", MALFORMED },
		{ "1e3", MALFORMED },
		{ "1e30", MALFORMED },
		{ "0x10", MALFORMED },
		{ "1d", MALFORMED },
		{ "1ns", MALFORMED },
		{ "1sm", MALFORMED },
		{ "1min", MALFORMED },
		{ "1u", MALFORMED },
		{ "inf", MALFORMED },
		{ "nan", MALFORMED },
		{ "99999999999999999999999999999999999999999x", MALFORMED },
		{ "99999999999999999999h1x", MALFORMED },
		{ "1m30", MALFORMED },
		{ "30s1m", MALFORMED },
		{ "1m1m", MALFORMED },
		{ "1us1\u00b5s", MALFORMED },
		{ "1.5m30s", MALFORMED },
		{ "1m.5s", MALFORMED },
		{ "1m 30s", MALFORMED },
		{ "1m-30s", MALFORMED },
		{ "250\u00b5", MALFORMED },
		{ "250\xb5s", MALFORMED }, /* not UTF-8 */
		{ "1\u00b5ss", MALFORMED },
	};

	(void)state;
	CHECK(units_parse_duration, rows);
}

/* Where malformed durations are: at the byte that nothing could go on with. */
static void
test_durations_at_fault(void **state)
{
	static const struct {
		const char *text;
		size_t column;
	} rows[] = {
		{ "", 0 },
		{ "s", 0 },
		{ ".5s", 0 },
		{ "5.", 2 },
		{ "5.s", 2 },
		{ "1.5.5s", 3 },
		{ "1min", 1 },
		{ "1e3", 1 },
		{ "1s ", 2 },
		{ "1 s", 1 },
		{ "1m30", 4 },
		{ "1m30x", 4 },
		{ "30s1m", 4 },
		{ "1.5m30s", 4 },
		{ "1m s", 2 },
		{ "9223372036854775808h1x", 21 },
		{ "9223372036854775808", 0 },
		{ "1m9223372036854775808s", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text, *fault = NULL;
		int64_t value = UNTOUCHED;

		assert_int_not_equal(units_find_duration(span_of(text), &value,
					 &fault),
		    UNITS_OK);
		if (fault != text + rows[i].column)
			fail_msg("'%s': column %td", text, fault - text);
		assert_int_equal(value, UNTOUCHED);
	}
}

static void
test_sizes(void **state)
{
	static const struct row rows[] = {
		{ "0", UNITS_OK, 0 },
		{ "512", UNITS_OK, 512 },
		{ "64k", UNITS_OK, 65536 },
		{ "64K", UNITS_OK, 65536 },
		{ "1m", UNITS_OK, 1048576 },
		{ "2G", UNITS_OK, 2147483648 },
		{ "9223372036854775807", UNITS_OK, INT64_MAX },
		{ "8589934591g", UNITS_OK, INT64_MAX - 1073741823 },
		{ "8589934592g", TOO_LARGE },
		{ "9223372036854775808", TOO_LARGE },
		{ "", MALFORMED },
		{ "k", MALFORMED },
		{ "1.5k", MALFORMED },
		{ "1kb", MALFORMED },
		{ "1t", MALFORMED },
		{ "-1", MALFORMED },
		{ "1 k", MALFORMED },
	};

	(void)state;
	CHECK(units_parse_size, rows);
}

static void
test_counts(void **state)
{
	static const struct row rows[] = {
		{ "0", UNITS_OK, 0 },
		{ "007", UNITS_OK, 7 },
		{ "9223372036854775807", UNITS_OK, INT64_MAX },
		{ "9223372036854775808", TOO_LARGE },
		{ "18446744073709551617", TOO_LARGE },
		{ "", MALFORMED },
		{ "-1", MALFORMED },
		{ "+1", MALFORMED },
		{ "1k", MALFORMED },
		{ "1.0", MALFORMED },
		{ "0x1", MALFORMED },
		{ "1\n", MALFORMED },
	};

	(void)state;
	CHECK(units_parse_count, rows);
}

static void
test_durations_back(void **state)
{
	static const struct row rows[] = {
		{ "0s", UNITS_OK, 0 },
		{ "0.001us", UNITS_OK, 1 },
		{ "1us", UNITS_OK, 1000 },
		{ "1.001us", UNITS_OK, 1001 },
		{ "1500ms", UNITS_OK, 1500000000 },
		{ "90s", UNITS_OK, 90000000000 },
		{ "10m", UNITS_OK, 600000000000 },
		{ "24h", UNITS_OK, 86400000000000 },
		{ "9223372036854775.807us", UNITS_OK, INT64_MAX },
	};
	char text[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		units_format_duration(text, rows[i].value);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_sizes_back(void **state)
{
	static const struct row rows[] = {
		{ "0", UNITS_OK, 0 },
		{ "1000", UNITS_OK, 1000 },
		{ "1k", UNITS_OK, 1024 },
		{ "1m", UNITS_OK, 1048576 },
		{ "1025k", UNITS_OK, 1049600 },
		{ "3g", UNITS_OK, 3221225472 },
		{ "9223372036854775807", UNITS_OK, INT64_MAX },
	};
	char text[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		units_format_size(text, rows[i].value);
		assert_string_equal(text, rows[i].text);
	}
}

/* Whole numbers of random units, from nanoseconds to hours and from bytes to
 * gigabytes. The generator is our own, so that every run is the same. */
static int64_t
random_value(void)
{
	static const int64_t units[] = { 1, 1000, 1000000, 1000000000,
		60000000000, 3600000000000, 1024, 1048576, 1073741824 };
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (int64_t)(x >> 44) * units[x % (sizeof(units) / sizeof(*units))];
}

static void
test_round_trip(void **state)
{
	char text[UNITS_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		int64_t value = random_value(), back = UNTOUCHED;

		units_format_duration(text, value);
		assert_int_equal(units_parse_duration(span_of(text), &back),
		    UNITS_OK);
		assert_int_equal(back, value);
		units_format_size(text, value);
		assert_int_equal(units_parse_size(span_of(text), &back),
		    UNITS_OK);
		assert_int_equal(back, value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_durations_malformed),
		cmocka_unit_test(test_durations_at_fault),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_durations_back),
		cmocka_unit_test(test_sizes_back),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
