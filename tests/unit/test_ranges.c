/* Tests of http/ranges. */
#include "config.h"

#include "http/ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Numbers about 2^64, with which a sum wraps. */
#define MAX  "18446744073709551615"
#define OVER "18446744073709551616"
#define WRAP "184467440737095516160" /* ten times over: 0 modulo 2^64 */

#define RANGES_15                   \
 "0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7," \
 "8-8,9-9,10-10,11-11,12-12,13-13,14-14,"

/* A field value, and each range that comes out as `first+size;`. */
struct row {
	const char *name;
	const char *value;
	const char *ranges;
};

#define IGNORED       "ignored"
#define UNSATISFIABLE "unsatisfiable"

#define TEXT_MAX 8192

static void
describe(char text[TEXT_MAX], enum http_ranges_result result,
    const struct http_ranges *ranges)
{
	static const char *const words[] = {
		[HTTP_RANGES_IGNORED] = IGNORED,
		[HTTP_RANGES_SATISFIABLE] = "",
		[HTTP_RANGES_UNSATISFIABLE] = UNSATISFIABLE,
	};
	int size = snprintf(text, TEXT_MAX, "%s", words[result]);

	if (result != HTTP_RANGES_SATISFIABLE)
		return;
	assert_true(ranges->count >= 1 && ranges->count <= HTTP_RANGES_MAX);
	for (unsigned i = 0; i < ranges->count; i++)
		size += snprintf(text + size, TEXT_MAX - (size_t)size,
		    "%ju+%ju;", (uintmax_t)ranges->list[i].first,
		    (uintmax_t)ranges->list[i].size);
}

static void
check_rows(const struct row *rows, size_t count, uint64_t size)
{
	struct http_ranges ranges;
	struct guard guard;
	char text[TEXT_MAX];

	guard_open(&guard, 1);
	for (size_t i = 0; i < count; i++) {
		struct span value = span_of(rows[i].value);

		describe(text,
		    http_ranges_parse(guard_at_end(&guard, value), size,
			&ranges),
		    &ranges);
		if (strcmp(text, rows[i].ranges) != 0)
			fail_msg("%s: %s: %s", rows[i].name, rows[i].value,
			    text);
	}
	guard_close(&guard);
}

static void
test_hundred_bytes(void **state)
{
	static const struct row rows[] = {
		{ "14.1.2 first and last", "bytes=0-9", "0+10;" },
		{ "14.1.2 one byte", "bytes=7-7", "7+1;" },
		{ "14.1.2 leading zeros", "bytes=007-0009", "7+3;" },
		{ "14.1.2 the last byte", "bytes=99-99", "99+1;" },
		{ "14.1.2 all", "bytes=0-99", "0+100;" },
		{ "14.1.2 clipped", "bytes=90-100", "90+10;" },
		{ "14.1.2 clipped at 2^64-1", "bytes=90-" MAX, "90+10;" },
		{ "14.1.2 clipped at 2^64", "bytes=90-" OVER, "90+10;" },
		{ "14.1.2 clipped, wrapping", "bytes=90-" WRAP, "90+10;" },
		{ "14.1.2 open", "bytes=90-", "90+10;" },
		{ "14.1.2 open, all", "bytes=0-", "0+100;" },
		{ "14.1.2 suffix", "bytes=-10", "90+10;" },
		{ "14.1.2 suffix of all", "bytes=-100", "0+100;" },
		{ "14.1.2 suffix over all", "bytes=-101", "0+100;" },
		{ "14.1.2 suffix of 2^64", "bytes=-" OVER, "0+100;" },
		{ "14.1.2 suffix, wrapping", "bytes=-" WRAP, "0+100;" },
		{ "14.1.2 some", "bytes=0-0,-1,5-6", "0+1;99+1;5+2;" },
		{ "14.1.2 spaces", "bytes= 0-0\t, 5-6 ", "0+1;5+2;" },
		{ "5.6.1 empty elements", "bytes=,0-0, ,5-6,", "0+1;5+2;" },
		{ "14.1 case of the unit", "ByTeS=0-9", "0+10;" },

		{ "14.1.2 last before first", "bytes=9-8", IGNORED },
		{ "14.1.2 one of them is", "bytes=0-1,9-8", IGNORED },
		{ "14.1.2 behind the end too", "bytes=200-199", IGNORED },
		{ "14.1.2 no number", "bytes=-", IGNORED },
		{ "14.1.2 no dash", "bytes=9", IGNORED },
		{ "14.1.2 another dash", "bytes=0/9", IGNORED },
		{ "14.1.2 two dashes", "bytes=0--9", IGNORED },
		{ "14.1.2 three numbers", "bytes=0-1-2", IGNORED },
		{ "14.1.2 a sign", "bytes=+0-9", IGNORED },
		{ "14.1.2 a sign of the last", "bytes=0-+9", IGNORED },
		{ "14.1.2 spaces within", "bytes=0 - 9", IGNORED },
		{ "14.1.2 hexadecimal", "bytes=0x0-9", IGNORED },
		{ "14.1.2 hexadecimal last", "bytes=0-a", IGNORED },
		{ "14.1.2 one of them is none", "bytes=0-1,x", IGNORED },
		{ "14.1.2 none before the end", "bytes=200-,x", IGNORED },
		{ "14.1.2 a quote", "bytes=\"0-9\"", IGNORED },
		{ "14.1.1 no range", "bytes=", IGNORED },
		{ "14.1.1 only empty ones", "bytes= ,,", IGNORED },
		{ "14.1.1 no equals sign", "bytes", IGNORED },
		{ "14.1.1 space before it", "bytes =0-9", IGNORED },
		{ "14.1.1 several units", "bytes=0-1,bytes=3-4", IGNORED },
		{ "14.1 another unit", "items=0-9", IGNORED },
		{ "14.1 a longer unit", "bytes2=0-9", IGNORED },
		{ "14.2 nothing", "", IGNORED },

		{ "14.1.2 at the end", "bytes=100-", UNSATISFIABLE },
		{ "14.1.2 behind it", "bytes=100-200", UNSATISFIABLE },
		{ "14.1.2 at 2^64", "bytes=" OVER "-", UNSATISFIABLE },
		{ "14.1.2 wrapping", "bytes=" WRAP "-", UNSATISFIABLE },
		{ "14.1.2 suffix of 0", "bytes=-0", UNSATISFIABLE },
		{ "14.1.2 all", "bytes=-0,100-,200-", UNSATISFIABLE },
		{ "14.1.1 but one", "bytes=100-,5-6,-0", "5+2;" },
	};

	(void)state;
	check_rows(rows, COUNT(rows), 100);
}

