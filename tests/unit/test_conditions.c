/* Tests of http/conditions. */
#include "config.h"

#include "http/conditions.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/date.h"
#include "parsing.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Validators of the representation, and times about them. */
#define ETAG   "\"v1\""
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME   "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"
#define BAD    "Sun, 31 Feb 1994 08:49:37 GMT"

#define MODIFIED ((time_t)784111777)
#define NOW      (MODIFIED + 60)

#define IM(value)  "If-Match: " value "\r\n"
#define IUS(value) "If-Unmodified-Since: " value "\r\n"
#define INM(value) "If-None-Match: " value "\r\n"
#define IMS(value) "If-Modified-Since: " value "\r\n"
#define IR(value)  "If-Range: " value "\r\n"
#define RANGE      "Range: bytes=0-1\r\n"

static const struct http_validators validators = {
	.etag = { ETAG, sizeof(ETAG) - 1 },
	.modified = MODIFIED,
};

enum {
	HOLDS = HTTP_CONDITION_HOLDS,
	NOT_MODIFIED = HTTP_CONDITION_NOT_MODIFIED,
	FAILED = HTTP_CONDITION_FAILED,
};

#define ROW_OF(name, lines, wanted) \
 {                                  \
  name, FIELDS(lines), wanted       \
 }

struct row {
	const char *name;
	const char *head;
	int wanted;
};

static const struct row rows[] = {
	ROW_OF("13.2.2 none", "", HOLDS),
	ROW_OF("13.2.2 others", "If-Range: \"x\"\r\nIf: x\r\n", HOLDS),

	ROW_OF("13.1.1 the same", IM(ETAG), HOLDS),
	ROW_OF("13.1.1 another", IM("\"v2\""), FAILED),
	ROW_OF("13.1.1 strong comparison", IM("W/" ETAG), FAILED),
	ROW_OF("13.1.1 in a list", IM("\"v2\", " ETAG), HOLDS),
	ROW_OF("13.1.1 not in a list", IM("\"v2\", \"v3\""), FAILED),
	ROW_OF("13.1.1 in several lines", IM("\"v2\"") IM(ETAG), HOLDS),
	ROW_OF("13.1.1 in none of them", IM("\"v2\"") IM("\"v3\""), FAILED),
	ROW_OF("13.1.1 any", IM("*"), HOLDS),
	ROW_OF("13.1.1 malformed", IM("v1"), FAILED),
	ROW_OF("13.1.1 empty", IM(""), FAILED),

	ROW_OF("13.1.4 same", IUS(SAME), HOLDS),
	ROW_OF("13.1.4 later", IUS(AFTER), HOLDS),
	ROW_OF("13.1.4 earlier", IUS(BEFORE), FAILED),
	ROW_OF("13.1.4 RFC 850", IUS("Sunday, 06-Nov-94 08:49:36 GMT"), FAILED),
	ROW_OF("13.1.4 asctime", IUS("Sun Nov  6 08:49:36 1994"), FAILED),
	ROW_OF("13.1.4 malformed", IUS(BAD), HOLDS),
	ROW_OF("13.1.4 empty", IUS(""), HOLDS),
	ROW_OF("13.1.4 two lines", IUS(BEFORE) IUS(BEFORE), HOLDS),
	ROW_OF("13.1.4 two in a line", IUS(BEFORE ", " BEFORE), HOLDS),
	ROW_OF("13.1.4 after If-Match", IM(ETAG) IUS(BEFORE), HOLDS),
	ROW_OF("13.1.4 before If-Match", IUS(BEFORE) IM(ETAG), HOLDS),
	ROW_OF("13.1.4 not instead of it", IM("x") IUS(SAME), FAILED),

	ROW_OF("13.1.2 the same", INM(ETAG), NOT_MODIFIED),
	ROW_OF("13.1.2 another", INM("\"v2\""), HOLDS),
	ROW_OF("13.1.2 weak comparison", INM("W/" ETAG), NOT_MODIFIED),
	ROW_OF("13.1.2 in a list", INM("\"v2\", " ETAG), NOT_MODIFIED),
	ROW_OF("13.1.2 several lines", INM("\"v2\"") INM(ETAG), NOT_MODIFIED),
	ROW_OF("13.1.2 none of them", INM("\"v2\"") INM("\"v3\""), HOLDS),
	ROW_OF("13.1.2 any", INM("*"), NOT_MODIFIED),
	ROW_OF("13.1.2 malformed", INM("v1"), HOLDS),
	ROW_OF("13.1.2 a malformed line", INM("v1") INM(ETAG), NOT_MODIFIED),
	ROW_OF("13.1.2 empty", INM(""), HOLDS),

	ROW_OF("13.1.3 same", IMS(SAME), NOT_MODIFIED),
	ROW_OF("13.1.3 later", IMS(AFTER), NOT_MODIFIED),
	ROW_OF("13.1.3 earlier", IMS(BEFORE), HOLDS),
	ROW_OF("13.1.3 RFC 850", IMS("Sunday, 06-Nov-94 08:49:37 GMT"),
	    NOT_MODIFIED),
	ROW_OF("13.1.3 asctime", IMS("Sun Nov  6 08:49:37 1994"), NOT_MODIFIED),
	ROW_OF("13.1.3 malformed", IMS(BAD), HOLDS),
	ROW_OF("13.1.3 two lines", IMS(SAME) IMS(SAME), HOLDS),
	ROW_OF("13.1.3 with If-None-Match", INM("\"v2\"") IMS(SAME), HOLDS),
	ROW_OF("13.1.3 with a malformed one", INM("v1") IMS(SAME), HOLDS),
	ROW_OF("13.1.3 not instead of it", INM(ETAG) IMS(BEFORE), NOT_MODIFIED),

	ROW_OF("13.2.2 412 first", INM(ETAG) IM("\"v2\""), FAILED),
	ROW_OF("13.2.2 412 first", IMS(SAME) IUS(BEFORE), FAILED),
	ROW_OF("13.2.2 412 first", INM(ETAG) IUS(BEFORE), FAILED),
	ROW_OF("13.2.2 then 304", IM(ETAG) INM(ETAG), NOT_MODIFIED),
	ROW_OF("13.2.2 then 304", IUS(SAME) IMS(SAME), NOT_MODIFIED),
	ROW_OF("13.2.2 then neither", IM(ETAG) INM("\"v2\""), HOLDS),
};

