/* Tests of app/app: what each request is answered. */
#include "config.h"

#include "app/app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "asking.h"
#include "tree.h"

/* What each request's head says, and how its connection goes on. */
static const struct row {
	const char *request;
	const char *status;  /* the head starts with it */
	const char *with;    /* it has this, or NULL */
	const char *without; /* it does not, or NULL */
	const char *content; /* what follows the head at once */
	bool keep;           /* the connection goes on */
} rows[] = {
	{ REQUEST("GET", "/", "1.1", ""), "200 OK", "Content-Length: 5\r\n",
	    "Connection", "hhhhh", true },
	{ REQUEST("GET", "/hello.html?a=b", "1.1", ""), "200 OK",
	    "ETag: ", "Connection", "hhhhh", true },
	{ REQUEST("HEAD", "/", "1.1", ""), "200 OK", "Content-Length: 5\r\n",
	    "Connection", "", true },
	{ REQUEST("GET", "/empty", "1.1", ""), "200 OK",
	    "Content-Length: 0\r\n", NULL, "", true },
	{ REQUEST("HEAD", "/", "1.1", "Connection: close\r\n"), "200 OK",
	    "Connection: close\r\n", NULL, "", false },
	{ REQUEST("HEAD", "/", "1.0", ""), "200 OK", "Connection: close\r\n",
	    NULL, "", false },
	{ REQUEST("HEAD", "/", "1.0", "Connection: keep-alive\r\n"), "200 OK",
	    "Connection: keep-alive\r\n", NULL, "", true },
	{ REQUEST("GET", "/", "1.1", "Connection: close\r\n"), "200 OK",
	    "\r\nConnection: close\r\n\r\nhhhhh", NULL, "hhhhh", false },
	{ REQUEST("GET", "/", "1.0", "Connection: keep-alive\r\n"), "200 OK",
	    "\r\nConnection: keep-alive\r\n\r\nhhhhh", NULL, "hhhhh", true },
	{ REQUEST("HEAD", "/none", "1.1", ""), "404 Not Found",
	    "Content-Length: 3\r\n", "ETag", "", true },
	{ REQUEST("GET", "/sub?a=b", "1.1", ""), "301 Moved Permanently",
	    "Location: /sub/?a=b\r\n", NULL, "301 Moved Permanently\n", true },
	{ REQUEST("GET", "//sub", "1.1", ""), "301 Moved Permanently",
	    "Location: /sub/\r\n", NULL, "301 Moved Permanently\n", true },
	{ REQUEST("GET", "http://b//sub", "1.1", ""), "301 Moved Permanently",
	    "Location: /sub/\r\n", NULL, "301 Moved Permanently\n", true },
	{ REQUEST("GET", "/%2fsub", "1.1", ""), "301 Moved Permanently",
	    "Location: /sub/\r\n", NULL, "301 Moved Permanently\n", true },
	{ REQUEST("GET", "/sub%2f..%2f%2fsub?", "1.1", ""),
	    "301 Moved Permanently", "Location: /sub/?\r\n", NULL,
	    "301 Moved Permanently\n", true },
	{ REQUEST("GET", "/\\\xc3\xa9:", "1.1", ""), "301 Moved Permanently",
	    "Location: /%5C%C3%A9%3A/\r\n", NULL, "301 Moved Permanently\n",
	    true },
	{ REQUEST("GET", "/a%zz", "1.1", ""), "400 Bad Request",
	    "Connection: close\r\n", NULL,
	    "400 Bad Request: the path is wrongly encoded\n", false },
	{ REQUEST("GET", "/..", "1.1", ""), "400 Bad Request", NULL, NULL,
	    "400 Bad Request: the path leads above the root\n", false },
	{ REQUEST("GET", "/sleep/2m", "1.1", ""), "400 Bad Request", NULL,
	    "Server-Timing",
	    "400 Bad Request: delay=2m, column 8: wants a time of at most 1m, "
	    "which is the limit, as in 250ms; /sleep?help tells more\n",
	    true },
	{ REQUEST("GET", "/sleep/x", "1.1", ""), "400 Bad Request", NULL, NULL,
	    "400 Bad Request: delay=x, column 8: wants a time such as 250ms, or "
	    "what begins with normal:, lognormal:, exp:, pct: or file:, as in "
	    "250ms; /sleep?help tells more\n",
	    true },
	{ REQUEST("GET", "/sleep/1s?status=503&status=503", "1.1", ""),
	    "400 Bad Request", "Content-Type: text/plain", "Retry-After",
	    "400 Bad Request: status=503, column 22: wants this word but "
	    "once, as in status=503:5,429:1; /sleep?help tells more\n",
	    true },
	{ REQUEST("HEAD", "/sleep?help", "1.1", ""), "200 OK",
	    "Content-Type: text/plain", NULL, "", true },
	{ REQUEST("TRACE", "/sleep/1s", "1.1", ""), "405 Method Not Allowed",
	    "Allow: GET, HEAD, OPTIONS\r\n", NULL, "405 Method Not Allowed\n",
	    true },
	{ REQUEST("HEAD", "/sleepy", "1.1", ""), "404 Not Found", NULL, NULL,
	    "", true },
	{ REQUEST("POST", "/", "1.1", ""), "405 Method Not Allowed",
	    "Allow: GET, HEAD, OPTIONS\r\n", NULL, "405 Method Not Allowed\n",
	    true },
	{ REQUEST("OPTIONS", "*", "1.1", ""), "204 No Content",
	    "Allow: GET, HEAD, OPTIONS\r\n", "Content-Length", "", true },
	{ REQUEST("BREW", "/", "1.1", ""), "501 Not Implemented", NULL, "Allow",
	    "501 Not Implemented\n", true },
	{ REQUEST("GET", "/", "1.1", "If-None-Match: *\r\n"),
	    "304 Not Modified", "ETag: ", "Content-", "", true },
	{ REQUEST("GET", "/", "1.1", "If-None-Match: \"x\"\r\n"), "200 OK",
	    NULL, NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1",
	      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
	    "304 Not Modified", NULL, NULL, "", true },
	{ REQUEST("GET", "/", "1.1",
	      "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1", "If-Match: \"x\"\r\n"),
	    "412 Precondition Failed", NULL, "ETag",
	    "412 Precondition Failed\n", true },
	{ REQUEST("HEAD", "/", "1.1", "Range: bytes=0-0\r\n"), "200 OK",
	    "Accept-Ranges: bytes\r\n", "Content-Range", "", true },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=9-\r\n"),
	    "416 Range Not Satisfiable", "Content-Range: bytes */5\r\n", "ETag",
	    "416 Range Not Satisfiable\n", true },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=9-, x\r\n"), "200 OK", NULL,
	    NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1",
	      "Range: bytes=0-0\r\nRange: bytes=1-1\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1", "Range: bytes=0-0\r\nIf-Range: \"x\"\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1", "If-Modified-Since: yesterday\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", true },
	{ REQUEST("GET", "/", "1.1",
	      "If-None-Match: \"x\"\r\n"
	      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
	    "200 OK", NULL, NULL, "hhhhh", true },
};