/* RFC 9110 14.2: what is egregious. */
static void
test_bounds(void **state)
{
	static const struct row rows[] = {
		{ "14.2 16", "bytes=" RANGES_15 "15-15",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;15+1;" },
		{ "14.2 17 that rise", "bytes=" RANGES_15 "15-15,16-16",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;15+1;16+1;" },
		{ "14.2 17 that rise, gaps", "bytes=" RANGES_15 "20-29,-9",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;20+10;91+9;" },
		{ "14.2 17, the last one back",
		    "bytes=" RANGES_15 "20-21,19-19", IGNORED },
		{ "14.2 17, the last one within",
		    "bytes=" RANGES_15 "20-21,21-22", IGNORED },
		{ "14.2 17, the second one back", "bytes=0-0,0-0," RANGES_15,
		    IGNORED },
		{ "14.2 16 in any order", "bytes=" RANGES_15 "0-0",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;0+1;" },
		{ "14.2 16, one left out", "bytes=" RANGES_15 "100-",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;" },
		{ "14.2 17, two left out", "bytes=" RANGES_15 "100-,100-",
		    "0+1;1+1;2+1;3+1;4+1;5+1;6+1;7+1;8+1;9+1;10+1;11+1;12+1;"
		    "13+1;14+1;" },
		{ "14.2 17 empty elements", "bytes=,,,,,,,,,,,,,,,,,0-0",
		    "0+1;" },
		{ "14.2 in sum all", "bytes=0-49,50-99", "0+50;50+50;" },
		{ "14.2 overlapping", "bytes=0-59,40-79", "0+60;40+40;" },
		{ "14.2 in sum more", "bytes=0-59,40-80", IGNORED },
		{ "14.2 all and a byte", "bytes=0-,-1", IGNORED },
		{ "14.2 all, and what is left out", "bytes=0-,100-", "0+100;" },
	};

	(void)state;
	check_rows(rows, COUNT(rows), 100);
}

/* As many as there may be, and one more; each is a byte, with one between. */
static void
test_most(void **state)
{
	struct http_ranges ranges;
	char text[10 * HTTP_RANGES_MAX] = "bytes=";
	size_t size = strlen(text);

	(void)state;
	for (unsigned i = 0; i <= HTTP_RANGES_MAX; i++) {
		struct span value = { text, size };

		if (i > 0) {
			assert_int_equal(http_ranges_parse(value, 1000,
					     &ranges),
			    HTTP_RANGES_SATISFIABLE);
			assert_int_equal(ranges.count, i);
			assert_int_equal(ranges.list[i - 1].first, 2 * i - 2);
		}
		size += (size_t)sprintf(text + size, "%u-%u,", 2 * i, 2 * i);
	}
	assert_int_equal(http_ranges_parse((struct span){ text, size }, 1000,
			     &ranges),
	    HTTP_RANGES_IGNORED);
}

static void
test_empty_content(void **state)
{
	static const struct row rows[] = {
		{ "14.1.2 from the start", "bytes=0-", UNSATISFIABLE },
		{ "14.1.2 a byte", "bytes=0-0", UNSATISFIABLE },
		{ "14.1.2 suffix of 0", "bytes=-0", UNSATISFIABLE },
		{ "14.1.2 suffix", "bytes=-1", IGNORED },
		{ "14.1.2 suffix, among others", "bytes=0-,-1", IGNORED },
	};

	(void)state;
	check_rows(rows, COUNT(rows), 0);
}

/* The largest content there can be: no sum wraps. */
static void
test_largest_content(void **state)
{
	static const struct row rows[] = {
		{ "14.1.2 all", "bytes=0-", "0+" MAX ";" },
		{ "14.1.2 all", "bytes=0-" MAX, "0+" MAX ";" },
		{ "14.1.2 clipped", "bytes=1-" OVER,
		    "1+18446744073709551614;" },
		{ "14.1.2 the last byte", "bytes=18446744073709551614-",
		    "18446744073709551614+1;" },
		{ "14.1.2 behind it", "bytes=" MAX "-", UNSATISFIABLE },
		{ "14.1.2 suffix", "bytes=-" MAX, "0+" MAX ";" },
		{ "14.2 twice", "bytes=0-,0-", IGNORED },
	};

	(void)state;
	check_rows(rows, COUNT(rows), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hundred_bytes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_empty_content),
		cmocka_unit_test(test_largest_content),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
