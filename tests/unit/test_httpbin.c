/* Tests of app/httpbin: what each path answers, and when. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/pace.h"
#include "base/clock.h"
#include "httpbinned.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct running running;

/* What goes out, and when: the head, the last byte, in ms. */
static const struct {
	const char *target;
	const char *line; /* of the head; or NULL */
	const char *body; /* or NULL: it is not compared */
	int64_t first, last;
} courses[] = {
	{ "/delay/0.1", "Mtasync: delay=100", NULL, 100, 100 },
	{ "/delay/250ms",
	    "Server-Timing: initial_delay;dur=250.00;desc=\"initial delay\"",
	    NULL, 250, 250 },
	{ "/delay/0", NULL, NULL, 0, 0 },
	{ "/drip", "Content-Length: 10", "**********", 2000, 4000 },
	{ "/drip?delay=0", NULL, "**********", 0, 2000 },
	{ "/drip?duration=0", NULL, "**********", 2000, 2000 },
	{ "/drip?duration=0.2&delay=0&numbytes=3", "Content-Length: 3", "***",
	    0, 200 },
	{ "/drip?duration=200ms&delay=0&numbytes=1", "Content-Length: 1", "*",
	    0, 0 },
	{ "/drip?duration=100ms&delay=0.1&numbytes=5&code=404",
	    "Server-Timing: total_duration;dur=200.00;desc=\"total request "
	    "duration\", initial_delay;dur=100.00;desc=\"initial delay\", "
	    "write_duration;dur=100.00;desc=\"duration of writes after initial "
	    "delay\", pause_per_write;dur=25.00;desc=\"computed pause between "
	    "writes\"",
	    "*****", 100, 200 },
	{ "/range/26?duration=250ms", "ETag: range26",
	    "abcdefghijklmnopqrstuvwxyz", 0, 250 },
	{ "/bytes/0", "Content-Length: 0", "", 0, 0 },
	{ "/status/418", NULL, "I'm a teapot!", 0, 0 },
	{ "/status/200", "Content-Type: text/plain; charset=utf-8", "", 0, 0 },
	{ "/status/302", "Location: /redirect/1", "", 0, 0 },
	{ "/status/407", "Proxy-Authenticate: Basic realm=\"Fake Realm\"", "",
	    0, 0 },
	{ "/status/401,401", "WWW-Authenticate: Basic realm=\"Fake Realm\"", "",
	    0, 0 },
	{ "/redirect/1", "Location: /get", "", 0, 0 },
	{ "/redirect/100", "Location: /relative-redirect/99", "", 0, 0 },
	{ "/redirect/100?absolute=t", "Location: /relative-redirect/99", "", 0,
	    0 },
	{ "/redirect/1?absolute=True", "Location: http://a/get", "", 0, 0 },
	{ "/absolute-redirect/2", "Location: http://a/absolute-redirect/1", "",
	    0, 0 },
	{ "/redirect-to?url=/%C3%A9%0d%0aX:", "Location: /%C3%A9%0D%0AX:", "",
	    0, 0 },
	{ "/base64/encode/abc123%21%3F%24%2A%26%28%29%27-%3D%40~", NULL,
	    "YWJjMTIzIT8kKiYoKSctPUB-", 0, 0 },
	{ "/base64/decode/YWJjMTIzIT8kKiYoKSctPUB-", NULL, "abc123!?$*&()'-=@~",
	    0, 0 },
	{ "/base64/8J+Ziw==?content-type=a/b", "Content-Type: a/b",
	    "\xf0\x9f\x99\x8b", 0, 0 },
	{ "/base64/PGE+?content-type=text/html", "Content-Type: text/html",
	    "&lt;a&gt;", 0, 0 },
	{ "/cache/60", "Cache-Control: public, max-age=60", NULL, 0, 0 },
	{ "/etag/abc", "ETag: \"abc\"", NULL, 0, 0 },
	{ "/cookies/set?k=v", "Set-Cookie: k=v; Path=/; HttpOnly", "", 0, 0 },
	{ "/response-headers?Foo=x", "Foo: x",
	    "{\"Content-Type\": [\"application/json; charset=utf-8\"], "
	    "\"Foo\": [\"x\"]}\n",
	    0, 0 },
	{ "/response-headers?Content-Length=5&Content-Type=text/x",
	    "Content-Type: text/x", NULL, 0, 0 },
	{ "/get", "Access-Control-Allow-Origin: *", NULL, 0, 0 },
};

