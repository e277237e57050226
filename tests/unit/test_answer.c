/* Tests of app/answer: long contents, ranges and sleeps, piece by piece. */
#include "config.h"

#include "app/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "asking.h"
#include "base/clock.h"
#include "http/date.h"
#include "tree.h"

/* What is too long to be copied is lent; what is not in memory, a file. */
static void
test_long_content(void **state)
{
	struct asking *asking = *state;
	struct piece piece;

	asking_begin(asking, REQUEST("GET", "/medium", "1.1", ""));
	asking_next_bytes(asking);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, MEDIUM);
	assert_int_equal(piece.bytes.data[MEDIUM - 1], 'm');
	asking_assert_end(asking, true);

	asking_begin(asking, REQUEST("GET", "/large", "1.1", ""));
	asking_next_bytes(asking);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_FILE);
	assert_int_equal(piece.file.offset, 0);
	assert_int_equal(piece.file.size, LARGE);
	asking_assert_end(asking, true);
}

/* One range, of a file in memory and of one that is not. */
static void
test_range(void **state)
{
	struct asking *asking = *state;
	struct piece piece;
	const char *head;

	asking_begin(asking,
	    REQUEST("GET", "/", "1.1", "Range: bytes=1-2\r\n"));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 206 Partial Content\r\n", 30);
	assert_non_null(strstr(head, "Content-Range: bytes 1-2/5\r\n"));
	assert_non_null(strstr(head, "Content-Length: 2\r\n"));
	assert_non_null(strstr(head, "ETag: "));
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, 2);
	asking_assert_end(asking, true);

	asking_begin(asking,
	    REQUEST("GET", "/large", "1.1", "Range: bytes=-7\r\n"));
	asking_next_bytes(asking);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_FILE);
	assert_int_equal(piece.file.offset, LARGE - 7);
	assert_int_equal(piece.file.size, 7);
	asking_assert_end(asking, true);
}

/* RFC 9110 13.1.5: a date that several codings share is no strong one. */
static void
test_if_range_of_codings(void **state)
{
	struct asking *asking = *state;
	char date_text[HTTP_DATE_SIZE], request[256];
	struct stat status;

	assert_return_code(stat("hello.html", &status), 0);
	http_date_format(date_text, status.st_mtim.tv_sec);
	snprintf(request, sizeof request,
	    REQUEST("GET", "/", "1.1",
		"Range: bytes=0-0\r\nIf-Range: %.29s\r\n"),
	    date_text);
	asking_begin(asking, request);
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 206", 12);
	asking_end(asking);

	tree_write("hello.html.gz", 'g', 5);
	asking->moment.since = MOMENT_LOOK_ANEW;
	asking_begin(asking, request);
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 200", 12);
	asking_end(asking);
}

/* Several: what is announced is what comes, to the byte. */
static void
test_ranges(void **state)
{
	struct asking *asking = *state;
	struct piece piece;
	size_t announced, sent = 0;
	const char *head;

	asking_begin(asking,
	    REQUEST("GET", "/", "1.1", "Range: bytes=0-0, 2-3\r\n"));
	head = asking_next_bytes(asking);
	assert_non_null(
	    strstr(head, "Content-Type: multipart/byteranges; boundary="));
	head = strstr(head, "Content-Length: ");
	assert_non_null(head);
	announced = strtoul(head + strlen("Content-Length: "), NULL, 10);
	for (int i = 0; i < 5; i++) {
		piece = asking_next(asking);
		/* a text between two ranges is the answer's own */
		assert_int_equal(piece.kind, PIECE_LENT);
		sent += piece.bytes.size;
	}
	assert_int_equal(sent, announced);
	assert_int_equal(sent, asking->exchange.answer.message.yielded);
	asking_assert_end(asking, true);
}

/*
 * Several ranges of a coded file: their frame is not coded, so that no
 * Content-Encoding would be true. It comes whole.
 */
static void
test_ranges_of_coded(void **state)
{
	struct asking *asking = *state;
	const char *head;

	tree_write("hello.html.gz", 'g', 5);
	asking_begin(asking,
	    REQUEST("GET", "/", "1.1",
		"Accept-Encoding: gzip\r\nRange: bytes=0-0, 2-3\r\n"));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(head, "\r\n\r\nggggg"));
	asking_assert_end(asking, true);

	asking_begin(asking,
	    REQUEST("GET", "/", "1.1",
		"Accept-Encoding: gzip\r\nRange: bytes=2-3\r\n"));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 206 Partial Content\r\n", 30);
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(head, "Vary: Accept-Encoding\r\n"));
	assert_int_equal(asking_next(asking).kind, PIECE_LENT);
	asking_assert_end(asking, true);
}

/* Nothing before its time; a receipt in time; no page to be stored. */
static void
test_sleep(void **state)
{
	struct asking *asking = *state;
	int64_t asked_at = clock_now();
	struct piece piece;
	const char *head;

	asking_begin(asking, REQUEST("GET", "/sleep/250ms", "1.1", ""));
	for (int i = 0; i < 2; i++) {
		piece = asking_next(asking);
		assert_int_equal(piece.kind, PIECE_UNTIL);
		assert_true(piece.until >= asked_at + 250 * CLOCK_MS);
		asking->moment.now = piece.until - 1;
	}
	asking->moment.now = piece.until + 81 * CLOCK_US;
	head = asking_next_bytes(asking);
	assert_non_null(
	    strstr(head, "Server-Timing: sleep;dur=250, late;dur=0.081\r\n"));
	assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
	assert_null(strstr(head, "ETag"));
	assert_int_equal(asking_next(asking).kind, PIECE_LENT);
	asking_assert_end(asking, true);
}

/* A sleep of no time is over as soon as somebody looks at the clock. */
static void
test_sleep_of_no_time(void **state)
{
	struct asking *asking = *state;
	struct piece piece;

	asking_begin(asking, REQUEST("HEAD", "/sleep/0", "1.1", ""));
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_UNTIL);
	asking->moment.now = clock_now();
	assert_true(piece.until <= asking->moment.now);
	assert_non_null(
	    strstr(asking_next_bytes(asking), "sleep;dur=0, late;dur="));
	asking_assert_end(asking, true);
}

/* The page is looked for when it is sent, not when it is asked for; and where
 * there is none, the answer is no 404: the sleep was. */
static void
test_sleep_without_page(void **state)
{
	struct asking *asking = *state;
	const char *head;

	asking_begin(asking, REQUEST("GET", "/sleep/1", "1.1", ""));
	assert_int_equal(asking_next(asking).kind, PIECE_UNTIL);
	unlink("hello.html");
	asking->moment.now += 2 * CLOCK_S;
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 200", 12);
	assert_non_null(
	    strstr(head, "\r\nServer-Timing: sleep;dur=1000, late"));
	assert_non_null(
	    strstr(head, "\r\n\r\n200 OK: slept as long as was asked for\n"));
	asking_assert_end(asking, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_long_content),
		ASKING_TEST(test_range),
		ASKING_TEST(test_if_range_of_codings),
		ASKING_TEST(test_ranges),
		ASKING_TEST(test_ranges_of_coded),
		ASKING_TEST(test_sleep),
		ASKING_TEST(test_sleep_of_no_time),
		ASKING_TEST(test_sleep_without_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
