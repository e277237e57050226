/* Tests of app/app and app/answer: requests to pieces. */
#include "config.h"

#include "app/app.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/date.h"
#include "http/parser.h"
#include "tree.h"

#define LARGE  ((size_t)FILE_MEMORY_MAX + 1)
#define MEDIUM ((size_t)40000)

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

struct fixture {
	struct app_config config;
	struct app app;
	struct moment moment;
	struct answer answer;
	char room[ANSWER_ROOM];
};

static int
app_setup(void **state)
{
	static struct fixture fixture;

	tree_enter();
	tree_write("hello.html", 'h', 5);
	tree_write("404.html", 'n', 3);
	tree_write("medium", 'm', MEDIUM);
	tree_write("large", 'l', LARGE);
	tree_write("empty", 'e', 0);
	mkdir("sub", 0755);
	fixture.config = (struct app_config){
		.site = { .index = "hello.html",
		    .missing = "404.html",
		    .open_files = 4 },
		.max_sleep = 60 * CLOCK_S,
	};
	fixture.moment = (struct moment){ .now = clock_now(),
		.wall = time(NULL),
		.date = date };
	assert_return_code(app_open(&fixture.app, &fixture.config), 0);
	app_use_root(&fixture.app, open(".", O_PATH));
	*state = &fixture;
	return 0;
}

static int
app_teardown(void **state)
{
	struct fixture *fixture = *state;

	app_close(&fixture->app);
	tree_leave();
	return 0;
}

static void
begin(struct fixture *fixture, const char *text)
{
	static struct http_request request;

	int line = (int)strcspn(text, "\r");

	print_message("# %.*s\n", line < 60 ? line : 60, text);
	assert_int_equal(http_request_parse(&request, span_of(text), 0),
	    HTTP_OK);
	app_answer(&fixture->app, &request, &fixture->moment, &fixture->answer);
}

static struct piece
next(struct fixture *fixture)
{
	struct piece piece;

	answer_next(&fixture->answer, &fixture->moment, fixture->room, &piece);
	return piece;
}

/* Asserts that bytes come next, and returns them as a string. */
static const char *
next_bytes(struct fixture *fixture)
{
	struct piece piece = next(fixture);

	assert_int_equal(piece.kind, PIECE_BYTES);
	assert_ptr_equal(piece.bytes.data, fixture->room);
	assert_true(piece.bytes.size < ANSWER_ROOM);
	fixture->room[piece.bytes.size] = '\0';
	return fixture->room;
}

static void
assert_end(struct fixture *fixture, enum piece_kind kind)
{
	assert_int_equal(next(fixture).kind, kind);
	answer_fini(&fixture->answer);
}

#define REQUEST(method, path, version, fields) \
 method " " path " HTTP/" version "\r\nHost: a\r\n" fields "\r\n"