static void
test_courses(void **state)
{
	for (size_t i = 0; i < COUNT(courses); i++) {
		running_get(&running, *state, courses[i].target);
		assert_int_equal(running.first / CLOCK_MS, courses[i].first);
		assert_in_range(running.last / CLOCK_MS, courses[i].last,
		    courses[i].last + PACE_TICK / CLOCK_MS);
		if (courses[i].line != NULL &&
		    !running_has(&running, courses[i].line))
			fail_msg("no %s in %s", courses[i].line, running.bytes);
		if (courses[i].body == NULL)
			continue;
		assert_int_equal(running.body_size, strlen(courses[i].body));
		assert_memory_equal(running.body, courses[i].body,
		    running.body_size);
	}
}

/* How many lines come, each ended by a newline, and when the last one does. */
static const struct {
	const char *target;
	unsigned lines;
	int64_t last;
} streams[] = {
	{ "/stream/20", 20, 0 },
	{ "/stream/1000", 100, 0 },
	{ "/stream/0", 1, 0 },
	{ "/stream/-100", 1, 0 },
	{ "/jsonl", 10, 0 },
	{ "/jsonl?count=0", 1, 0 },
	{ "/jsonl?count=-5", 1, 0 },
	{ "/jsonl?count=3&duration=100ms", 3, 100 },
	{ "/jsonl?count=3&duration=100ms&delay=0.1", 3, 200 },
	{ "/jsonl?count=1&duration=100ms", 1, 0 },
	{ "/jsonl?count=3&duration=100ms&jitter=0", 3, 100 },
	{ "/sse", 30, 5000 },
	{ "/sse?count=3&duration=100ms", 9, 100 },
	{ "/sse?duration=10ns", 30, 0 },
	{ "/sse?duration=0.1&delay=5ms", 30, 105 },
};

/* Takes the trailers out of a content in chunks. */
static void
cut_trailers(void)
{
	const char *trailers = strstr(running.body, "Server-Timing: ");
	size_t size;

	if (trailers == NULL)
		return;
	size = (size_t)(trailers - running.bytes);
	memcpy(running.bytes + size, "\r\n", 2);
	running.body_size = size + 2 - (size_t)(running.body - running.bytes);
}

static void
test_streams(void **state)
{
	for (size_t i = 0; i < COUNT(streams); i++) {
		unsigned lines = 0;
		size_t size;
		char *data;

		running_get(&running, *state, streams[i].target);
		assert_true(
		    running_has(&running, "Transfer-Encoding: chunked"));
		cut_trailers();
		data = running_decode(&running, &size, true);
		for (size_t k = 0; k < size; k++)
			lines += data[k] == '\n';
		assert_int_equal(lines, streams[i].lines);
		assert_in_range(running.last / CLOCK_MS, streams[i].last,
		    streams[i].last + 2 * PACE_TICK / CLOCK_MS);
		free(data);
	}
}

