/*
 * Tests of http/request, framing and origin: each row is a head and the
 * verdict on it; the verdict must be the same for every split.
 */
#include "config.h"

#include "http/request.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"

#define TEXT_MAX 65536

struct row {
	const char *name;
	struct span input;
	const char *verdict; /* as test_describe writes it */
};

#define ROW(name, input, verdict)             \
 {                                            \
  name, { input, sizeof(input) - 1 }, verdict \
 }

/* A request that has nothing special but these field lines. */
#define FIELDS(lines)          "GET / HTTP/1.1\r\nHost: h\r\n" lines "\r\n"
#define FIELDS10(lines)        "GET / HTTP/1.0\r\n" lines "\r\n"
#define TARGET(method, target) method " " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define HOST(value)            "GET / HTTP/1.1\r\nHost:" value "\r\n\r\n"

#define PLAIN "GET / @h 1.1 keep none"

static const struct row request_line_rows[] = {
	ROW("9112 3 the plain request", FIELDS(""), PLAIN),
	ROW("9112 3 nothing yet", "", "more"),
	ROW("9112 3 a piece", "GET / HTTP/1.1\r\nHost: h\r\n", "more"),
	ROW("9112 3 what follows stays", FIELDS("") "GET /b", PLAIN),

	ROW("9112 2.2 an empty line first", "\r\n" FIELDS(""), PLAIN),
	ROW("9112 2.2 four of them", "\r\n\r\n\r\n\r\n" FIELDS(""), PLAIN),
	ROW("9112 2.2 too many", "\r\n\r\n\r\n\r\n\r\n" FIELDS(""), "400"),
	ROW("9112 2.2 a bare LF first", "\n" FIELDS(""), "400"),
	ROW("9112 2.2 a bare CR first", "\r" FIELDS(""), "400"),
	ROW("9112 2.2 a space first", " " FIELDS(""), "400"),
	ROW("9112 2.2 bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400"),
	ROW("9112 2.2 bare CR", "GET / HTTP/1.1\rHost: h\r\n\r\n", "400"),
	ROW("9112 2.2 CR twice", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400"),

	ROW("9110 9.3 HEAD", TARGET("HEAD", "/"), "HEAD / @h 1.1 keep none"),
	ROW("9110 9.3 OPTIONS", TARGET("OPTIONS", "/"),
	    "OPTIONS / @h 1.1 keep none"),
	ROW("9110 9.3 POST", TARGET("POST", "/"), "POST / @h 1.1 keep none"),
	ROW("9110 9.3 PUT", TARGET("PUT", "/"), "PUT / @h 1.1 keep none"),
	ROW("9110 9.3 DELETE", TARGET("DELETE", "/"),
	    "DELETE / @h 1.1 keep none"),
	ROW("9110 9.3 TRACE", TARGET("TRACE", "/"), "TRACE / @h 1.1 keep none"),
	ROW("5789 2 PATCH", TARGET("PATCH", "/"), "PATCH / @h 1.1 keep none"),
	ROW("9110 9.1 unknown", TARGET("BREW", "/"), "? / @h 1.1 keep none"),
	ROW("9110 9.1 case counts", TARGET("get", "/"), "? / @h 1.1 keep none"),
	ROW("9110 9.1 any token", TARGET("!#$%&'*+-.^_`|~9", "/"),
	    "? / @h 1.1 keep none"),
	ROW("9110 9.1 no token", TARGET("GE(T", "/"), "400"),
	ROW("9110 9.1 a colon", TARGET("GET:", "/"), "400"),
	ROW("9110 9.1 not ASCII", TARGET("G\xc3\x89T", "/"), "400"),
	ROW("9110 9.1 NUL", TARGET("G\0T", "/"), "400"),
	ROW("9112 3 no method", TARGET("", "/"), "400"),
	ROW("9112 3 TLS", "\x16\x03\x01\x02", "400"),

	ROW("9112 3 two spaces", TARGET("GET ", "/"), "400"),
	ROW("9112 3 HTAB", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
	ROW("9112 3 a space after", TARGET("GET", "/ "), "400"),
	ROW("9112 3 a space within", TARGET("GET", "/a b"), "400"),
	ROW("9112 3 space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
	    "400"),
	ROW("9112 3 no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
	ROW("9112 3 HTTP/0.9", "GET /\r\n", "400"),
	ROW("9112 3 no version", "GET / \r\n", "400"),

	ROW("9112 2.3 1.0", FIELDS10(""), "GET / 1.0 close none"),
	ROW("9110 2.5 1.2 is 1.1", "GET / HTTP/1.2\r\nHost: h\r\n\r\n",
	    "GET / @h 1.2 keep none"),
	ROW("9110 2.5 1.9 needs Host", "GET / HTTP/1.9\r\n\r\n", "400"),
	ROW("9110 15.6.6 2.0", "GET / HTTP/2.0\r\n\r\n", "505"),
	ROW("9110 15.6.6 0.9", "GET / HTTP/0.9\r\n\r\n", "505"),
	ROW("9113 3.4 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
	ROW("9112 2.3 case counts", "GET / http/1.1\r\n\r\n", "400"),
	ROW("9112 2.3 two digits", "GET / HTTP/1.10\r\n\r\n", "400"),
	ROW("9112 2.3 two digits", "GET / HTTP/11.1\r\n\r\n", "400"),
	ROW("9112 2.3 one digit", "GET / HTTP/1\r\n\r\n", "400"),
	ROW("9112 2.3 no digit", "GET / HTTP/1.x\r\n\r\n", "400"),
	ROW("9112 2.3 no point", "GET / HTTP/1,1\r\n\r\n", "400"),
	ROW("9112 2.3 other", "GET / ICY/1.1\r\n\r\n", "400"),
};

static const struct row target_rows[] = {
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
	ROW("9112 3.2 not ASCII", TARGET("GET", "/\xc3\xa9"), "400"),

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

static const struct row host_rows[] = {
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

static const struct row field_rows[] = {
	ROW("9112 5 no white space", FIELDS("A:b\r\n"), PLAIN),
	ROW("9112 5 much white space", FIELDS("A: \t b \t\r\n"), PLAIN),
	ROW("9112 5 empty value", FIELDS("A:\r\n"), PLAIN),
	ROW("9110 5.1 any token", FIELDS("!#$%&'*+-.^_`|~9Az: b\r\n"), PLAIN),
	ROW("9110 5.5 obs-text", FIELDS("A: \x80\xff\xc3\xa9\r\n"), PLAIN),
	ROW("9110 5.5 HTAB within", FIELDS("A: b\tc\r\n"), PLAIN),
	ROW("9110 5.5 HTAB in a long one",
	    FIELDS("A: 0123456789\t0123\t456789abcdef\r\n"), PLAIN),
	ROW("9112 5.1 space before the colon", FIELDS("A : b\r\n"), "400"),
	ROW("9112 5.1 HTAB before the colon", FIELDS("A\t: b\r\n"), "400"),
	ROW("9112 5.1 empty name", FIELDS(": b\r\n"), "400"),
	ROW("9112 5.1 no colon", FIELDS("A\r\n"), "400"),
	ROW("9112 5.1 no token", FIELDS("A(b): c\r\n"), "400"),
	ROW("9112 5.1 name not ASCII", FIELDS("\xc3\xa9: c\r\n"), "400"),
	ROW("9112 5.1 NUL in a name", FIELDS("A\0: c\r\n"), "400"),
	ROW("9112 5.2 obs-fold", FIELDS("A: b\r\n c\r\n"), "400"),
	ROW("9112 5.2 obs-fold, HTAB", FIELDS("A: b\r\n\tc\r\n"), "400"),
	ROW("9112 5.2 obs-fold, empty", FIELDS("A: b\r\n \r\n"), "400"),
	ROW("9112 2.2 white space first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
	    "400"),
	ROW("9110 5.5 NUL", FIELDS("A: b\0c\r\n"), "400"),
	ROW("9110 5.5 a control", FIELDS("A: b\x01\r\n"), "400"),
	ROW("9110 5.5 the last control",
	    FIELDS("A: 012345678\x1f"
		   "0123456789\r\n"),
	    "400"),
	ROW("9110 5.5 DEL", FIELDS("A: b\x7f\r\n"), "400"),
	ROW("9110 5.5 DEL in a long one",
	    FIELDS("A: 0123456789\x7f"
		   "0123456789\r\n"),
	    "400"),
	ROW("9112 2.2 bare CR", FIELDS("A: b\rc\r\n"), "400"),
	ROW("9112 2.2 CR twice", FIELDS("A: b\r\r\n"), "400"),
	ROW("9112 2.2 bare LF", FIELDS("A: b\nC: d\r\n"), "400"),
	ROW("9112 2.2 bare LF ends", "GET / HTTP/1.1\r\nHost: h\r\n\n", "400"),
	ROW("9112 2.2 bare CR ends", "GET / HTTP/1.1\r\nHost: h\r\n\rA", "400"),
};

static const struct row framing_rows[] = {
	ROW("9112 6.3 length", FIELDS("Content-Length: 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 length 0", FIELDS("Content-Length: 0\r\n"),
	    "GET / @h 1.1 keep length=0"),
	ROW("9110 8.6 leading zeros", FIELDS("content-length: 0005\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9110 8.6 2^63-1",
	    FIELDS("Content-Length: 9223372036854775807\r\n"),
	    "GET / @h 1.1 keep length=9223372036854775807"),
	ROW("9112 6.3 the same twice",
	    FIELDS("Content-Length: 5\r\nContent-Length: 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 a list of the same", FIELDS("Content-Length: 5 , 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 different ones",
	    FIELDS("Content-Length: 5\r\nContent-Length: 6\r\n"), "400"),
	ROW("9112 6.3 0 and another",
	    FIELDS("Content-Length: 0\r\nContent-Length: 6\r\n"), "400"),
	ROW("9112 6.3 a list of different ones",
	    FIELDS("Content-Length: 5, 6\r\n"), "400"),
	ROW("9110 8.6 2^63", FIELDS("Content-Length: 9223372036854775808\r\n"),
	    "400"),
	ROW("9110 8.6 2^64+5",
	    FIELDS("Content-Length: 18446744073709551621\r\n"), "400"),
	ROW("9110 8.6 empty", FIELDS("Content-Length:\r\n"), "400"),
	ROW("9110 8.6 a sign", FIELDS("Content-Length: +5\r\n"), "400"),
	ROW("9110 8.6 negative", FIELDS("Content-Length: -5\r\n"), "400"),
	ROW("9110 8.6 hex", FIELDS("Content-Length: 0x5\r\n"), "400"),
	ROW("9110 8.6 one char after", FIELDS("Content-Length: 5x\r\n"), "400"),
	ROW("9110 8.6 a space within", FIELDS("Content-Length: 5 5\r\n"),
	    "400"),
	ROW("9110 8.6 a comma after", FIELDS("Content-Length: 5,\r\n"), "400"),
	ROW("9110 8.6 a comma before", FIELDS("Content-Length: ,5\r\n"), "400"),

	ROW("9112 7.1 chunked", FIELDS("Transfer-Encoding: chunked\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9112 7 any case", FIELDS("transfer-encoding: CHUNKed\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9110 5.6.1 empty elements",
	    FIELDS("Transfer-Encoding: , chunked ,\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9112 6.3 with a length",
	    FIELDS("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.3 with a length after",
	    FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
	    "400"),
	ROW("9112 6.1 in 1.0", FIELDS10("Transfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.1 twice", FIELDS("Transfer-Encoding: chunked, chunked\r\n"),
	    "400"),
	ROW("9112 6.1 twice, in lines",
	    FIELDS("Transfer-Encoding: chunked\r\n"
		   "Transfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.3 not last", FIELDS("Transfer-Encoding: chunked, gzip\r\n"),
	    "400"),
	ROW("9112 6.3 not last, in lines",
	    FIELDS("Transfer-Encoding: chunked\r\n"
		   "Transfer-Encoding: identity\r\n"),
	    "400"),
	ROW("9112 6.3 not there", FIELDS("Transfer-Encoding: gzip\r\n"), "400"),
	ROW("9112 6.3 empty", FIELDS("Transfer-Encoding:\r\n"), "400"),
	ROW("9112 6.3 nearly", FIELDS("Transfer-Encoding: xchunked\r\n"),
	    "400"),
	ROW("9112 6.3 quoted", FIELDS("Transfer-Encoding: \"chunked\"\r\n"),
	    "400"),
	ROW("9112 7.1 a parameter", FIELDS("Transfer-Encoding: chunked;a\r\n"),
	    "400"),
	ROW("9112 6.1 unknown before",
	    FIELDS("Transfer-Encoding: gzip, chunked\r\n"), "501"),
	ROW("9112 6.1 unknown before, in lines",
	    FIELDS("Transfer-Encoding: gzip\r\n"
		   "Transfer-Encoding: chunked\r\n"),
	    "501"),
	ROW("9112 5.1 hidden by a space",
	    FIELDS("Transfer-Encoding : chunked\r\n"), "400"),
};

static const struct row connection_rows[] = {
	ROW("9112 9.3 1.1 persists", FIELDS(""), PLAIN),
	ROW("9112 9.6 close", FIELDS("Connection: close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 any case", FIELDS("cONNECTION: CLOSE\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 in a list", FIELDS("Connection: te, close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9112 9.3 close wins",
	    FIELDS("Connection: close\r\nConnection: keep-alive\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9112 9.3 close wins, last",
	    FIELDS("Connection: keep-alive,close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 another option", FIELDS("Connection: closed\r\n"),
	    PLAIN),
	ROW("9112 9.3 1.0 closes", FIELDS10("Connection: te\r\n"),
	    "GET / 1.0 close none"),
	ROW("9112 9.3 1.0 keeps alive", FIELDS10("Connection: Keep-Alive\r\n"),
	    "GET / 1.0 keep none"),
	ROW("9112 9.3 1.0 close wins",
	    FIELDS10("Connection: keep-alive, close\r\n"),
	    "GET / 1.0 close none"),

	ROW("9110 10.1.1 continue",
	    FIELDS("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
	    "GET / @h 1.1 keep length=1 expects"),
	ROW("9110 10.1.1 another", FIELDS("Expect: 200-ok\r\n"), "417"),
	ROW("9110 10.1.1 another in the list",
	    FIELDS("Expect: 100-continue, b=c\r\n"), "417"),
	ROW("9110 10.1.1 with a parameter",
	    FIELDS("Expect: 100-continue;a=b\r\n"), "417"),
	ROW("9110 10.1.1 ignored in 1.0", FIELDS10("Expect: 100-continue\r\n"),
	    "GET / 1.0 close none"),
};

static void print(char *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends to text, which has TEXT_MAX bytes. */
static void
print(char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text + size, TEXT_MAX - size, format, arguments);
	va_end(arguments);
	assert_true(n >= 0 && (size_t)n < TEXT_MAX - size);
}

static void
print_span(char *text, const char *before, struct span span)
{
	if (span.data != NULL)
		print(text, "%s%.*s", before, (int)span.size, span.data);
}

/* `GET /path ?query @authority 1.1 keep length=5 expects`, `400` or `more`. */
static void
describe(char *text, enum http_parse result, const struct http_request *request)
{
	*text = '\0';
	if (result == HTTP_MORE)
		print(text, "more");
	if (result == HTTP_BAD)
		print(text, "%u", request->status);
	if (result != HTTP_OK)
		return;
	if (request->method == HTTP_METHOD_UNKNOWN)
		print(text, "?");
	else
		print_span(text, "", request->method_name);
	print_span(text, " ", request->path);
	print_span(text, " ?", request->query);
	print_span(text, " @", request->authority);
	print(text, " 1.%u %s", request->minor,
	    request->keep_alive ? "keep" : "close");
	if (request->framing == HTTP_FRAMING_NONE)
		print(text, " none");
	else if (request->framing == HTTP_FRAMING_CHUNKED)
		print(text, " chunked");
	else
		print(text, " length=%llu",
		    (unsigned long long)request->content_length);
	if (request->expects_continue)
		print(text, " expects");
}

/* All that the verdict holds, to compare one with another. */
static void
describe_all(char *text, enum http_parse result,
    const struct http_request *request)
{
	describe(text, result, request);
	if (result == HTTP_MORE)
		return;
	print_span(text, " method ", request->method_name);
	print_span(text, " target ", request->target);
	if (result == HTTP_BAD) {
		print(text, " fault %s keep %d", request->fault,
		    request->keep_alive);
		return;
	}
	print(text, " size %zu present %x repeated %x", request->head_size,
	    request->present, request->repeated);
	for (unsigned i = 0; i < request->field_count; i++) {
		print(text, " %d", request->fields[i].id);
		print_span(text, " ", request->fields[i].name);
		print_span(text, ":", request->fields[i].value);
	}
}

/* Memory of all tests; the input under test always ends at its guard page. */
struct world {
	struct guard guard;
	struct http_request request;
	char whole[TEXT_MAX];
	char text[TEXT_MAX];
};

static enum http_parse
parse(struct world *w, struct span input, size_t size, size_t seen)
{
	struct span piece = { input.data, size };

	/* What a former call left must not matter. */
	memset(&w->request, 0xaa, sizeof(w->request));
	return http_request_parse(&w->request, guard_at_end(&w->guard, piece),
	    seen);
}

/*
 * Feeds the input `step` bytes at a time, the first piece having `first`, and
 * checks that the verdict is the one on the whole; returns how many bytes it
 * took.
 */
static size_t
check_pieces(struct world *w, struct span input, size_t first, size_t step)
{
	enum http_parse result;
	size_t seen = 0, size = first;

	for (;;) {
		result = parse(w, input, size, seen);
		if (result != HTTP_MORE || size == input.size)
			break;
		seen = size;
		size = input.size - size < step ? input.size : size + step;
	}
	describe_all(w->text, result, &w->request);
	assert_string_equal(w->text, w->whole);
	return size;
}

static void
check_row(struct world *w, const struct row *row)
{
	struct span input = row->input;
	enum http_parse result = parse(w, input, input.size, 0);

	describe(w->text, result, &w->request);
	if (strcmp(w->text, row->verdict) != 0)
		fail_msg("%s: %s, not %s", row->name, w->text, row->verdict);
	describe_all(w->whole, result, &w->request);
	for (size_t first = 0; first <= input.size; first++) {
		check_pieces(w, input, first, input.size);
		check_pieces(w, input, first, 1);
	}
}

static void
check_rows(struct world *w, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_row(w, &rows[i]);
}

#define CHECK_ROWS(state, rows) \
 check_rows(*(state), rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_request_line(void **state)
{
	CHECK_ROWS(state, request_line_rows);
}

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

static void
test_fields(void **state)
{
	CHECK_ROWS(state, field_rows);
}

static void
test_framing(void **state)
{
	CHECK_ROWS(state, framing_rows);
}

static void
test_connection(void **state)
{
	CHECK_ROWS(state, connection_rows);
}

/* Every name of the table is known in any case, and no name near it. */
static void
test_known_names(void **state)
{
	static const char *const names[] = {
#define NAME(id, name) name,
		HTTP_FIELD_TABLE(NAME)
#undef NAME
	};
	struct world *w = *state;
	char head[256];

	for (int id = 0; id < HTTP_FIELD_OTHER; id++) {
		enum http_field_id known = (enum http_field_id)id;

		snprintf(head, sizeof(head),
		    "GET / HTTP/1.0\r\n%s: 1\r\nx%s: 2\r\n\r\n", names[id],
		    names[id] + 1);
		head[16] = (char)toupper(head[16]);
		parse(w, span_of(head), strlen(head), 0);
		assert_int_equal(w->request.field_count, 2);
		assert_int_equal(w->request.fields[0].id, known);
		assert_int_equal(w->request.fields[1].id, HTTP_FIELD_OTHER);
		assert_true(span_equal(http_request_field(&w->request, known),
		    SPAN("1")));
	}
}

/* The spans are what was sent, and the values without white space. */
static void
test_spans(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: h\r\n"
				   "X-Long:\t a value, 16 long\t \r\n\r\n";
	struct world *w = *state;

	assert_int_equal(parse(w, SPAN(head), sizeof(head) - 1, 0), HTTP_OK);
	assert_int_equal(w->request.head_size, sizeof(head) - 1);
	assert_int_equal(w->request.field_count, 2);
	assert_true(span_equal(w->request.fields[1].name, SPAN("X-Long")));
	assert_true(
	    span_equal(w->request.fields[1].value, SPAN("a value, 16 long")));
	assert_null(http_request_field(&w->request, HTTP_FIELD_RANGE).data);
}

/* What the log wants of a refused request: as much as was read. */
static void
test_refused_spans(void **state)
{
	struct world *w = *state;

	assert_int_equal(parse(w, SPAN("GE(T"), 4, 0), HTTP_BAD);
	assert_null(w->request.method_name.data);
	assert_int_equal(parse(w, SPAN("GET /\r\n"), 7, 0), HTTP_BAD);
	assert_true(span_equal(w->request.method_name, SPAN("GET")));
	assert_null(w->request.target.data);
	assert_int_equal(parse(w, SPAN("GET /a HTTP/2.0\r\n"), 17, 0),
	    HTTP_BAD);
	assert_true(span_equal(w->request.target, SPAN("/a")));
	assert_false(w->request.keep_alive);
	assert_non_null(w->request.fault);
}

/* A head with a method, target and fields of these sizes and numbers. */
struct limits_row {
	const char *name;
	size_t method; /* bytes */
	size_t target; /* bytes */
	size_t fields; /* their number, without the one that fills up */
	size_t size;   /* bytes of the head, filled up; 0: as it comes */
	const char *verdict;
	size_t taken; /* bytes from which on the verdict is there */
	bool at_once; /* also where they come one by one */
};

static const struct limits_row limits_rows[] = {
	{ "9112 3 method", 32, 1, 0, 0, "? / 1.0 close none", 47, true },
	{ "9112 3 method", 33, 1, 0, 0, "501", 33, false },
	{ "9110 15.5.15 target", 3, 8192, 0, 0, NULL, 8209, true },
	{ "9110 15.5.15 target", 3, 8193, 0, 0, "414", 4 + 8193, true },
	{ "9110 15.5.15 no end", 3, 20000, 0, 0, "414", 4 + 8193, true },
	{ "6585 5 fields", 3, 1, 100, 0, "? / 1.0 close none", 618, true },
	{ "6585 5 fields", 3, 1, 101, 0, "431", 617, false },
	{ "6585 5 head", 3, 1, 2, 32768, "? / 1.0 close none", 32768, true },
	{ "6585 5 head", 3, 1, 2, 32769, "431", 32768, true },
	{ "6585 5 head, no end", 3, 8192, 2, 40000, "431", 32768, true },
};

static struct span
limits_head(char *data, const struct limits_row *row)
{
	*data = '\0';
	memset(data, 'M', row->method);
	memcpy(data + row->method, " /", 3);
	memset(data + row->method + 2, 'a', row->target - 1);
	strcpy(data + row->method + 1 + row->target, " HTTP/1.0\r\n");
	for (size_t i = 0; i < row->fields; i++)
		print(data, "A: b\r\n");
	if (row->size > 0)
		print(data, "B:%0*d\r\n", (int)(row->size - strlen(data) - 6),
		    0);
	print(data, "\r\n");
	return span_of(data);
}

static void
test_limits(void **state)
{
	struct world *w = *state;
	char *data = calloc(1, TEXT_MAX);

	assert_non_null(data);
	for (size_t i = 0; i < sizeof(limits_rows) / sizeof(limits_rows[0]);
	     i++) {
		const struct limits_row *row = &limits_rows[i];
		struct span head = limits_head(data, row);
		enum http_parse result = parse(w, head, head.size, 0);
		size_t taken;

		describe(w->text, result, &w->request);
		if (row->verdict == NULL ? result != HTTP_OK
					 : strcmp(w->text, row->verdict) != 0)
			fail_msg("%s: %s", row->name, w->text);
		describe_all(w->whole, result, &w->request);
		assert_int_equal(parse(w, head, row->taken - 1, 0), HTTP_MORE);
		assert_int_equal(parse(w, head, row->taken, 0), result);
		taken = check_pieces(w, head, 1, 1);
		if (row->at_once)
			assert_int_equal(taken, row->taken);
		check_pieces(w, head, 1, 97);
		memset(data, 0, TEXT_MAX);
	}
	free(data);
}

static int
world_open(void **state)
{
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	guard_open(&w->guard, TEXT_MAX);
	*state = w;
	return 0;
}

static int
world_close(void **state)
{
	struct world *w = *state;

	guard_close(&w->guard);
	free(w);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_line),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_known_names),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_refused_spans),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("request", tests, world_open,
	    world_close);
}
