/* Tests of http/combined: lines of the access log. */
#include "config.h"

#include "http/combined.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 20,
	    PREFIX "\"GET / HTTP/2.0\" 505 20 \"-\" \"-\"\n" },
	{ "GET / HTTQ/1.1\r\nHost: a\r\n\r\n", 400, 20,
	    PREFIX "\"GET /\" 400 20 \"-\" \"-\"\n" },
	{ "\x16\x03\x01 / HTTP/1.1\r\n\r\n", 400, 16,
	    PREFIX "\"-\" 400 16 \"-\" \"-\"\n" },
};

static void
assert_line(struct combined *record, const struct row *row)
{
	struct span line = combined_line(record, row->status, row->bytes);

	assert_int_equal(line.size, strlen(row->line));
	assert_memory_equal(line.data, row->line, line.size);
	free(record);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_request request = { 0 };

		http_request_parse(&request, span_of(rows[i].request), 0);
		print_message("# %s\n", rows[i].line);
		assert_line(combined_take("192.0.2.1", WHEN, &request),
		    &rows[i]);
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
	assert_line(combined_take(NULL, WHEN, NULL), &row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