static void
assert_row(struct asking *asking, const struct row *row)
{
	const char *head, *content;

	asking_begin(asking, row->request);
	head = asking_next_bytes(asking);
	content = strstr(head, "\r\n\r\n");
	assert_non_null(content);
	assert_memory_equal(head, "HTTP/1.1 ", 9);
	assert_memory_equal(head + 9, row->status, strlen(row->status));
	assert_non_null(strstr(head, asking_date));
	if (row->with != NULL)
		assert_non_null(strstr(head, row->with));
	if (row->without != NULL)
		assert_null(strstr(head, row->without));
	assert_string_equal(content + 4, row->content);
	assert_int_equal(asking->exchange.answer.message.yielded,
	    strlen(row->content));
	asking_assert_end(asking, row->keep);
}

static void
test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_row(*state, &rows[i]);
}

/* While the server is to stop, every answer closes. */
static void
test_closing(void **state)
{
	struct asking *asking = *state;

	asking->moment.leaving = true;
	asking_begin(asking, REQUEST("GET", "/", "1.1", ""));
	assert_non_null(strstr(asking_next_bytes(asking),
	    "\r\nConnection: close\r\n\r\nhhhhh"));
	asking_assert_end(asking, false);
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
	struct asking *asking = *state;

	asking->config.app.site.fields = SPAN("X-Added: 1\r\n");
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		asking_begin(asking, requests[i]);
		assert_non_null(
		    strstr(asking_next_bytes(asking), "\r\nX-Added: 1\r\n"));
		asking_end(asking);
	}
}

