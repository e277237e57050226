/* Tests of http/origin: whom a request is for. */
#include "config.h"

#include "http/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/parser.h"
#include "parsing.h"

static const struct parsing_row target_rows[] = {
	ROW("9112 3.2.1 path", TARGET("GET", "/a/b.c"),
	    "GET /a/b.c @h 1.1 keep none"),
	ROW("9112 3.2.1 query", TARGET("GET", "/a?b=c?d/e"),
	    "GET /a ?b=c?d/e @h 1.1 keep none"),
	ROW("9112 3.2.1 empty query", TARGET("GET", "/?"),
	    "GET / ? @h 1.1 keep none"),
	ROW("9112 3.2.1 not decoded", TARGET("GET", "/%2e%2e//x"),
	    "GET /%2e%2e//x @h 1.1 keep none"),
	ROW("9112 3.2.1 a path of slashes", TARGET("GET", "//evil/a"),
	    "GET //evil/a @h 1.1 keep none"),
	ROW("9112 3.2 what browsers send", TARGET("GET", "/?q=\"<|>^`{}\\"),
	    "GET / ?q=\"<|>^`{}\\ @h 1.1 keep none"),
	ROW("9112 3.2 a relative path", TARGET("GET", "a/b"), "400"),
	ROW("9112 3.2 a query alone", TARGET("GET", "?a"), "400"),
	ROW("9112 3.2 a fragment", TARGET("GET", "/a#b"), "400"),
	ROW("9112 3.2 NUL", TARGET("GET", "/\0"), "400"),
	ROW("9112 3.2 DEL", TARGET("GET", "/\x7f"), "400"),
	ROW("9112 3.2 HTAB", TARGET("GET", "/\t"), "400"),
	ROW("9112 3.2 not ASCII", TARGET("GET", "/\xc3\xa9"),
	    "GET /\xc3\xa9 @h 1.1 keep none"),

	ROW("9112 3.2.2 absolute", TARGET("GET", "http://a.b:80/c?d"),
	    "GET /c ?d @a.b:80 1.1 keep none"),
	ROW("9112 3.2.2 https, any case", TARGET("GET", "hTTpS://a/"),
	    "GET / @a 1.1 keep none"),
	ROW("9110 4.2.3 empty path", TARGET("GET", "http://a"),
	    "GET / @a 1.1 keep none"),
	ROW("9110 4.2.3 empty path, query", TARGET("GET", "http://a?b/c"),
	    "GET / ?b/c @a 1.1 keep none"),
	ROW("9112 3.2.2 IPv6", TARGET("GET", "http://[::1]:8/"),
	    "GET / @[::1]:8 1.1 keep none"),
	ROW("9112 3.2.2 in HTTP/1.0", "GET http://a/ HTTP/1.0\r\n\r\n",
	    "GET / @a 1.0 close none"),
	ROW("9112 3.2.2 Host is needed", "GET http://a/ HTTP/1.1\r\n\r\n",
	    "400"),
	ROW("9112 3.2.2 Host must be valid",
	    "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
	ROW("9110 4.2.4 userinfo", TARGET("GET", "http://u@a/"), "400"),
	ROW("9110 4.2.4 userinfo", TARGET("GET", "http://u:p@a/"), "400"),
	ROW("9110 4.2.1 no host", TARGET("GET", "http:///a"), "400"),
	ROW("9110 4.2.1 no host but a port", TARGET("GET", "http://:80/"),
	    "400"),
	ROW("3986 3.2.3 bad port", TARGET("GET", "http://a:b/"), "400"),
	ROW("3986 3.1 other scheme", TARGET("GET", "ftp://a/"), "400"),
	ROW("3986 3.1 no slashes", TARGET("GET", "http:a"), "400"),

	ROW("9112 3.2.4 asterisk", TARGET("OPTIONS", "*"),
	    "OPTIONS * @h 1.1 keep none"),
	ROW("9112 3.2.4 for OPTIONS alone", TARGET("GET", "*"), "400"),
	ROW("9112 3.2.4 with more", TARGET("OPTIONS", "*/"), "400"),

	ROW("9112 3.2.3 authority", TARGET("CONNECT", "a:443"),
	    "CONNECT  @a:443 1.1 keep none"),
	ROW("9112 3.2.3 IPv6", TARGET("CONNECT", "[::1]:443"),
	    "CONNECT  @[::1]:443 1.1 keep none"),
	ROW("9112 3.2.3 no port", TARGET("CONNECT", "a"), "400"),
	ROW("9112 3.2.3 empty port", TARGET("CONNECT", "a:"), "400"),
	ROW("9112 3.2.3 a path", TARGET("CONNECT", "/"), "400"),
	ROW("9112 3.2.3 a URI", TARGET("CONNECT", "http://a:80/"), "400"),
	ROW("9112 3.2.3 for CONNECT alone", TARGET("GET", "a:443"), "400"),
};

static const struct parsing_row host_rows[] = {
	ROW("9112 3.2 a name", HOST(" a-b.example"),
	    "GET / @a-b.example 1.1 keep none"),
	ROW("9112 3.2 a port", HOST(" a:7878"), "GET / @a:7878 1.1 keep none"),
	ROW("3986 3.2.3 an empty port", HOST(" a:"), "GET / @a: 1.1 keep none"),
	ROW("3986 3.2.2 IPv4", HOST(" 127.0.0.1:65535"),
	    "GET / @127.0.0.1:65535 1.1 keep none"),
	ROW("3986 3.2.2 IPv6", HOST(" [2001:db8::1]"),
	    "GET / @[2001:db8::1] 1.1 keep none"),
	ROW("3986 3.2.2 IPv6 and port", HOST(" [::ffff:1.2.3.4]:80"),
	    "GET / @[::ffff:1.2.3.4]:80 1.1 keep none"),
	ROW("3986 3.2.2 reg-name", HOST(" a_b!$&'()*+,;=~%7e"),
	    "GET / @a_b!$&'()*+,;=~%7e 1.1 keep none"),
	ROW("9112 3.2 empty", HOST(""), "GET / @ 1.1 keep none"),
	ROW("9112 3.2 empty, with spaces", HOST(" \t "),
	    "GET / @ 1.1 keep none"),
	ROW("9112 3.2 missing", "GET / HTTP/1.1\r\n\r\n", "400"),
	ROW("9112 3.2 missing in 1.0", FIELDS10(""), "GET / 1.0 close none"),
	ROW("9112 3.2 twice", FIELDS("Host: h\r\n"), "400"),
	ROW("9112 3.2 twice, another", FIELDS("hOST: g\r\n"), "400"),
	ROW("9112 3.2 twice in 1.0", FIELDS10("Host: h\r\nHost: h\r\n"), "400"),
	ROW("9112 3.2 invalid in 1.0", FIELDS10("Host: a/b\r\n"), "400"),
	ROW("9112 3.2 a list", HOST(" a, b"), "400"),
	ROW("9112 3.2 a path", HOST(" a/b"), "400"),
	ROW("9112 3.2 a URI", HOST(" http://a"), "400"),
	ROW("9112 3.2 userinfo", HOST(" u@a"), "400"),
	ROW("9112 3.2 a space", HOST(" a b"), "400"),
	ROW("9112 3.2 a quote", HOST(" \"a\""), "400"),
	ROW("9112 3.2 not ASCII", HOST(" \xc3\xa9"), "400"),
	ROW("9112 3.2 no host", HOST(" :80"), "400"),
	ROW("3986 3.2.3 port no number", HOST(" a:x"), "400"),
	ROW("3986 3.2.3 port signed", HOST(" a:+1"), "400"),
	ROW("3986 3.2.3 port too large", HOST(" a:65536"), "400"),
	ROW("3986 3.2.3 port far too large", HOST(" a:4294967376"), "400"),
	ROW("3986 3.2.3 two ports", HOST(" a:1:2"), "400"),
	ROW("3986 3.2.2 bare IPv6", HOST(" ::1"), "400"),
	ROW("3986 3.2.2 IPv6 not closed", HOST(" [::1"), "400"),
	ROW("3986 3.2.2 IPv6 not valid", HOST(" [1:2]"), "400"),
	ROW("3986 3.2.2 IPv6 empty", HOST(" []"), "400"),
	ROW("3986 3.2.2 IPv6 too long",
	    HOST(" [0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"),
	    "400"),
	ROW("3986 3.2.2 IPv6 and junk", HOST(" [::1]a"), "400"),
	ROW("3986 3.2.2 IPvFuture", HOST(" [v1.a]"), "400"),
	ROW("3986 2.1 bad percent", HOST(" a%7"), "400"),
	ROW("3986 2.1 bad percent", HOST(" a%7g"), "400"),
};

static void
test_target(void **state)
{
	CHECK_ROWS(state, target_rows);
}

static void
test_host(void **state)
{
	CHECK_ROWS(state, host_rows);
}

/* Asserts what becomes of a Host in a request that has seen others. */
static void
assert_next_host(struct http_request *request, const char *host,
    enum http_parse result)
{
	char text[256];

	print_message("# %s\n", host);
	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	assert_int_equal(http_request_parse(request, span_of(text), 0), result);
	if (result != HTTP_OK)
		return;
	assert_int_equal(request->authority.size, strlen(host));
	assert_memory_equal(request->authority.data, host, strlen(host));
	assert_true(request->authority.data > text);
}

/* The Host that is kept is known again; no other is taken for it. */
static void
test_host_again(void **state)
{
	static struct http_request request;
	char longest[HTTP_HOST_KEPT + 2];

	(void)state;
	memset(longest, 'a', sizeof longest);
	longest[HTTP_HOST_KEPT + 1] = '\0';
	assert_next_host(&request, "a b", HTTP_BAD);
	assert_next_host(&request, "a b", HTTP_BAD);
	assert_next_host(&request, "a.b:80", HTTP_OK);
	assert_int_equal(request.host_size, 6);
	assert_next_host(&request, "a.b:80", HTTP_OK);
	assert_next_host(&request, "a.b:8x", HTTP_BAD);
	assert_next_host(&request, "a.b:80,", HTTP_BAD);
	assert_next_host(&request, ":80", HTTP_BAD);
	assert_next_host(&request, "", HTTP_OK);
	assert_next_host(&request, "a.b", HTTP_OK);
	assert_next_host(&request, longest, HTTP_OK);
	assert_int_equal(request.host_size, 3);
	assert_next_host(&request, longest + 1, HTTP_OK);
	assert_int_equal(request.host_size, HTTP_HOST_KEPT);
	assert_next_host(&request, longest + 1, HTTP_OK);
	assert_next_host(&request, longest, HTTP_OK);
}

/* The path of a target alone. */
static void
test_path(void **state)
{
	static const struct {
		const char *target, *path;
	} rows[] = {
		{ "/a/b?c", "/a/b" },
		{ "/", "/" },
		{ "/?/a", "/" },
		{ "//a/b", "//a/b" },
		{ "http://h/a/b?c/d", "/a/b" },
		{ "hTTpS://h:1/a", "/a" },
		{ "http://[::1]:80/a?", "/a" },
		{ "http://h", "/" },
		{ "http://h?/a", "/" },
		{ "http:/a", "" },
		{ "ftp://h/a", "" },
		{ "http", "" },
		{ "*", "" },
		{ "h:443", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span path = http_origin_path(span_of(rows[i].target));

		if (!span_equal(path, span_of(rows[i].path)))
			fail_msg("%s: %.*s", rows[i].target, (int)path.size,
			    path.data);
	}
	assert_int_equal(http_origin_path((struct span){ NULL, 0 }).size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_host_again),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests_name("origin", tests, parsing_open,
	    parsing_close);
}
