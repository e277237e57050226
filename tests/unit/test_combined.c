/* Tests of http/combined: lines of the access log. */
#include "config.h"

#include "http/combined.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/parser.h"

#define WHEN   784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define PREFIX "192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] "

static const struct row {
	const char *request;
	unsigned status;
	uint64_t bytes;
	const char *line;
} rows[] = {
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, 179,
	    PREFIX "\"GET / HTTP/1.1\" 200 179 \"-\" \"-\"\n" },
	{ "HEAD /a?b HTTP/1.0\r\nReferer: http://a/\r\n"
	  "User-Agent: wrk/4 (x)\r\n\r\n",
	    404, 0,
	    PREFIX "\"HEAD /a?b HTTP/1.0\" 404 0 \"http://a/\" "
		   "\"wrk/4 (x)\"\n" },
	{ "GET /\"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: \"\t\xff\r\n\r\n", 200,
	    UINT64_MAX,
	    PREFIX "\"GET /\\x22\\x5c HTTP/1.1\" 200 18446744073709551615 "
		   "\"-\" \"\\x22\\x09\\xff\"\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nReferer:\r\n\r\n", 200, 1,
	    PREFIX "\"GET / HTTP/1.1\" 200 1 \"\" \"-\"\n" },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 20,
	    PREFIX "\"GET / HTTP/2.0\" 505 20 \"-\" \"-\"\n" },
	{ "GET / HTTQ/1.1\r\nHost: a\r\n\r\n", 400, 20,
	    PREFIX "\"GET /\" 400 20 \"-\" \"-\"\n" },
	{ "\x16\x03\x01 / HTTP/1.1\r\n\r\n", 400, 16,
	    PREFIX "\"-\" 400 16 \"-\" \"-\"\n" },
};

/* The record has its very size, up to where memory ends. */
static struct span
make_line(const char *peer, const struct http_request *request,
    const struct row *row, char line[RECORD_LINE_MAX])
{
	struct record *record = malloc(record_size(request));
	struct outcome outcome = { .peer = peer,
		.status = row->status,
		.bytes = row->bytes };
	struct span made;

	assert_non_null(record);
	record_take(record, WHEN * CLOCK_S + CLOCK_S - 1, 0, request);
	made = combined_write(record, &outcome, line);
	free(record);
	return made;
}

static void
assert_line(const char *peer, const struct http_request *request,
    const struct row *row)
{
	static char room[RECORD_LINE_MAX];
	struct span line = make_line(peer, request, row, room);

	assert_int_equal(line.size, strlen(row->line));
	assert_memory_equal(line.data, row->line, line.size);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_request request = { 0 };

		http_request_parse(&request, span_of(rows[i].request), 0);
		print_message("# %s\n", rows[i].line);
		assert_line("192.0.2.1", &request, &rows[i]);
	}
}

/* A head that never came whole, from a client that we could not name. */
static void
test_nothing_known(void **state)
{
	static const struct row row = {
		NULL, 408, 5,
		"- - - [06/Nov/1994:08:49:37 +0000] \"-\" 408 5 \"-\" \"-\"\n"
	};

	(void)state;
	assert_line(NULL, NULL, &row);
}

/* The longest line, whatever the bytes. */
static void
test_long_fields_are_cut(void **state)
{
	static const struct row ok = { NULL, 200, UINT64_MAX, NULL };
	static const struct {
		char fill;
		size_t sent, shown; /* bytes of each of two fields */
	} cases[] = {
		{ 'a', 1025, 1025 },
		{ 'a', 4096, 4096 },
		{ 'a', 4097, 4096 },
		{ 'a', 16000, 4096 },
		{ '"', 1024, 4096 },
		{ '"', 1025, 4096 },
		{ '\xff', 16000, 4096 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static char text[40000], line[RECORD_LINE_MAX];
		static char field[16001];
		struct http_request request = { 0 };
		size_t fixed = strlen(PREFIX) + strlen("\"GET / HTTP/1.1\" "
						       "200 1844674407370955161"
						       "5 \"\" \"\"\n");

		memset(field, cases[i].fill, cases[i].sent);
		field[cases[i].sent] = '\0';
		snprintf(text, sizeof text,
		    "GET / HTTP/1.1\r\nHost: a\r\nReferer: %s\r\n"
		    "User-Agent: %s\r\n\r\n",
		    field, field);
		assert_int_equal(http_request_parse(&request, span_of(text), 0),
		    HTTP_OK);
		assert_int_equal(make_line("192.0.2.1", &request, &ok, line)
				     .size,
		    fixed + 2 * cases[i].shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_long_fields_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
