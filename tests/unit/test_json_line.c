/* Tests of http/json_line: lines of the access log as JSON. */
#include "config.h"

#include "http/json_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/parser.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, and less than 2 us more. */
#define WHEN  (784111777 * CLOCK_S + 1999)
#define START "{\"time\":\"1994-11-06T08:49:37.000001Z\""

/* A line is written to memory that ends where its room does. */
static char *
make_line(const struct http_request *request, int64_t wall,
    const struct outcome *outcome)
{
	struct record *record = malloc(record_size(request));
	char *room = malloc(RECORD_LINE_MAX);
	struct span made;
	char *line;

	assert_non_null(record);
	assert_non_null(room);
	record_take(record, wall, 0, request);
	made = json_line_write(record, outcome, room);
	assert_ptr_equal(made.data, room);
	assert_in_range(made.size, 1, RECORD_LINE_MAX);
	assert_null(memchr(room, '\0', made.size));
	line = strndup(made.data, made.size);
	assert_non_null(line);
	free(record);
	free(room);
	return line;
}

static void
parse(struct http_request *request, const char *text)
{
	*request = (struct http_request){ 0 };
	http_request_parse(request, span_of(text), 0);
}

/* An outcome of which nothing more is known. */
#define PLAIN                                                    \
 .status = 200, .sleep = RECORD_NO_TIME, .late = RECORD_NO_TIME, \
 .queued = RECORD_NO_TIME
#define PLAIN_TEXT \
 "\"status\":200,\"bytes\":0,\"seconds\":0.000000,\"worker\":0"

/* What the members are, and when they are missing. */
static const struct row {
	const char *request; /* NULL: none that could be read */
	struct outcome outcome;
	const char *members; /* behind the time */
} rows[] = {
	{ NULL, { PLAIN }, PLAIN_TEXT },
	{ "\x16\x03\x01 / HTTP/1.1\r\n\r\n", { PLAIN }, PLAIN_TEXT },
	{ "GET / HTTQ/1.1\r\nHost: a\r\n\r\n", { PLAIN },
	    "\"method\":\"GET\",\"target\":\"/\"," PLAIN_TEXT },
	{ "HEAD /a?b HTTP/1.0\r\nReferer: http://a/\r\n"
	  "User-Agent:\r\n\r\n",
	    { PLAIN, .peer = "192.0.2.1" },
	    "\"peer\":\"192.0.2.1\",\"method\":\"HEAD\","
	    "\"target\":\"/a?b\",\"version\":\"HTTP/1.0\"," PLAIN_TEXT
	    ",\"referer\":\"http://a/\",\"user_agent\":\"\"" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n",
	    { .peer = "unix",
		.status = 499,
		.bytes = UINT64_MAX,
		.lasted = INT64_MAX,
		.sleep = INT64_MAX,
		.late = INT64_MAX,
		.queued = INT64_MAX,
		.left = true,
		.worker = UINT32_MAX,
		.request = UINT32_MAX,
		.connection = UINT64_MAX,
		.did = SPAN("{\"status\":499}") },
	    "\"peer\":\"unix\",\"method\":\"GET\",\"target\":\"/\","
	    "\"version\":\"HTTP/1.1\",\"status\":499,"
	    "\"bytes\":18446744073709551615,\"seconds\":9223372036.854775,"
	    "\"sleep_ms\":9223372036854.775,\"late_ms\":9223372036854.775,"
	    "\"queue_ms\":9223372036854.775,"
	    "\"did\":{\"status\":499},\"left\":9223372036.854775,"
	    "\"worker\":4294967295,\"connection\":18446744073709551615,"
	    "\"request\":4294967295,\"user_agent\":\"x\"" },
	/* each member alone */
	{ NULL, { PLAIN, .bytes = 10 },
	    "\"status\":200,\"bytes\":10,\"seconds\":0.000000,\"worker\":0" },
	{ NULL, { PLAIN, .lasted = CLOCK_S + 20300 },
	    "\"status\":200,\"bytes\":0,\"seconds\":1.000020,\"worker\":0" },
	{ NULL,
	    { .status = 200,
		.sleep = 0,
		.late = RECORD_NO_TIME,
		.queued = RECORD_NO_TIME },
	    "\"status\":200,\"bytes\":0,\"seconds\":0.000000,"
	    "\"sleep_ms\":0.000,\"worker\":0" },
	{ NULL,
	    { .status = 200,
		.sleep = 250 * CLOCK_MS,
		.late = 50999,
		.queued = RECORD_NO_TIME },
	    "\"status\":200,\"bytes\":0,\"seconds\":0.000000,"
	    "\"sleep_ms\":250.000,\"late_ms\":0.050,\"worker\":0" },
	{ NULL,
	    { .status = 200,
		.sleep = RECORD_NO_TIME,
		.late = RECORD_NO_TIME,
		.queued = 0 },
	    "\"status\":200,\"bytes\":0,\"seconds\":0.000000,"
	    "\"queue_ms\":0.000,\"worker\":0" },
	{ NULL, { PLAIN, .left = true, .lasted = 1001000 },
	    "\"status\":200,\"bytes\":0,\"seconds\":0.001001,"
	    "\"left\":0.001001,\"worker\":0" },
	{ NULL, { PLAIN, .connection = 7 }, PLAIN_TEXT ",\"connection\":7" },
	{ NULL, { PLAIN, .request = 9 }, PLAIN_TEXT ",\"request\":9" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct http_request request;
		char *line, wanted[1024];

		if (row->request != NULL)
			parse(&request, row->request);
		snprintf(wanted, sizeof wanted, START ",%s}\n", row->members);
		line = make_line(row->request != NULL ? &request : NULL, WHEN,
		    &row->outcome);
		assert_string_equal(line, wanted);
		free(line);
	}
}