/* Without a page for it, a 404 says so itself. */
static void
test_missing_without_page(void **state)
{
	struct asking *asking = *state;

	unlink("404.html");
	asking_begin(asking, REQUEST("GET", "/none", "1.1", ""));
	assert_non_null(
	    strstr(asking_next_bytes(asking), "\r\n\r\n404 Not Found\n"));
	asking_assert_end(asking, true);
}

#define BROWSER "Accept: text/html,*/*;q=0.8\r\n"

/* Asks, and asserts what the head says and what follows it at once. */
static void
assert_answer(struct asking *asking, const char *request, const char *status,
    const char *with, const char *content)
{
	const char *head;

	asking_begin(asking, request);
	head = asking_next_bytes(asking);
	assert_memory_equal(head + 9, status, strlen(status));
	if (with != NULL && strstr(head, with) == NULL)
		fail_msg("no %s in %s", with, head);
	assert_string_equal(strstr(head, "\r\n\r\n") + 4, content);
	asking_end(asking);
}

/* Those who name HTML get the page instead of a 404; all are told why. */
static void
test_fallback(void **state)
{
	static const char missing[] = "404 Not Found\n";
	struct asking *asking = *state;

	tree_write("app.html", 'a', 2);
	unlink("404.html");
	asking->config.app.site.fallback = "app.html";
	assert_answer(asking, REQUEST("GET", "/none", "1.1", BROWSER), "200 OK",
	    "\r\nVary: Accept\r\n", "");
	assert_answer(asking, REQUEST("HEAD", "/sub/", "1.1", BROWSER),
	    "200 OK", "Content-Length: 2\r\n", "");
	assert_answer(asking,
	    REQUEST("GET", "/none", "1.1", BROWSER "If-None-Match: *\r\n"),
	    "304 Not Modified", "\r\nVary: Accept\r\n", "");
	assert_answer(asking, REQUEST("GET", "/none", "1.1", "Accept: */*\r\n"),
	    "404 Not Found", "\r\nVary: Accept\r\n", missing);
	assert_answer(asking,
	    REQUEST("GET", "/none", "1.1", "Accept: text/*\r\n"),
	    "404 Not Found", NULL, missing);
	assert_answer(asking,
	    REQUEST("GET", "/none", "1.1", "Accept: text/html;q=0\r\n"),
	    "404 Not Found", NULL, missing);
	assert_answer(asking, REQUEST("GET", "/none", "1.1", ""),
	    "404 Not Found", NULL, missing);
	assert_answer(asking, REQUEST("GET", "/", "1.1", BROWSER), "200 OK",
	    NULL, "hhhhh");
	unlink("app.html");
	asking->moment.since = ++asking->moment.look;
	assert_answer(asking, REQUEST("GET", "/other", "1.1", BROWSER),
	    "404 Not Found", NULL, missing);
}

/* What is there by its own name goes first, then the extensions in turn. */
static void
test_extensions(void **state)
{
	struct asking *asking = *state;

	mkdir("dir", 0755);
	tree_write("dir.html", 'd', 1);
	tree_write("both", 'b', 1);
	tree_write("both.html", 'x', 2);
	tree_write("app.txt", 't', 3);
	tree_write("page.txt", 't', 3);
	tree_write("page.html", 'p', 4);
	tree_write(".secret.html", 's', 1);
	asking->config.app.site.extensions = "html,txt";
	assert_answer(asking, REQUEST("GET", "/dir", "1.1", ""),
	    "301 Moved Permanently", "Location: /dir/\r\n",
	    "301 Moved Permanently\n");
	assert_answer(asking, REQUEST("GET", "/both", "1.1", ""), "200 OK",
	    "application/octet-stream", "b");
	assert_answer(asking, REQUEST("GET", "/app", "1.1", ""), "200 OK",
	    "text/plain", "ttt");
	assert_answer(asking, REQUEST("GET", "/page", "1.1", ""), "200 OK",
	    "text/html", "pppp");
	assert_answer(asking, REQUEST("HEAD", "/.secret", "1.1", ""),
	    "404 Not Found", NULL, "");
	assert_answer(asking, REQUEST("HEAD", "/page/", "1.1", ""),
	    "404 Not Found", NULL, "");
	asking->config.app.site.extensions = NULL;
	assert_answer(asking, REQUEST("HEAD", "/page", "1.1", ""),
	    "404 Not Found", NULL, "");
}