static const struct row if_range_rows[] = {
	ROW_OF("13.1.5 none", RANGE, true),
	ROW_OF("13.1.5 the same", RANGE IR(ETAG), true),
	ROW_OF("13.1.5 another", RANGE IR("\"v2\""), false),
	ROW_OF("13.1.5 its beginning", RANGE IR("\"v1"), false),
	ROW_OF("13.1.5 strong comparison", RANGE IR("W/" ETAG), false),
	ROW_OF("13.1.5 a list", RANGE IR(ETAG ", " ETAG), false),
	ROW_OF("13.1.5 any", RANGE IR("*"), false),
	ROW_OF("13.1.5 empty", RANGE IR(""), false),
	ROW_OF("13.1.5 two lines", RANGE IR(ETAG) IR(ETAG), false),
	ROW_OF("13.1.5 date", RANGE IR(SAME), true),
	ROW_OF("13.1.5 RFC 850", RANGE IR("Sunday, 06-Nov-94 08:49:37 GMT"),
	    true),
	ROW_OF("13.1.5 asctime", RANGE IR("Sun Nov  6 08:49:37 1994"), true),
	ROW_OF("13.1.5 earlier", RANGE IR(BEFORE), false),
	ROW_OF("13.1.5 later", RANGE IR(AFTER), false),
	ROW_OF("13.1.5 malformed", RANGE IR(BAD), false),
	ROW_OF("14.2 two lines", RANGE RANGE, false),
	ROW_OF("14.2 two lines", RANGE RANGE IR(ETAG), false),
};

static void
test_check(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		int result = (int)
		    http_conditions_check(parsing_make_request(*state,
					      rows[i].head),
			&validators, NOW);

		if (result != rows[i].wanted)
			fail_msg("%s: %s: %d", rows[i].name, rows[i].head,
			    result);
	}
}

static void
test_if_range(void **state)
{
	for (size_t i = 0; i < COUNT(if_range_rows); i++) {
		const struct row *row = &if_range_rows[i];
		bool result = http_if_range_holds(parsing_make_request(*state,
						      row->head),
		    &validators, NOW);

		if (result != row->wanted)
			fail_msg("%s: %s: %d", row->name, row->head, result);
	}
}

/* RFC 9110 13.1.3, 13.1.4: without Last-Modified dates say nothing, nor is any of
 * them that of an If-Range. */
static void
test_no_date(void **state)
{
	static const struct http_validators undated = {
		.etag = { ETAG, sizeof(ETAG) - 1 },
		.modified = HTTP_DATE_NONE,
	};
	static const struct row dated[] = {
		ROW_OF("earlier", IUS(BEFORE), HOLDS),
		ROW_OF("later", IMS(AFTER), HOLDS),
		ROW_OF("first", IMS("Sat, 01 Jan 0000 00:00:00 GMT"), HOLDS),
		ROW_OF("with a tag", IM("x") IUS(AFTER), FAILED),
		ROW_OF("with a tag", INM(ETAG) IMS(BEFORE), NOT_MODIFIED),
	};

	for (size_t i = 0; i < COUNT(dated); i++) {
		int result = (int)
		    http_conditions_check(parsing_make_request(*state,
					      dated[i].head),
			&undated, NOW);

		if (result != dated[i].wanted)
			fail_msg("%s: %s: %d", dated[i].name, dated[i].head,
			    result);
	}
	assert_false(http_if_range_holds(parsing_make_request(*state,
					     FIELDS(RANGE IR(SAME))),
	    &undated, NOW));
	assert_true(http_if_range_holds(parsing_make_request(*state,
					    FIELDS(RANGE IR(ETAG))),
	    &undated, NOW));
}

/* RFC 9110 8.8.2.2: a date is strong from the next second on. */
static void
test_strong_date(void **state)
{
	const struct http_request *request = parsing_make_request(*state,
	    FIELDS(RANGE IR(SAME)));

	assert_true(http_if_range_holds(request, &validators, MODIFIED + 1));
	assert_false(http_if_range_holds(request, &validators, MODIFIED));
	assert_false(http_if_range_holds(request, &validators, MODIFIED - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_if_range),
		cmocka_unit_test(test_strong_date),
		cmocka_unit_test(test_no_date),
	};

	return cmocka_run_group_tests_name("conditions", tests, parsing_open,
	    parsing_close);
}