static void
test_times(void **state)
{
	static const struct {
		int64_t wall;
		const char *start;
	} cases[] = {
		{ 0, "{\"time\":\"1970-01-01T00:00:00.000000Z\"" },
		{ 951782400 * CLOCK_S + 999999999,
		    "{\"time\":\"2000-02-29T00:00:00.999999Z\"" },
		{ INT64_MAX, "{\"time\":\"2262-04-11T23:47:16.854775Z\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct outcome outcome = { PLAIN };
		char *line = make_line(NULL, cases[i].wall, &outcome);

		assert_memory_equal(line, cases[i].start,
		    strlen(cases[i].start));
		free(line);
	}
}

/* A User-Agent as it comes, and as it is written. */
static const struct escape {
	const char *sent, *written;
} escapes[] = {
	{ " !#[]^~/", "!#[]^~/" }, /* the parser drops the space */
	{ "a b", "a b" },
	{ "\"", "\\\"" },
	{ "\\", "\\\\" },
	{ "\\u0041", "\\\\u0041" },
	{ "a\tb", "a\\u0009b" },
	/* the least and the greatest of each size, and of what is in between */
	{ "\xc2\x80", "\\u0080" },
	{ "\xc3\xa9", "\\u00e9" },
	{ "\xdf\xbf", "\\u07ff" },
	{ "\xe0\xa0\x80", "\\u0800" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029" },
	{ "\xed\x9f\xbf", "\\ud7ff" },
	{ "\xee\x80\x80", "\\ue000" },
	{ "\xef\xbf\xbd", "\\ufffd" },
	{ "\xef\xbf\xbf", "\\uffff" },
	{ "\xf0\x90\x80\x80", "\\ud800\\udc00" },
	{ "\xf0\x9f\x98\x80", "\\ud83d\\ude00" },
	{ "\xf4\x8f\xbf\xbf", "\\udbff\\udfff" },
	/* overlong, surrogates, beyond Unicode */
	{ "\xc0\x80", "\\ufffd\\ufffd" },
	{ "\xc1\xbf", "\\ufffd\\ufffd" },
	{ "\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xbf\xbf", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xf8\x88\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xff\xfe", "\\ufffd\\ufffd" },
	/* a part alone, at the end, and with something else behind it */
	{ "\x80", "\\ufffd" },
	{ "\xbf\xbf", "\\ufffd\\ufffd" },
	{ "a\xc3", "a\\ufffd" },
	{ "\xe2\x80", "\\ufffd\\ufffd" },
	{ "\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd" },
	{ "\xc3\"", "\\ufffd\\\"" },
	{ "\xe2\x80z", "\\ufffd\\ufffdz" },
	{ "\xf0\x9f\xc3\xa9", "\\ufffd\\ufffd\\u00e9" },
};

/* Returns the line of a request with this User-Agent. */
static char *
make_line_of(const char *agent)
{
	static char text[40000];
	struct http_request request;
	struct outcome outcome = { PLAIN };

	snprintf(text, sizeof text,
	    "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: %s\r\n\r\n", agent);
	parse(&request, text);
	assert_int_equal(request.status, 0);
	return make_line(&request, WHEN, &outcome);
}

/* The User-Agent comes last: ,"user_agent":"..."}. */
static void
assert_agent(const char *line, const char *wanted)
{
	static const char name[] = ",\"user_agent\":\"";
	const char *found = strstr(line, name);

	assert_non_null(found);
	found += sizeof name - 1;
	assert_int_equal(strlen(found), strlen(wanted) + strlen("\"}\n"));
	assert_memory_equal(found, wanted, strlen(wanted));
	assert_string_equal(found + strlen(wanted), "\"}\n");
}

static void
test_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		char *line = make_line_of(escapes[i].sent);

		print_message("# %s\n", escapes[i].written);
		assert_agent(line, escapes[i].written);
		free(line);
	}
}

/* The parser lets none of these by; a record with them has a line all the same. */
static void
test_controls(void **state)
{
	struct outcome outcome = { PLAIN };

	(void)state;
	for (int c = 0; c < 0x100; c++) {
		char byte = (char)c, wanted[64], *line;
		struct http_request request = { .target = { &byte, 1 } };

		if (c >= ' ' && c < 0x7f)
			continue;
		snprintf(wanted, sizeof wanted, "\"target\":\"\\u%04x\"",
		    c < 0x80 ? (unsigned)c : 0xfffdU);
		line = make_line(&request, WHEN, &outcome);
		assert_non_null(strstr(line, wanted));
		free(line);
	}
}

/* Writes the same text so many times. */
static void
repeat(char *out, const char *text, size_t count)
{
	*out = '\0';
	while (count-- > 0)
		out = stpcpy(out, text);
}

/* Neither an escape nor a character is cut. */
static void
test_long_fields_are_cut(void **state)
{
	static const struct {
		const char *sent;
		size_t count;
		const char *written;
		size_t times;
	} cases[] = {
		{ "a", 4096, "a", 4096 },
		{ "a", 4097, "a", 4096 },
		{ "\"", 1024, "\\\"", 1024 },
		{ "\"", 16000, "\\\"", 1024 },
		{ "\xc3\xa9", 512, "\\u00e9", 512 },
		{ "\xc3\xa9", 8000, "\\u00e9", 512 },
		{ "\xf0\x9f\x98\x80", 4000, "\\ud83d\\ude00", 256 },
		{ "\xe2\x80\xa8", 342, "\\u2028", 341 },
		{ "\xc3\xa9-", 900, "\\u00e9-", 455 },
		{ "\xff", 682, "\\ufffd", 682 },
		{ "\xff", 683, "\\ufffd", 682 },
		{ "\xff", 16000, "\\ufffd", 682 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static char sent[20000], wanted[20000];
		char *line;

		repeat(sent, cases[i].sent, cases[i].count);
		repeat(wanted, cases[i].written, cases[i].times);
		line = make_line_of(sent);
		assert_agent(line, wanted);
		free(line);
	}
}

/* The longest line there is: all members, and all of them long. */
static void
test_longest_line(void **state)
{
	static char field[8001], did[RECORD_DID_MAX + 1];
	char name[100], peer[46 * 6 + 1]; /* longer than any, and as shown */
	struct span text = { field, sizeof field - 1 };
	struct http_request request = { .method_name = text,
		.target = text,
		.version = SPAN("HTTP/1.1") };
	struct outcome outcome = rows[4].outcome;
	char *line;

	(void)state;
	memset(field, 'x', sizeof field - 1);
	memset(name, 0x7f, sizeof name - 1);
	name[sizeof name - 1] = '\0';
	request.fields[0] = (struct http_field){ HTTP_FIELD_REFERER,
		SPAN("Referer"), text };
	request.fields[1] = (struct http_field){ HTTP_FIELD_USER_AGENT,
		SPAN("User-Agent"), text };
	request.present = HTTP_FIELD_BIT(HTTP_FIELD_REFERER) |
			  HTTP_FIELD_BIT(HTTP_FIELD_USER_AGENT);
	request.field_count = 2;
	snprintf(did, sizeof did, "{\"did\":\"%.*s\"}", RECORD_DID_MAX - 10,
	    field);
	outcome.peer = name;
	outcome.did = span_of(did);
	assert_int_equal(outcome.did.size, RECORD_DID_MAX);
	line = make_line(&request, INT64_MAX, &outcome);
	assert_in_range(strlen(line), 4 * RECORD_FIELD_MAX + RECORD_DID_MAX,
	    RECORD_LINE_MAX);
	assert_non_null(strstr(line, did));
	repeat(peer, "\\u007f", 46); /* of the longest address */
	assert_non_null(strstr(line, peer));
	assert_memory_equal(strstr(line, peer) + strlen(peer), "\",\"method",
	    9);
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_long_fields_are_cut),
		cmocka_unit_test(test_longest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
