/* Tests of http/response: heads are complete, exact, and never overrun. */
#include "config.h"

#include "http/response.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "guard.h"

static void
compose(struct http_head *head, char *data, size_t room)
{
	http_head_begin(head, data, room, 206);
	http_head_field(head, "Content-Type", SPAN("text/html"));
	http_head_number(head, "Content-Length", UINT64_MAX);
	http_head_printf(head, "Content-Range", "bytes %d-%d/%s", 0, 9, "*");
	http_head_field(head, "X-Empty", SPAN(""));
	http_head_end(head);
}

static const char composed[] = "HTTP/1.1 206 Partial Content\r\n"
			       "Content-Type: text/html\r\n"
			       "Content-Length: 18446744073709551615\r\n"
			       "Content-Range: bytes 0-9/*\r\n"
			       "X-Empty: \r\n"
			       "\r\n";

/* RFC 9112 4, 5: each line ends in CRLF, the head in an empty one. */
static void
test_head_is_exact(void **state)
{
	struct http_head head;
	char data[512];

	(void)state;
	compose(&head, data, sizeof(data));
	assert_false(head.overflow);
	assert_int_equal(head.size, sizeof(composed) - 1);
	assert_memory_equal(head.data, composed, head.size);
}

/* In any smaller room: whole lines, no byte past the room, and the mark. */
static void
test_every_room(void **state)
{
	struct guard guard;
	struct http_head head;

	(void)state;
	guard_open(&guard, sizeof(composed));
	for (size_t room = 0; room < sizeof(composed); room++) {
		compose(&head, guard.data + guard.room - room, room);
		assert_int_equal(head.overflow, room < sizeof(composed) - 1);
		assert_true(head.size <= room);
		assert_memory_equal(head.data, composed, head.size);
		if (head.size > 0)
			assert_int_equal(head.data[head.size - 1], '\n');
	}
	guard_close(&guard);
}

/* After a line that did not fit, a shorter one is not written either. */
static void
test_overflow_stays(void **state)
{
	struct http_head head;
	char data[32];

	(void)state;
	http_head_begin(&head, data, sizeof(data), 200);
	http_head_field(&head, "X-Long", SPAN("0123456789abcdef"));
	assert_true(head.overflow);
	http_head_end(&head);
	assert_int_equal(head.size, sizeof("HTTP/1.1 200 OK\r\n") - 1);
}

/* RFC 9110 15: what is asked for is what is on the list; each status that
 * somebody may ask for has a phrase. */
static void
test_reasons(void **state)
{
	static const struct {
		unsigned status;
		const char *reason;
	} rows[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 304, "Not Modified" },
		{ 404, "Not Found" },
		{ 413, "Content Too Large" },
		{ 431, "Request Header Fields Too Large" },
		{ 418, "Unknown" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 511, "Network Authentication Required" },
		{ 599, "Unknown" },
		{ 999, "Unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(http_reason(rows[i].status),
		    rows[i].reason);
}

/* Heads before and behind: what is taken out, or replaced. A status line looks like
 * no field, whatever it says. */
static const struct replace_row {
	const char *lines; /* that replace those with their names */
	const char *head;
} replaced[] = {
	{ "", "HTTP/1.1 200 OK\r\nA: 1\r\nBb: 2\r\nA: 3\r\n" },
	{ "C: 4\r\n", "HTTP/1.1 200 OK\r\nA: 1\r\nBb: 2\r\nA: 3\r\nC: 4\r\n" },
	{ "A: 4\r\n", "HTTP/1.1 200 OK\r\nBb: 2\r\nA: 4\r\n" },
	{ "bB:4\r\n", "HTTP/1.1 200 OK\r\nA: 1\r\nA: 3\r\nbB:4\r\n" },
	{ "B: 4\r\n", "HTTP/1.1 200 OK\r\nA: 1\r\nBb: 2\r\nA: 3\r\nB: 4\r\n" },
	{ "a: 4\r\na: 5\r\nbb: 6\r\n",
	    "HTTP/1.1 200 OK\r\na: 4\r\na: 5\r\nbb: 6\r\n" },
	{ "HTTP/1.1 200 OK: 4\r\n",
	    "HTTP/1.1 200 OK\r\nA: 1\r\nBb: 2\r\nA: 3\r\n"
	    "HTTP/1.1 200 OK: 4\r\n" },
};

static void
test_replace(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(replaced) / sizeof(*replaced); i++) {
		const struct replace_row *row = &replaced[i];
		struct http_head head;
		char data[256];

		http_head_begin(&head, data, sizeof(data), 200);
		http_head_field(&head, "A", SPAN("1"));
		http_head_field(&head, "Bb", SPAN("2"));
		http_head_field(&head, "A", SPAN("3"));
		http_head_replace(&head, span_of(row->lines));
		assert_false(head.overflow);
		assert_int_equal(head.size, strlen(row->head));
		assert_memory_equal(data, row->head, head.size);
	}
}

static void
test_remove(void **state)
{
	static const char left[] = "HTTP/1.1 200 OK\r\nBb: A: 2\r\n";
	struct http_head head;
	char data[256];

	(void)state;
	http_head_begin(&head, data, sizeof(data), 200);
	http_head_field(&head, "A", SPAN("1"));
	http_head_field(&head, "Bb", SPAN("A: 2"));
	http_head_field(&head, "A", SPAN(""));
	http_head_remove(&head, SPAN("a"));
	http_head_remove(&head, SPAN("HTTP/1.1 200 OK"));
	http_head_remove(&head, SPAN(""));
	assert_int_equal(head.size, sizeof(left) - 1);
	assert_memory_equal(data, left, head.size);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_is_exact),
		cmocka_unit_test(test_every_room),
		cmocka_unit_test(test_overflow_stays),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