/* Requests whose fields count, and what comes of them. */
static const struct {
	const char *request;
	unsigned status;
	const char *line, *body; /* or NULL */
} requests[] = {
	{ REQUEST("GET", "/range/100", "1.1", "Range: bytes=10-24\r\n"), 206,
	    "Content-Range: bytes 10-24/100", "klmnopqrstuvwxy" },
	{ REQUEST("GET", "/range/26", "1.1", "Range: bytes=-5\r\n"), 206,
	    "Content-Range: bytes 21-25/26", "vwxyz" },
	{ REQUEST("GET", "/range/26", "1.1", "Range: bytes=10-5\r\n"), 200,
	    "Content-Length: 26", NULL },
	{ REQUEST("GET", "/range/26", "1.1", "Range: bytes=0-40\r\n"), 200,
	    "Content-Length: 26", NULL },
	{ REQUEST("GET", "/range/26", "1.1", "Range: bytes=32-40\r\n"), 416,
	    "Content-Range: bytes */26", NULL },
	{ REQUEST("GET", "/range/26", "1.1",
	      "Range: bytes=0-1\r\nIf-Range: \"range26\"\r\n"),
	    206, NULL, "ab" },
	{ REQUEST("GET", "/range/26", "1.1",
	      "Range: bytes=0-1\r\nIf-Range: \"range27\"\r\n"),
	    200, NULL, NULL },
	{ REQUEST("HEAD", "/range/26", "1.1", "Range: bytes=0-1\r\n"), 200,
	    "Content-Length: 26", "" },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-None-Match: \"abc\"\r\n"), 304,
	    "ETag: \"abc\"", "" },
	{ REQUEST("GET", "/etag/abc", "1.1",
	      "If-None-Match: W/\"1\", W/\"abc\"\r\n"),
	    304, NULL, "" },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-None-Match: *\r\n"), 304, NULL,
	    "" },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-None-Match: \"1\"\r\n"), 200,
	    NULL, NULL },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-Match: \"1\", \"abc\"\r\n"),
	    200, NULL, NULL },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-Match: *\r\n"), 200, NULL,
	    NULL },
	{ REQUEST("GET", "/etag/abc", "1.1", "If-Match: \"1\"\r\n"), 412, NULL,
	    "" },
	{ REQUEST("GET", "/cache", "1.1", "If-None-Match: x\r\n"), 304, NULL,
	    "" },
	{ REQUEST("GET", "/cache", "1.1", "If-Modified-Since: x\r\n"), 304,
	    NULL, "" },
	{ REQUEST("GET", "/basic-auth/user/pass", "1.1",
	      "Authorization: basic dXNlcjpwYXNz\r\n"),
	    200, NULL, NULL },
	{ REQUEST("GET", "/basic-auth/user/pass", "1.1",
	      "Authorization: Basic dXNlcjpwYXNzMQ==\r\n"),
	    401, "WWW-Authenticate: Basic realm=\"Fake Realm\"",
	    "{\n  \"authenticated\": false,\n  \"user\": \"user\",\n"
	    "  \"authorized\": false\n}\n" },
	{ REQUEST("GET", "/basic-auth/user/pass", "1.1",
	      "Authorization: Basic dXNlcg\r\n"),
	    401, NULL, NULL },
	{ REQUEST("GET", "/bearer", "1.1", "Authorization: Bearer x\r\n"), 200,
	    NULL, NULL },
	{ REQUEST("GET", "/bearer", "1.1", "Authorization: bearer x\r\n"), 401,
	    "WWW-Authenticate: Bearer", NULL },
	{ REQUEST("GET", "/bearer", "1.1", "Authorization: Bearer x y\r\n"),
	    401, NULL, NULL },
	{ REQUEST("GET", "/bearer", "1.1", "Authorization: Bearer\r\n"), 401,
	    NULL, NULL },
	{ REQUEST("GET", "/cookies", "1.1", "Cookie: b=2; a=\"1\"; b=3\r\n"),
	    200, NULL, "{\n  \"cookies\": {\"a\": \"1\", \"b\": \"3\"}\n}\n" },
	{ REQUEST("GET", "/cookies/set?k=v&attr[sameSite]=lax", "1.1",
	      "X-Forwarded-Proto: https\r\n"),
	    302, "Set-Cookie: k=v; Path=/; HttpOnly; Secure; SameSite=Lax",
	    "" },
	{ REQUEST("GET",
	      "/cookies/set?attr[path]=/x&attr[domain]=a.com&k=v&"
	      "attr[httponly]=0&attr[SameSite]=bogus",
	      "1.1", ""),
	    302, "Set-Cookie: k=v; Path=/x; Domain=a.com", "" },
	{ REQUEST("GET", "/ip", "1.1", "X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n"),
	    200, NULL, "{\n  \"origin\": \"1.2.3.4\"\n}\n" },
	{ REQUEST("GET", "/user-agent", "1.1", "User-Agent: me\r\n"), 200, NULL,
	    "{\n  \"user-agent\": \"me\"\n}\n" },
	{ REQUEST("GET", "/get", "1.1", "Origin: http://x\r\n"), 200,
	    "Access-Control-Allow-Origin: http://x", NULL },
	{ REQUEST("OPTIONS", "/get", "1.1",
	      "Access-Control-Request-Headers: X-A\r\n"),
	    200, "Access-Control-Allow-Headers: X-A", "" },
	{ REQUEST("HEAD", "/head", "1.1", ""), 200, NULL, "" },
	{ REQUEST("POST", "/get", "1.1", "Content-Length: 0\r\n"), 405,
	    "Allow: GET, HEAD, OPTIONS", NULL },
	{ REQUEST("PATCH", "/patch", "1.1", ""), 200, NULL, NULL },
	{ REQUEST("DELETE", "/delete", "1.1", ""), 200, NULL, NULL },
	{ REQUEST("HEAD", "/drip?duration=1&delay=0.5", "1.1", ""), 200,
	    "Content-Length: 10", "" },
	{ REQUEST("GET", "/trailers?a=1", "1.0", ""), 200, "Trailer: a", NULL },
};

