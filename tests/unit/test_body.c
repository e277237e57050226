/*
 * Tests of http/body: what its content is and where it ends, the same for every
 * split, and not a byte further.
 */
#include "config.h"

#include "http/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"

#define LIMIT 1000

/* What an input comes to: 200 for a whole body, 0 for more to come; and the content
 * that is read until then. */
struct row {
	const char *name;
	struct span input;
	unsigned verdict;
	struct span content;
};

#define ROW(name, input, verdict, content)     \
 {                                             \
  name, { input, sizeof(input) - 1 }, verdict, \
  {                                            \
   content, sizeof(content) - 1                \
  }                                            \
 }

/* What has been read of an input. */
struct outcome {
	unsigned verdict;
	size_t used;
	size_t size; /* bytes of `content` */
	char content[LIMIT];
};

static const struct row chunked_rows[] = {
	ROW("7.1 a chunk", "5\r\nhello\r\n0\r\n\r\n", 200, "hello"),
	ROW("7.1 two", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", 200, "abc"),
	ROW("7.1 none", "0\r\n\r\n", 200, ""),
	ROW("7.1 hex", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 200,
	    "01234567890123456789"),
	ROW("7.1 leading zeros", "0005\r\nhello\r\n000\r\n\r\n", 200, "hello"),
	ROW("7.1 16 digits", "0000000000000001\r\na\r\n0\r\n\r\n", 200, "a"),
	ROW("7.1 any octet", "4\r\n\0\r\n\xff\r\n0\r\n\r\n", 200, "\0\r\n\xff"),
	ROW("7.1 not yet", "5\r\nhello\r\n0\r\n\r", 0, "hello"),
	ROW("7.1 not yet", "5\r\nhel", 0, "hel"),
	ROW("7.1 nothing", "", 0, ""),

	ROW("7.1 17 digits", "00000000000000001\r\na\r\n0\r\n\r\n", 400, ""),
	ROW("7.1 2^63-1", "7fffffffffffffff\r\n", 413, ""),
	ROW("7.1 2^63", "8000000000000000\r\n", 400, ""),
	ROW("7.1 2^64", "10000000000000000\r\n", 400, ""),
	ROW("7.1 no digit", "\r\n\r\n", 400, ""),
	ROW("7.1 no hex digit", "g\r\n", 400, ""),
	ROW("7.1 0x", "0x5\r\nhello\r\n", 400, ""),
	ROW("7.1 a sign", "+5\r\nhello\r\n", 400, ""),
	ROW("7.1 negative", "-5\r\nhello\r\n", 400, ""),
	ROW("7.1 underscore", "1_0\r\nhello\r\n", 400, ""),
	ROW("7.1 space before", " 5\r\nhello\r\n", 400, ""),
	ROW("7.1 space after", "5 \r\nhello\r\n", 400, ""),
	ROW("7.1 space within", "5 5\r\nhello\r\n", 400, ""),
	ROW("7.1 bare LF after the size", "5\nhello\r\n", 400, ""),
	ROW("7.1 bare CR after the size", "5\rhello\r\n", 400, ""),
	ROW("7.1 CR twice", "5\r\r\nhello\r\n", 400, ""),
	ROW("7.1 chunk too long", "5\r\nhello!\r\n", 400, "hello"),
	ROW("7.1 chunk too short", "5\r\nhell\r\n0\r\n\r\n", 400, "hell\r"),
	ROW("7.1 bare LF after a chunk", "5\r\nhello\n0\r\n\r\n", 400, "hello"),
	ROW("7.1 bare CR after a chunk", "5\r\nhello\r0\r\n\r\n", 400, "hello"),
	ROW("7.1 nothing after a chunk", "5\r\nhello0\r\n\r\n", 400, "hello"),
	ROW("7.1 bare LF ends", "0\r\n\n", 400, ""),
	ROW("7.1 bare CR ends", "0\r\n\r0", 400, ""),

	ROW("7.1.1 extension", "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n", 200,
	    "hello"),
	ROW("7.1.1 white space", "5 \t;\ta = b\r\nhello\r\n0\r\n\r\n", 200,
	    "hello"),
	ROW("7.1.1 bare LF", "5;a\nhello\r\n0\r\n\r\n", 400, ""),
	ROW("7.1.1 bare LF, quoted", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", 400,
	    ""),
	ROW("7.1.1 bare CR", "5;a\rb\r\nhello\r\n0\r\n\r\n", 400, ""),
	ROW("7.1.1 NUL", "5;a\0\r\nhello\r\n0\r\n\r\n", 400, ""),
	ROW("7.1.1 no semicolon", "5 a\r\nhello\r\n0\r\n\r\n", 400, ""),
	ROW("7.1.1 no semicolon", "5,a\r\nhello\r\n0\r\n\r\n", 400, ""),

	ROW("7.1.2 trailers", "0\r\nA: b\r\nC:\r\n\r\n", 200, ""),
	ROW("7.1.2 framing is ignored", "0\r\nContent-Length: 9\r\n\r\n", 200,
	    ""),
	ROW("7.1.2 obs-text", "0\r\nA: \xff\t\r\n\r\n", 200, ""),
	ROW("7.1.2 no name", "0\r\n: b\r\n\r\n", 400, ""),
	ROW("7.1.2 no colon", "0\r\nA\r\n\r\n", 400, ""),
	ROW("7.1.2 space before the colon", "0\r\nA : b\r\n\r\n", 400, ""),
	ROW("7.1.2 obs-fold", "0\r\nA: b\r\n c\r\n\r\n", 400, ""),
	ROW("7.1.2 bare LF", "0\r\nA: b\n\r\n", 400, ""),
	ROW("7.1.2 bare CR", "0\r\nA: b\rc\r\n\r\n", 400, ""),
	ROW("7.1.2 NUL", "0\r\nA: \0\r\n\r\n", 400, ""),
};

static const struct row length_rows[] = {
	ROW("6.2 whole", "hello", 200, "hello"),
	ROW("6.2 any octet", "\0\r\n\r\xff", 200, "\0\r\n\r\xff"),
	ROW("6.2 not yet", "hell", 0, "hell"),
	ROW("6.2 nothing", "", 0, ""),
};

static const struct http_request chunked = { .framing = HTTP_FRAMING_CHUNKED };
static const struct http_request length = {
	.framing = HTTP_FRAMING_LENGTH,
	.content_length = 5,
};

/* Reads a piece of the body, all of it unless that ends in it. */
static enum http_parse
feed_piece(struct http_body *body, struct span piece, struct outcome *outcome)
{
	enum http_parse result;
	struct span content;
	size_t used;

	do {
		result = http_body_next(body, piece, &used, &content);
		assert_true(used <= piece.size && outcome->size <= LIMIT);
		if (content.size > 0)
			assert_in_range(content.data, piece.data,
			    piece.data + used - content.size);
		assert_true(content.size <= LIMIT - outcome->size);
		memcpy(outcome->content + outcome->size, content.data,
		    content.size);
		outcome->size += content.size;
		outcome->used += used;
		span_skip(&piece, used);
	} while (result == HTTP_MORE && piece.size > 0);
	return result;
}

/* Feeds a piece of `step[0]` bytes and then `step[1]` at a time. */
static struct outcome
feed(const struct guard *guard, const struct http_request *request,
    struct span input, const size_t step[2])
{
	struct outcome outcome = { .used = 0 };
	struct http_body body;
	enum http_parse result = http_body_begin(&body, request, LIMIT);
	size_t next = step[0];

	while (result == HTTP_MORE && outcome.used < input.size) {
		size_t left = input.size - outcome.used;
		struct span piece = { input.data + outcome.used,
			next < left ? next : left };

		result = feed_piece(&body, guard_at_end(guard, piece),
		    &outcome);
		next = step[1];
	}
	if (result == HTTP_BAD)
		assert_non_null(body.fault);
	outcome.verdict = result == HTTP_OK ? 200 : body.status;
	return outcome;
}

static void
check_row(const struct guard *guard, const struct http_request *request,
    const struct row *row)
{
	size_t size = row->input.size;
	struct outcome whole = feed(guard, request, row->input,
	    (size_t[]){ size, 1 });

	if (whole.verdict != row->verdict)
		fail_msg("%s: %u", row->name, whole.verdict);
	if (!span_equal((struct span){ whole.content, whole.size },
		row->content))
		fail_msg("%s: %.*s", row->name, (int)whole.size, whole.content);
	if (whole.verdict == 200)
		assert_int_equal(whole.used, size);
	for (size_t first = 0; first <= size; first++) {
		for (int rest = 0; rest < 2; rest++) {
			size_t next = rest == 0 ? 1 : size;
			struct outcome split = feed(guard, request, row->input,
			    (size_t[]){ first, next });

			assert_int_equal(split.verdict, row->verdict);
			assert_int_equal(split.used, whole.used);
			assert_int_equal(split.size, whole.size);
			assert_memory_equal(split.content, whole.content,
			    whole.size);
		}
	}
}

static void
test_chunked(void **state)
{
	for (size_t i = 0; i < sizeof(chunked_rows) / sizeof(chunked_rows[0]);
	     i++)
		check_row(*state, &chunked, &chunked_rows[i]);
}

static void
test_length(void **state)
{
	for (size_t i = 0; i < sizeof(length_rows) / sizeof(length_rows[0]);
	     i++)
		check_row(*state, &length, &length_rows[i]);
}

/* What follows the body is the next request's (RFC 9112 9.3.2). */
static void
test_rest_stays(void **state)
{
	static const char last[] = "0\r\n\r\n";
	struct outcome outcome;

	outcome = feed(*state, &chunked, SPAN("0\r\n\r\nGET / HT"),
	    (size_t[]){ 13, 1 });
	assert_int_equal(outcome.verdict, 200);
	assert_int_equal(outcome.used, sizeof(last) - 1);
	outcome = feed(*state, &length, SPAN("helloGET / HT"),
	    (size_t[]){ 13, 1 });
	assert_int_equal(outcome.verdict, 200);
	assert_int_equal(outcome.used, 5);
}

/* RFC 9112 6.3: what says so has no body to wait for. */
static void
test_begin(void **state)
{
	struct http_request request = { .framing = HTTP_FRAMING_NONE };
	struct http_body body;

	(void)state;
	assert_int_equal(http_body_begin(&body, &request, 0), HTTP_OK);
	request.framing = HTTP_FRAMING_LENGTH;
	assert_int_equal(http_body_begin(&body, &request, 0), HTTP_OK);
	request.content_length = LIMIT;
	assert_int_equal(http_body_begin(&body, &request, LIMIT), HTTP_MORE);
	request.content_length = LIMIT + 1;
	assert_int_equal(http_body_begin(&body, &request, LIMIT), HTTP_BAD);
	assert_int_equal(body.status, 413);
	request.content_length = INT64_MAX;
	assert_int_equal(http_body_begin(&body, &request, UINT64_MAX),
	    HTTP_MORE);
}

/* RFC 9110 15.5.14: the sum of the chunks counts, not their frames. */
static void
test_limit(void **state)
{
	char input[6 * LIMIT + 32];
	size_t size = 0;
	struct span whole = { input, 0 };

	for (int i = 0; i < LIMIT; i++)
		size += (size_t)snprintf(input + size, sizeof(input) - size,
		    "1\r\na\r\n");
	whole.size = size + 5;
	snprintf(input + size, sizeof(input) - size, "0\r\n\r\n");
	assert_int_equal(feed(*state, &chunked, whole, (size_t[]){ 7, 999 })
			     .verdict,
	    200);
	whole.size = size + 3;
	snprintf(input + size, sizeof(input) - size, "1\r\n");
	assert_int_equal(feed(*state, &chunked, whole, (size_t[]){ 7, 999 })
			     .verdict,
	    413);
}

/* Extensions and trailers count together (7.1.1, 7.1.2). */
static void
test_overhead(void **state)
{
	static const char form[] = "1;%0*d\r\na\r\n0\r\nA:%0*d\r\n\r\n";
	const int half = HTTP_HEAD_MAX / 2;
	char input[HTTP_HEAD_MAX + 64];
	struct span whole = { input, 0 };

	whole.size = (size_t)snprintf(input, sizeof(input), form, half - 1, 0,
	    half - 3, 0);
	assert_int_equal(feed(*state, &chunked, whole, (size_t[]){ 9, 4096 })
			     .verdict,
	    200);
	whole.size = (size_t)snprintf(input, sizeof(input), form, half - 1, 0,
	    half - 2, 0);
	assert_int_equal(feed(*state, &chunked, whole, (size_t[]){ 9, 4096 })
			     .verdict,
	    413);
}

static int
open_guard(void **state)
{
	static struct guard guard;

	guard_open(&guard, HTTP_HEAD_MAX);
	*state = &guard;
	return 0;
}

static int
close_guard(void **state)
{
	guard_close(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunked),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_rest_stays),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_overhead),
	};

	return cmocka_run_group_tests_name("body", tests, open_guard,
	    close_guard);
}