/* What each request's head says, and how its connection goes on. */
static const struct row {
	const char *request;
	const char *status;  /* the head starts with it */
	const char *with;    /* it has this, or NULL */
	const char *without; /* it does not, or NULL */
	const char *content; /* what follows the head at once */
	enum piece_kind end;
} rows[] = {
	{ REQUEST("GET", "/", "1.1", ""), "200 OK", "Content-Length: 5\r\n",
	    "Connection", "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/hello.html?a=b", "1.1", ""), "200 OK",
	    "ETag: ", "Connection", "hhhhh", PIECE_KEEP },
	{ REQUEST("HEAD", "/", "1.1", ""), "200 OK", "Content-Length: 5\r\n",
	    "Connection", "", PIECE_KEEP },
	{ REQUEST("GET", "/empty", "1.1", ""), "200 OK",
	    "Content-Length: 0\r\n", NULL, "", PIECE_KEEP },
	{ REQUEST("HEAD", "/", "1.1", "Connection: close\r\n"), "200 OK",
	    "Connection: close\r\n", NULL, "", PIECE_CLOSE },
	{ REQUEST("HEAD", "/", "1.0", ""), "200 OK", "Connection: close\r\n",
	    NULL, "", PIECE_CLOSE },
	{ REQUEST("HEAD", "/", "1.0", "Connection: keep-alive\r\n"), "200 OK",
	    "Connection: keep-alive\r\n", NULL, "", PIECE_KEEP },
	{ REQUEST("HEAD", "/none", "1.1", ""), "404 Not Found",
	    "Content-Length: 3\r\n", "ETag", "", PIECE_KEEP },
	{ REQUEST("GET", "/sub?a=b", "1.1", ""), "301 Moved Permanently",
	    "Location: ./sub/?a=b\r\n", NULL, "301 Moved Permanently\n",
	    PIECE_KEEP },
	{ REQUEST("GET", "//sub", "1.1", ""), "301 Moved Permanently",
	    "Location: ./sub/\r\n", NULL, "301 Moved Permanently\n",
	    PIECE_KEEP },
	{ REQUEST("GET", "/a%zz", "1.1", ""), "400 Bad Request",
	    "Connection: close\r\n", NULL,
	    "400 Bad Request: the path is wrongly encoded\n", PIECE_CLOSE },
	{ REQUEST("GET", "/..", "1.1", ""), "400 Bad Request", NULL, NULL,
	    "400 Bad Request: the path leads above the root\n", PIECE_CLOSE },
	{ REQUEST("GET", "/sleep/2m", "1.1", ""), "400 Bad Request", NULL,
	    "Server-Timing",
	    "400 Bad Request: the sleep asked for is over the limit of 1m\n",
	    PIECE_KEEP },
	{ REQUEST("GET", "/sleep/x", "1.1", ""), "400 Bad Request", NULL, NULL,
	    "400 Bad Request: /sleep/DURATION takes a time such as 250us, "
	    "250ms, 1.5s, 2m or a bare number of seconds, up to the limit of "
	    "1m\n",
	    PIECE_KEEP },
	{ REQUEST("HEAD", "/sleepy", "1.1", ""), "404 Not Found", NULL, NULL,
	    "", PIECE_KEEP },
	{ REQUEST("POST", "/", "1.1", ""), "405 Method Not Allowed",
	    "Allow: GET, HEAD, OPTIONS\r\n", NULL, "405 Method Not Allowed\n",
	    PIECE_KEEP },
	{ REQUEST("OPTIONS", "*", "1.1", ""), "204 No Content",
	    "Allow: GET, HEAD, OPTIONS\r\n", "Content-Length", "", PIECE_KEEP },
	{ REQUEST("BREW", "/", "1.1", ""), "501 Not Implemented", NULL, "Allow",
	    "501 Not Implemented\n", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "If-None-Match: *\r\n"),
	    "304 Not Modified", "ETag: ", "Content-", "", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "If-None-Match: \"x\"\r\n"), "200 OK",
	    NULL, NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1",
	      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
	    "304 Not Modified", NULL, NULL, "", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1",
	      "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "If-Match: \"x\"\r\n"),
	    "412 Precondition Failed", NULL, "ETag",
	    "412 Precondition Failed\n", PIECE_KEEP },
	{ REQUEST("HEAD", "/", "1.1", "Range: bytes=0-0\r\n"), "200 OK",
	    "Accept-Ranges: bytes\r\n", "Content-Range", "", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=9-\r\n"),
	    "416 Range Not Satisfiable", "Content-Range: bytes */5\r\n", "ETag",
	    "416 Range Not Satisfiable\n", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=9-, x\r\n"), "200 OK", NULL,
	    NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1",
	      "Range: bytes=0-0\r\nRange: bytes=1-1\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1", "If-Modified-Since: yesterday\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", PIECE_KEEP },
	{ REQUEST("GET", "/", "1.1",
	      "If-None-Match: \"x\"\r\n"
	      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", PIECE_KEEP },
};

static void
assert_row(struct fixture *fixture, const struct row *row)
{
	const char *head, *content;

	begin(fixture, row->request);
	head = next_bytes(fixture);
	content = strstr(head, "\r\n\r\n");
	assert_non_null(content);
	assert_memory_equal(head, "HTTP/1.1 ", 9);
	assert_memory_equal(head + 9, row->status, strlen(row->status));
	assert_non_null(strstr(head, date));
	if (row->with != NULL)
		assert_non_null(strstr(head, row->with));
	if (row->without != NULL)
		assert_null(strstr(head, row->without));
	assert_string_equal(content + 4, row->content);
	assert_int_equal(fixture->answer.content, strlen(row->content));
	assert_end(fixture, row->end);
}

static void
test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_row(*state, &rows[i]);
}