/* A listing is lent, in the type that is preferred, and has no validators. */
static void
test_listing(void **state)
{
	static const struct {
		const char *accept, *type;
	} kinds[] = {
		{ "", "text/html; charset=utf-8" },
		{ BROWSER, "text/html; charset=utf-8" },
		{ "Accept: */*\r\n", "text/html; charset=utf-8" },
		{ "Accept: application/json\r\n", "application/json" },
		{ "Accept: application/json, */*\r\n", "application/json" },
		{ "Accept: text/html;q=0.5, application/*\r\n",
		    "application/json" },
		{ "Accept: image/png\r\n", "text/html; charset=utf-8" },
	};
	struct asking *asking = *state;
	char request[256], type[64];
	const char *head;
	struct piece piece;

	asking->config.app.site.listing = true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		snprintf(request, sizeof request,
		    REQUEST("GET", "/sub/", "1.1", "Range: bytes=0-0\r\n%s"),
		    kinds[i].accept);
		snprintf(type, sizeof type, "\r\nContent-Type: %s\r\n",
		    kinds[i].type);
		asking_begin(asking, request);
		do /* which may have to wait for a pause */
			piece = asking_next(asking);
		while (piece.kind == PIECE_UNTIL);
		asking->room[piece.bytes.size] = '\0';
		head = asking->room;
		assert_memory_equal(head + 9, "200 OK", 6);
		assert_non_null(strstr(head, type));
		assert_non_null(strstr(head, "\r\nVary: Accept\r\n"));
		assert_non_null(
		    strstr(head, "\r\nCache-Control: no-cache\r\n"));
		assert_null(strstr(head, "ETag"));
		piece = asking_next(asking);
		assert_int_equal(piece.kind, PIECE_LENT);
		assert_int_equal(asking->exchange.answer.message.yielded,
		    piece.bytes.size);
		asking_assert_end(asking, true);
	}
	assert_answer(asking, REQUEST("GET", "/", "1.1", ""), "200 OK", "ETag",
	    "hhhhh");
	assert_answer(asking, REQUEST("GET", "/none/", "1.1", ""),
	    "404 Not Found", NULL, "");
	assert_answer(asking, REQUEST("GET", "/.git/", "1.1", ""),
	    "404 Not Found", NULL, "");
}

/* A listing that is still being made has its answer wait; and where it can't be
 * made any more, it is a 404. */
static void
test_listing_later(void **state)
{
	struct asking *asking = *state;
	struct listings *listings = &asking->app.site.listings;
	struct piece piece;

	asking->config.app.site.listing = true;
	for (int gone = 0; gone < 2; gone++) {
		listings->due = INT64_MAX / 2;
		asking_begin(asking, REQUEST("GET", "/sub/", "1.1", ""));
		piece = asking_next(asking);
		assert_int_equal(piece.kind, PIECE_UNTIL);
		assert_true(piece.until >= listings->due);
		assert_false(asking->exchange.asleep);
		if (gone)
			assert_return_code(rmdir("sub"), 0);
		do { /* on a busy machine, in several slices */
			listings->due = 0;
			piece = asking_next(asking);
		} while (piece.kind == PIECE_UNTIL);
		assert_int_equal(piece.kind, PIECE_BYTES);
		assert_memory_equal(asking->room + 9, gone ? "404 " : "200 ",
		    4);
		asking_end(asking);
	}
}

/* The longest path there can be, encoded, fits the room with its Location. */
static void
test_longest_location(void **state)
{
	struct asking *asking = *state;
	char request[HTTP_TARGET_MAX + 64];
	char target[HTTP_TARGET_MAX + 1];

	memset(target, 'q', HTTP_TARGET_MAX);
	memcpy(target, "/sub?", 5);
	target[HTTP_TARGET_MAX] = '\0';
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    target);
	asking_begin(asking, request);
	assert_non_null(
	    strstr(asking_next_bytes(asking), "Location: /sub/?qqq"));
	asking_assert_end(asking, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_rows),
		ASKING_TEST(test_closing),
		ASKING_TEST(test_added_fields),
		ASKING_TEST(test_missing_without_page),
		ASKING_TEST(test_fallback),
		ASKING_TEST(test_extensions),
		ASKING_TEST(test_listing),
		ASKING_TEST(test_listing_later),
		ASKING_TEST(test_longest_location),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