static void
test_requests(void **state)
{
	for (size_t i = 0; i < COUNT(requests); i++) {
		running_ask(&running, *state, requests[i].request);
		assert_int_equal(httpbinned_status(&running),
		    requests[i].status);
		if (requests[i].line != NULL &&
		    !running_has(&running, requests[i].line))
			fail_msg("no %s in %s", requests[i].line,
			    running.bytes);
		if (requests[i].body == NULL)
			continue;
		assert_int_equal(running.body_size, strlen(requests[i].body));
		assert_memory_equal(running.body, requests[i].body,
		    running.body_size);
	}
}

/* Interim statuses come before a 200. */
static void
test_interim(void **state)
{
	static const char *const targets[] = { "/status/100",
		"/drip?code=100" };

	for (size_t i = 0; i < COUNT(targets); i++) {
		running_get(&running, *state, targets[i]);
		assert_int_equal(httpbinned_status(&running), 100);
		assert_non_null(strstr(running.bytes, "\r\n\r\nHTTP/1.1 200 "));
	}
}

/* What comes behind the last chunk. */
static void
test_trailers(void **state)
{
	running_get(&running, *state, "/trailers?b=2&a=1");
	assert_true(running_has(&running, "Trailer: b"));
	assert_true(running_has(&running, "Trailer: a"));
	assert_non_null(strstr(running.body, "\r\n0\r\na: 1\r\nb: 2\r\n\r\n"));
	running_get(&running, *state, "/trailers");
	assert_non_null(strstr(running.body, "\r\n0\r\n\r\n"));
}

/* Of parameters with one name, one goes out. */
static void
test_repeated(void **state)
{
	static const struct {
		const char *target, *name;
		unsigned count; /* lines that begin with the name */
		const char *line;
	} rows[] = {
		{ "/cookies/set?a=b&a=c", "\r\nSet-Cookie: ", 1,
		    "\r\nSet-Cookie: a=b; Path=/; HttpOnly\r\n" },
		{ "/cookies/set?b=1&a=2&b=3&ab=4&B=5", "\r\nSet-Cookie: ", 4,
		    "\r\nSet-Cookie: b=1; Path=/; HttpOnly\r\n" },
		{ "/cookies/delete?a&a", "\r\nSet-Cookie: a=; ", 1, "" },
		{ "/trailers?a=1&a=2", "\r\nTrailer: ", 1,
		    "\r\nTrailer: a\r\n" },
		{ "/trailers?a=1&a=2", "\r\na: ", 1, "\r\n0\r\na: 2\r\n\r\n" },
		{ "/trailers?a=3&b=4&a=1&ab=5", "\r\nTrailer: ", 3,
		    "\r\n0\r\na: 1\r\nab: 5\r\nb: 4\r\n\r\n" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned count = 0;

		running_get(&running, *state, rows[i].target);
		for (const char *p = running.bytes;
		     (p = strstr(p, rows[i].name)) != NULL; p++)
			count++;
		assert_int_equal(count, rows[i].count);
		assert_non_null(strstr(running.bytes, rows[i].line));
	}
}

/* Chunks are of the size that is asked for. */
static void
test_chunks(void **state)
{
	static const struct {
		const char *target, *first;
		unsigned pieces;
	} rows[] = {
		{ "/stream-bytes/256?chunk_size=1", "1\r\n", 256 },
		{ "/stream-bytes/256?chunk_size=7", "7\r\n", 37 },
		{ "/stream-bytes/256?chunk_size=512", "100\r\n", 1 },
		{ "/stream-bytes/256?chunk_size=-10", "100\r\n", 1 },
		{ "/stream-bytes/20480", "2800\r\n", 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t size;

		running_get(&running, *state, rows[i].target);
		assert_memory_equal(running.body, rows[i].first,
		    strlen(rows[i].first));
		assert_int_equal(running.pieces, rows[i].pieces + 2);
		free(running_decode(&running, &size, true));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HTTPBINNED_TEST(test_courses),
		HTTPBINNED_TEST(test_streams),
		HTTPBINNED_TEST(test_requests),
		HTTPBINNED_TEST(test_interim),
		HTTPBINNED_TEST(test_trailers),
		HTTPBINNED_TEST(test_repeated),
		HTTPBINNED_TEST(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
