/* Tests of http/date. */
#include "config.h"

#include "http/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"

/* Sat, 21 Nov 2026 12:00:00 GMT */
#define NOW ((time_t)1795262400)

#define NONE INT64_MIN

struct row {
	const char *name;
	const char *text;
	int64_t when; /* NONE: refused */
};

static const struct row rows[] = {
	/* RFC 9110 5.6.7: IMF-fixdate */
	{ "5.6.7 IMF", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "5.6.7 epoch", "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "5.6.7 before it", "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
	{ "5.6.7 far", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
	{ "5.6.7 any real day", "Mon, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "5.6.7 leap day", "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 },
	{ "5.6.7 leap day", "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
	{ "5.6.7 leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
	{ "5.6.7 the year 10000", "Fri, 31 Dec 9999 23:59:60 GMT", NONE },
	{ "5.6.7 no leap day", "Wed, 29 Feb 2023 00:00:00 GMT", NONE },
	{ "5.6.7 no leap day", "Thu, 29 Feb 1900 00:00:00 GMT", NONE },
	{ "5.6.7 31 April", "Fri, 31 Apr 2026 00:00:00 GMT", NONE },
	{ "5.6.7 day 0", "Sun, 00 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 day 32", "Sun, 32 Jan 1994 08:49:37 GMT", NONE },
	{ "5.6.7 hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", NONE },
	{ "5.6.7 minute 60", "Sun, 06 Nov 1994 08:60:00 GMT", NONE },
	{ "5.6.7 second 61", "Sun, 06 Nov 1994 08:49:61 GMT", NONE },
	{ "5.6.7 no such day", "Xyz, 06 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 no such month", "Sun, 06 Xyz 1994 08:49:37 GMT", NONE },
	{ "5.6.7 case counts", "sun, 06 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 case counts", "Sun, 06 nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 case counts", "Sun, 06 Nov 1994 08:49:37 gmt", NONE },
	{ "5.6.7 only GMT", "Sun, 06 Nov 1994 08:49:37 UTC", NONE },
	{ "5.6.7 only GMT", "Sun, 06 Nov 1994 08:49:37 +0000", NONE },
	{ "5.6.7 no zone", "Sun, 06 Nov 1994 08:49:37", NONE },
	{ "5.6.7 long day", "Sunday, 06 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 one digit", "Sun, 6 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 one digit", "Sun, 06 Nov 1994 8:49:37 GMT", NONE },
	{ "5.6.7 a sign", "Sun, 06 Nov +994 08:49:37 GMT", NONE },
	{ "5.6.7 two spaces", "Sun, 06  Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 space before", " Sun, 06 Nov 1994 08:49:37 GMT", NONE },
	{ "5.6.7 more after", "Sun, 06 Nov 1994 08:49:37 GMT;", NONE },
	{ "5.6.7 empty", "", NONE },
	{ "5.6.7 a number", "0", NONE },

	/* RFC 9110 5.6.7: rfc850-date */
	{ "5.6.7 RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
	{ "5.6.7 RFC 850", "Saturday, 21-Nov-26 12:00:00 GMT", NOW },
	{ "5.6.7 50 years", "Saturday, 21-Nov-76 12:00:00 GMT", 3373185600 },
	{ "5.6.7 over", "Sunday, 21-Nov-76 12:00:01 GMT", 217425601 },
	{ "5.6.7 over", "Monday, 01-Jan-77 00:00:00 GMT", 220924800 },
	{ "5.6.7 leap day", "Saturday, 29-Feb-76 00:00:00 GMT", 3350160000 },
	{ "5.6.7 no leap day", "Saturday, 29-Feb-77 00:00:00 GMT", NONE },
	{ "5.6.7 short day", "Sun, 06-Nov-94 08:49:37 GMT", NONE },
	{ "5.6.7 long year", "Sunday, 06-Nov-1994 08:49:37 GMT", NONE },
	{ "5.6.7 no zone", "Sunday, 06-Nov-94 08:49:37", NONE },

	/* RFC 9110 5.6.7: asctime-date */
	{ "5.6.7 asctime", "Sun Nov  6 08:49:37 1994", 784111777 },
	{ "5.6.7 two digits", "Wed Nov 16 08:49:37 1994", 784975777 },
	{ "5.6.7 a zero", "Sun Nov 06 08:49:37 1994", 784111777 },
	{ "5.6.7 one space", "Sun Nov 6 08:49:37 1994", NONE },
	{ "5.6.7 a zone", "Sun Nov  6 08:49:37 1994 GMT", NONE },
	{ "5.6.7 no such day", "Sun Nov 31 08:49:37 1994", NONE },
};

static void
check_row(const struct row *row, struct span text, time_t now)
{
	time_t when = 7;
	int result = http_date_parse(text, now, &when);

	if (row->when == NONE) {
		if (result != -1)
			fail_msg("%s: taken", row->text);
		assert_int_equal(when, 7);
		return;
	}
	if (result != 0 || when != row->when)
		fail_msg("%s: %d, %jd", row->text, result, (intmax_t)when);
}

static void
test_parse(void **state)
{
	struct guard guard;

	(void)state;
	guard_open(&guard, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i].text);

		check_row(&rows[i], guard_at_end(&guard, text), NOW);
	}
	guard_close(&guard);
}

/* Any beginning of a date is none, and is not read past its end. */
static void
test_cut_short(void **state)
{
	static const char *const dates[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	};
	struct guard guard;
	time_t when;

	(void)state;
	guard_open(&guard, 1);
	for (size_t i = 0; i < 3; i++) {
		struct span text = span_of(dates[i]);

		while (text.size-- > 0)
			assert_int_equal(http_date_parse(guard_at_end(&guard,
							     text),
					     NOW, &when),
			    -1);
	}
	guard_close(&guard);
}

/* RFC 9110 5.6.7: the century follows the clock. */
static void
test_century(void **state)
{
	static const struct {
		time_t now;
		struct row row;
	} centuries[] = {
		/* in 1999, 01 is 2001; in 2099, 2101 */
		{ 940000000,
		    { "", "Monday, 01-Jan-01 00:00:00 GMT", 978307200 } },
		{ 4095700000,
		    { "", "Saturday, 01-Jan-01 00:00:00 GMT", 4133980800 } },
		/* in 2001, 99 is 1999 */
		{ 980000000,
		    { "", "Friday, 01-Jan-99 00:00:00 GMT", 915148800 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(centuries) / sizeof(centuries[0]); i++)
		check_row(&centuries[i].row, span_of(centuries[i].row.text),
		    centuries[i].now);
}

static void
test_format(void **state)
{
	static const struct row written[] = {
		{ "", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "", "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "", "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
		{ "", "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "after all years", "Fri, 31 Dec 9999 23:59:59 GMT",
		    INT64_MAX },
		{ "before all years", "Sat, 01 Jan 0000 00:00:00 GMT",
		    INT64_MIN },
	};
	struct guard guard;
	char *text;

	(void)state;
	guard_open(&guard, HTTP_DATE_SIZE);
	text = guard.data + guard.room - HTTP_DATE_SIZE;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		http_date_format(text, written[i].when);
		assert_memory_equal(text, written[i].text, HTTP_DATE_SIZE);
	}
	guard_close(&guard);
}

/* What is written reads back the same, over four centuries of days. */
static void
test_round_trip(void **state)
{
	char text[HTTP_DATE_SIZE];
	time_t back;

	(void)state;
	for (time_t when = -4000000000; when < 9000000000; when += 86399) {
		http_date_format(text, when);
		assert_int_equal(http_date_parse((struct span){ text,
						     HTTP_DATE_SIZE },
				     NOW, &back),
		    0);
		assert_int_equal(back, when);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_century),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