/* While the server drains, every answer closes. */
static void
test_closing(void **state)
{
	struct fixture *fixture = *state;
	struct piece piece;

	fixture->moment.closing = true;
	begin(fixture, REQUEST("GET", "/", "1.1", ""));
	assert_non_null(strstr(next_bytes(fixture), "Connection: close\r\n"));
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, 5);
	assert_end(fixture, PIECE_CLOSE);
}

/* What is too long to be copied is lent; what is not in memory, a file. */
static void
test_long_content(void **state)
{
	struct fixture *fixture = *state;
	struct piece piece;

	begin(fixture, REQUEST("GET", "/medium", "1.1", ""));
	next_bytes(fixture);
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, MEDIUM);
	assert_int_equal(piece.bytes.data[MEDIUM - 1], 'm');
	assert_end(fixture, PIECE_KEEP);

	begin(fixture, REQUEST("GET", "/large", "1.1", ""));
	next_bytes(fixture);
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_FILE);
	assert_int_equal(piece.file.offset, 0);
	assert_int_equal(piece.file.size, LARGE);
	assert_end(fixture, PIECE_KEEP);
}

/* One range, of a file in memory and of one that is not. */
static void
test_range(void **state)
{
	struct fixture *fixture = *state;
	struct piece piece;
	const char *head;

	begin(fixture, REQUEST("GET", "/", "1.1", "Range: bytes=1-2\r\n"));
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 206 Partial Content\r\n", 30);
	assert_non_null(strstr(head, "Content-Range: bytes 1-2/5\r\n"));
	assert_non_null(strstr(head, "Content-Length: 2\r\n"));
	assert_non_null(strstr(head, "ETag: "));
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, 2);
	assert_end(fixture, PIECE_KEEP);

	begin(fixture, REQUEST("GET", "/large", "1.1", "Range: bytes=-7\r\n"));
	next_bytes(fixture);
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_FILE);
	assert_int_equal(piece.file.offset, LARGE - 7);
	assert_int_equal(piece.file.size, 7);
	assert_end(fixture, PIECE_KEEP);
}

/* RFC 9110 13.1.5: a date that several codings share is no strong one. */
static void
test_if_range_of_codings(void **state)
{
	struct fixture *fixture = *state;
	char date_text[HTTP_DATE_SIZE], request[256];
	struct stat status;

	assert_return_code(stat("hello.html", &status), 0);
	http_date_format(date_text, status.st_mtim.tv_sec);
	snprintf(request, sizeof request,
	    REQUEST("GET", "/", "1.1",
		"Range: bytes=0-0\r\nIf-Range: %.29s\r\n"),
	    date_text);
	begin(fixture, request);
	assert_memory_equal(next_bytes(fixture), "HTTP/1.1 206", 12);
	answer_fini(&fixture->answer);

	tree_write("hello.html.gz", 'g', 5);
	fixture->moment.now += CLOCK_S;
	begin(fixture, request);
	assert_memory_equal(next_bytes(fixture), "HTTP/1.1 200", 12);
	answer_fini(&fixture->answer);
}

