/* test_parameters: those of a query of the operator's side. */
#include "config.h"

#include "admin/parameters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct guard guard;

static int
open_guard(void **state)
{
	(void)state;
	guard_open(&guard, (size_t)4 * PARAMETERS_MAX);
	return 0;
}

static int
close_guard(void **state)
{
	(void)state;
	guard_close(&guard);
	return 0;
}

/* What `a` has in a query; NULL: there is none. */
static const struct {
	const char *query, *value;
} found_rows[] = {
	{ "a=1", "1" },
	{ "a=1&a=2", "1" },
	{ "b=1&a=2", "2" },
	{ "aa=1&b=a&a=2&c=3", "2" },
	{ "&&a=1&&", "1" },
	{ "a=", "" },
	{ "a=&a=1", "" },
	{ "a=b=c", "b=c" },
	{ "a=%2Fapi%2f**", "/api/**" },
	{ "a=%26+%2B+x", "& + x" },
	{ "a=\xc3\xa9", "\xc3\xa9" },
	{ "a=%c3%A9%7f", "\xc3\xa9\x7f" },
	{ "a&a=1", "1" }, /* one without a value is none */
	{ "", NULL },
	{ "a", NULL },
	{ "A=1", NULL },
	{ "ab=1", NULL },
	{ "=1", NULL },
	{ "b=a=1", NULL },
	{ "%61=1", NULL },
	/* wrongly encoded */
	{ "a=1%", "" },
	{ "a=1%2", "" },
	{ "a=%2&b=0", "" },
	{ "a=1%2g", "" },
	{ "a=1%g2", "" },
	{ "a=%%20", "" },
};

static void
test_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(found_rows); i++) {
		char room[PARAMETERS_MAX];
		struct span query = guard_at_end(&guard,
		    span_of(found_rows[i].query));
		struct span value = parameters_find(query, "a", room);
		const char *wanted = found_rows[i].value;

		if ((value.data == NULL) != (wanted == NULL) ||
		    (wanted != NULL && !span_equal(value, span_of(wanted))))
			fail_msg("%s: %.*s", found_rows[i].query,
			    (int)value.size, value.data);
	}
	assert_null(parameters_find((struct span){ NULL, 0 }, "a", NULL).data);
}

/* The longest value, and one byte more. */
static void
test_long(void **state)
{
	char query[2 + 3 * (PARAMETERS_MAX + 1)] = "a=";
	char *room = malloc(PARAMETERS_MAX);
	struct span value;

	(void)state;
	assert_non_null(room);
	for (size_t i = 2; i < sizeof(query); i += 3)
		(void)mempcpy(query + i, "%41", 3);
	value = parameters_find((struct span){ query, sizeof(query) - 3 }, "a",
	    room);
	assert_int_equal(value.size, PARAMETERS_MAX);
	assert_int_equal(room[PARAMETERS_MAX - 1], 'A');
	value = parameters_find((struct span){ query, sizeof(query) }, "a",
	    room);
	assert_non_null(value.data);
	assert_int_equal(value.size, 0);
	free(room);
}

/* From 2 to 100: what it comes to; -1: it is refused. */
static const struct {
	const char *query;
	int64_t number, time; /* ns */
} bounded_rows[] = {
	{ "", 7, 7 },
	{ "m=50", 7, 7 },
	{ "n=2", 2, -1 },
	{ "n=100", 100, -1 },
	{ "n=1", -1, -1 },
	{ "n=101", -1, -1 },
	{ "n=%350", 50, -1 },
	{ "n=-5", -1, -1 },
	{ "n=", -1, -1 },
	{ "n=x", -1, -1 },
	{ "n=5%", -1, -1 },
	{ "n=5x", -1, -1 },
	{ "n=99999999999999999999", -1, -1 },
	{ "n=2ms", -1, 2 * CLOCK_MS },
	{ "n=100ms", -1, 100 * CLOCK_MS },
	{ "n=1ms", -1, -1 },
	{ "n=101ms", -1, -1 },
	{ "n=0.05s", -1, 50 * CLOCK_MS },
};

static void
test_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bounded_rows); i++) {
		struct span query = span_of(bounded_rows[i].query);
		int64_t number = 7, time = 7;

		if (!parameters_number(query, "n", 2, 100, &number))
			number = -1;
		if (!parameters_time(query, "n", 2 * CLOCK_MS, 100 * CLOCK_MS,
			&time))
			time = -1;
		if (number != bounded_rows[i].number ||
		    time != bounded_rows[i].time)
			fail_msg("%s", bounded_rows[i].query);
	}
}

/* What is said of a query whose names are `a` and `bc`; NULL: it is all right. */
static const struct {
	const char *query, *fault;
} checked_rows[] = {
	{ "", NULL },
	{ "&&", NULL },
	{ "a=1", NULL },
	{ "a=", NULL },
	{ "a==", NULL },
	{ "bc=1&a=2", NULL },
	{ "&&a=1&&bc=bc&", NULL },
	{ "a=b=1", NULL },
	{ "a", "a has no value" },
	{ "bc=1&a", "a has no value" },
	{ "a=1&a=1", "a comes twice" },
	{ "a=1&bc=1&a=2", "a comes twice" },
	{ "bc=1&bc=", "bc comes twice" },
	{ "x=1", "x is no parameter of this" },
	{ "x", "x is no parameter of this" },
	{ "a=1&x=1", "x is no parameter of this" },
	{ "A=1", "A is no parameter of this" },
	{ "b=1", "b is no parameter of this" },
	{ "bcd=1", "bcd is no parameter of this" },
	{ "%61=1", "%61 is no parameter of this" },
	{ "=1", " is no parameter of this" },
	{ "=", " is no parameter of this" },
};

static void
test_checked(void **state)
{
	static const char *const names[] = { "a", "bc", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(checked_rows); i++) {
		struct span query = guard_at_end(&guard,
		    span_of(checked_rows[i].query));
		const char *wanted = checked_rows[i].fault;
		char *fault = NULL;

		if (parameters_check(query, names, &fault) !=
			(wanted == NULL) ||
		    (wanted != NULL &&
			(fault == NULL || strcmp(fault, wanted) != 0)))
			fail_msg("%s: %s", checked_rows[i].query, fault);
		free(fault);
	}
	assert_true(parameters_check((struct span){ NULL, 0 }, names, NULL));
}

/* A name that is too long to be said is cut: messages have no room for any. */
static void
test_long_name(void **state)
{
	static const char *const names[] = { "a", NULL };
	char query[9000], *fault = NULL;

	(void)state;
	memset(query, 'x', sizeof(query));
	assert_false(parameters_check((struct span){ query, sizeof(query) },
	    names, &fault));
	assert_non_null(fault);
	assert_in_range(strlen(fault), 64, 200);
	free(fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_checked),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, open_guard, close_guard);
}
