/* The fields of requests that a journal shows: which, and how they are written. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/parser.h"
#include "http/record.h"

static void
test_lists(void **state)
{
	static const char *const fine[] = { "*", "a", "Accept,X-Request-Id",
		"a,b,c", "a,*" };
	static const char *const faulty[] = { "", ",", "a,", ",a", "a,,b",
		"a b", "a:", "a, b", "\xc3\xa9", "a,\"b\"" };

	(void)state;
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		assert_true(record_fields_check(fine[i]));
	for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++)
		assert_false(record_fields_check(faulty[i]));
}

#define HEAD "GET / HTTP/1.1\r\nHost: h\r\n"

static const struct {
	const char *list, *head, *text;
} rows[] = {
	{ "*", HEAD "\r\n", ",\"fields\":[[\"Host\",\"h\"]]" },
	{ "a", HEAD "\r\n", ",\"fields\":[]" },
	{ "HOST", HEAD "\r\n", ",\"fields\":[[\"Host\",\"h\"]]" },
	{ "x,a", HEAD "A: 1\r\nB: 2\r\nX: 3\r\na:\r\n\r\n",
	    ",\"fields\":[[\"A\",\"1\"],[\"X\",\"3\"],[\"a\",\"\"]]" },
	{ "ab,b", HEAD "a: 1\r\nabc: 2\r\nb: 3\r\n\r\n",
	    ",\"fields\":[[\"b\",\"3\"]]" },
	{ "a", HEAD "a: \"\\\xc3\xa9\t.\r\n\r\n",
	    ",\"fields\":[[\"a\",\"\\\"\\\\\\u00c3\\u00a9\\u0009.\"]]" },
	/* heads that could not be read */
	{ "*", "GET / HTTP/1.1\r\n\r\n", "" },
	{ "*", "GET / HTTP/1.1\r\nHost: h\r\nb b: c\r\n\r\n", "" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static char out[RECORD_FIELDS_TEXT_MAX];
		struct http_request request = { 0 };
		struct span text;

		http_request_parse(&request, span_of(rows[i].head), 0);
		text = record_fields_write(&request, rows[i].list, out);
		assert_int_equal(text.size, strlen(rows[i].text));
		assert_memory_equal(text.data, rows[i].text, text.size);
	}
	assert_int_equal(record_fields_write(NULL, "*", NULL).size, 0);
}

/* One field of each size around the room: it is there whole, or counted. */
static void
test_room(void **state)
{
	static char head[HTTP_HEAD_MAX], out[RECORD_FIELDS_TEXT_MAX];
	bool was_whole = true;

	(void)state;
	for (int size = 16000; size < 17000; size++) {
		struct http_request request = { 0 };
		struct span text;
		bool whole;

		snprintf(head, sizeof head, HEAD "B: 1\r\nA: %0*d\r\n\r\n",
		    size, 0);
		assert_int_equal(http_request_parse(&request, span_of(head), 0),
		    HTTP_OK);
		text = record_fields_write(&request, "a,b", out);
		assert_in_range(text.size, 1, sizeof out);
		whole = text.size > (size_t)size;
		assert_true(was_whole || !whole);
		was_whole = whole;
		if (whole) {
			assert_int_equal(text.size,
			    (size_t)size + strlen(",\"fields\":[[\"B\",\"1\"],"
						  "[\"A\",\"\"]]"));
			continue;
		}
		assert_memory_equal(text.data,
		    ",\"fields\":[[\"B\",\"1\"]],\"fields_left_out\":1",
		    text.size);
	}
	assert_false(was_whole);
}

/* What is shown lies behind the record's fields, whatever these are. */
static void
test_in_a_record(void **state)
{
	const struct span shown = SPAN(",\"fields\":[]");
	struct http_request request = { 0 };
	struct record *record;
	struct span fields[RECORD_FIELDS];

	(void)state;
	http_request_parse(&request, span_of(HEAD "User-Agent: curl\r\n\r\n"),
	    0);
	record = malloc(record_size(&request) + shown.size);
	record_take(record, 1, 1, &request);
	assert_int_equal(record_shown(record).size, 0);
	record_take_shown(record, shown);
	assert_int_equal(record_shown(record).size, shown.size);
	assert_memory_equal(record_shown(record).data, shown.data, shown.size);
	record_find(record, fields);
	assert_memory_equal(fields[RECORD_AGENT].data, "curl", 4);
	free(record);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_in_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