/* Several: what is announced is what comes, to the byte. */
static void
test_ranges(void **state)
{
	struct fixture *fixture = *state;
	struct piece piece;
	size_t announced, sent = 0;
	const char *head;

	begin(fixture, REQUEST("GET", "/", "1.1", "Range: bytes=0-0, 2-3\r\n"));
	head = next_bytes(fixture);
	assert_non_null(
	    strstr(head, "Content-Type: multipart/byteranges; boundary="));
	head = strstr(head, "Content-Length: ");
	assert_non_null(head);
	announced = strtoul(head + strlen("Content-Length: "), NULL, 10);
	for (int i = 0; i < 5; i++) {
		piece = next(fixture);
		assert_int_equal(piece.kind,
		    i % 2 == 0 ? PIECE_BYTES : PIECE_LENT);
		sent += piece.bytes.size;
	}
	assert_int_equal(sent, announced);
	assert_int_equal(sent, fixture->answer.content);
	assert_end(fixture, PIECE_KEEP);
}

/*
 * Several ranges of a coded file: their frame is not coded, so that no
 * Content-Encoding would be true. It comes whole.
 */
static void
test_ranges_of_coded(void **state)
{
	struct fixture *fixture = *state;
	const char *head;

	tree_write("hello.html.gz", 'g', 5);
	begin(fixture,
	    REQUEST("GET", "/", "1.1",
		"Accept-Encoding: gzip\r\nRange: bytes=0-0, 2-3\r\n"));
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(head, "\r\n\r\nggggg"));
	assert_end(fixture, PIECE_KEEP);

	begin(fixture, REQUEST("GET", "/", "1.1",
			   "Accept-Encoding: gzip\r\nRange: bytes=2-3\r\n"));
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 206 Partial Content\r\n", 30);
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(head, "Vary: Accept-Encoding\r\n"));
	assert_int_equal(next(fixture).kind, PIECE_LENT);
	assert_end(fixture, PIECE_KEEP);
}

/* What the operator adds is in all answers, ready made or not. */
static void
test_added_fields(void **state)
{
	static const char *const requests[] = {
		REQUEST("GET", "/", "1.1", ""),
		REQUEST("GET", "/none", "1.1", ""),
		REQUEST("GET", "/", "1.1", "If-None-Match: *\r\n"),
		REQUEST("POST", "/", "1.1", ""),
	};
	struct fixture *fixture = *state;

	fixture->config.site.fields = SPAN("X-Added: 1\r\n");
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		begin(fixture, requests[i]);
		assert_non_null(
		    strstr(next_bytes(fixture), "\r\nX-Added: 1\r\n"));
		answer_fini(&fixture->answer);
	}
}

/* Nothing before its time; a receipt in time; no page to be stored. */
static void
test_sleep(void **state)
{
	struct fixture *fixture = *state;
	int64_t asked_at = clock_now();
	struct piece piece;
	const char *head;

	begin(fixture, REQUEST("GET", "/sleep/250ms", "1.1", ""));
	for (int i = 0; i < 2; i++) {
		piece = next(fixture);
		assert_int_equal(piece.kind, PIECE_UNTIL);
		assert_true(piece.until >= asked_at + 250 * CLOCK_MS);
		fixture->moment.now = piece.until - 1;
	}
	fixture->moment.now = piece.until + 81 * CLOCK_US;
	head = next_bytes(fixture);
	assert_non_null(
	    strstr(head, "Server-Timing: sleep;dur=250, late;dur=0.081\r\n"));
	assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
	assert_null(strstr(head, "ETag"));
	assert_int_equal(next(fixture).kind, PIECE_LENT);
	assert_end(fixture, PIECE_KEEP);
}

/* A sleep of no time is over as soon as somebody looks at the clock. */
static void
test_sleep_of_no_time(void **state)
{
	struct fixture *fixture = *state;
	struct piece piece;

	begin(fixture, REQUEST("HEAD", "/sleep/0", "1.1", ""));
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_UNTIL);
	fixture->moment.now = clock_now();
	assert_true(piece.until <= fixture->moment.now);
	assert_non_null(strstr(next_bytes(fixture), "sleep;dur=0, late;dur="));
	assert_end(fixture, PIECE_KEEP);
}

/* The page is looked for when it is sent, not when it is asked for. */
static void
test_sleep_without_page(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, REQUEST("GET", "/sleep/1", "1.1", ""));
	assert_int_equal(next(fixture).kind, PIECE_UNTIL);
	unlink("hello.html");
	fixture->moment.now += 2 * CLOCK_S;
	assert_memory_equal(next_bytes(fixture), "HTTP/1.1 404", 12);
	assert_int_equal(next(fixture).kind, PIECE_LENT);
	assert_end(fixture, PIECE_KEEP);
}

/* A sleeper whose server stops. */
static void
test_refused_sleep(void **state)
{
	struct fixture *fixture = *state;
	const char *head;

	begin(fixture, REQUEST("GET", "/sleep/1", "1.1", ""));
	assert_int_equal(next(fixture).kind, PIECE_UNTIL);
	answer_refuse(&fixture->answer, 503, "stopping");
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 503", 12);
	assert_non_null(strstr(head, "Retry-After: 1\r\n"));
	assert_non_null(strstr(head, "Connection: close\r\n"));
	assert_null(strstr(head, "Server-Timing"));
	assert_non_null(strstr(head, "503 Service Unavailable: stopping\n"));
	assert_end(fixture, PIECE_CLOSE);
}

/* What could not be parsed, or never came whole. */
static void
test_refused_request(void **state)
{
	struct fixture *fixture = *state;
	struct http_request request;
	const char *head;

	app_refuse(&fixture->app, NULL, 408, "too slow", &fixture->answer);
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 408 Request Timeout\r\n", 30);
	assert_non_null(
	    strstr(head, "\r\n\r\n408 Request Timeout: too slow\n"));
	assert_end(fixture, PIECE_CLOSE);

	assert_int_equal(http_request_parse(&request,
			     SPAN("HEAD / HTTP/1.1\r\nHost : a\r\n\r\n"), 0),
	    HTTP_BAD);
	app_refuse(&fixture->app, &request, request.status, request.fault,
	    &fixture->answer);
	head = next_bytes(fixture);
	assert_memory_equal(head, "HTTP/1.1 400", 12);
	assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
	assert_end(fixture, PIECE_CLOSE);
}

/* Without a page for it, a 404 says so itself. */
static void
test_missing_without_page(void **state)
{
	struct fixture *fixture = *state;

	unlink("404.html");
	begin(fixture, REQUEST("GET", "/none", "1.1", ""));
	assert_non_null(strstr(next_bytes(fixture), "\r\n\r\n404 Not Found\n"));
	assert_end(fixture, PIECE_KEEP);
}

/* The longest path there can be, encoded, fits the room with its Location. */
static void
test_longest_location(void **state)
{
	struct fixture *fixture = *state;
	char request[HTTP_TARGET_MAX + 64];
	char target[HTTP_TARGET_MAX + 1];

	memset(target, 'q', HTTP_TARGET_MAX);
	memcpy(target, "/sub?", 5);
	target[HTTP_TARGET_MAX] = '\0';
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    target);
	begin(fixture, request);
	assert_non_null(strstr(next_bytes(fixture), "Location: ./sub/?qqq"));
	assert_end(fixture, PIECE_KEEP);
}

#define APP_TEST(test) \
 cmocka_unit_test_setup_teardown(test, app_setup, app_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(test_rows),
		APP_TEST(test_closing),
		APP_TEST(test_long_content),
		APP_TEST(test_range),
		APP_TEST(test_if_range_of_codings),
		APP_TEST(test_ranges),
		APP_TEST(test_ranges_of_coded),
		APP_TEST(test_added_fields),
		APP_TEST(test_sleep),
		APP_TEST(test_sleep_of_no_time),
		APP_TEST(test_sleep_without_page),
		APP_TEST(test_refused_sleep),
		APP_TEST(test_refused_request),
		APP_TEST(test_missing_without_page),
		APP_TEST(test_longest_location),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
