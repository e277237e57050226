/* test_admin_guard: who may look at the operator's side, and who may change it. */
#include "config.h"

#include "admin/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/parser.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Whether a request is for what everybody may see. */
enum {
	CLOSED,
	OPEN
};

/* Host, and Origin where there is one; 0: it is admitted. */
static const struct row {
	const char *request;
	unsigned status;
} host_rows[] = {
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: LocalHost:8000\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: ops.example:80\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: Other.Example\r\n\r\n", 0 },
	{ "GET / HTTP/1.0\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0 },
	{ "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 0 },
	{ "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    421 },
	{ "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: ops.example.evil.example\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: ops.exampl\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: 127.0.0\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: localhost.\r\n\r\n", 421 },
	{ "DELETE / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421 },
}, origin_rows[] = {
	{ "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 421 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://localhost\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: ops.example:80\r\n"
	  "Origin: http://OPS.example:80\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: [::1]:80\r\n"
	  "origin: http://[::1]:80\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://localhost:80\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: https://localhost\r\n\r\n", 0 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: ftp://localhost\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: https://localhost\r\nOrigin: https://a.example\r\n\r\n",
	    403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://127.0.0.1\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: file://localhost\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin:\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://evil.example\r\n\r\n", 403 },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://localhost.evil.example\r\n\r\n", 403 },
	{ "DELETE / HTTP/1.1\r\nHost: localhost\r\n"
	  "Origin: http://evil.example\r\n\r\n", 403 },
};

#define HEAD(method, fields) \
 method " / HTTP/1.1\r\nHost: localhost\r\n" fields "\r\n"

/* What has to be said where there is content. */
static const struct row type_rows[] = {
	{ HEAD("PUT", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), 0 },
	{ HEAD("PUT", "Content-Type: Text/Plain;charset=utf-8\r\n"
		      "Content-Length: 1\r\n"),
	    0 },
	{ HEAD("PUT", "Content-Type: text/plain ; a\r\nContent-Length: 1\r\n"),
	    0 },
	{ HEAD("POST", "Content-Type: application/json\r\n"
		       "Transfer-Encoding: chunked\r\n"),
	    0 },
	{ HEAD("DELETE", ""), 0 },
	{ HEAD("PUT", ""), 415 },
	{ HEAD("PUT", "Content-Type: text/html\r\n"), 415 },
	{ HEAD("PUT", "Content-Type: text/plain\r\n"), 0 },
	{ HEAD("PUT", "Content-Type: text/plain\r\nContent-Length: 1\r\n"
		      "Content-Encoding: gzip\r\n"),
	    415 },
	{ HEAD("GET", "Content-Length: 1\r\n"), 0 }, /* changes nothing */
	{ HEAD("HEAD", "Content-Length: 1\r\n"), 0 },
	{ HEAD("PUT", "Content-Length: 1\r\n"), 415 },
	{ HEAD("PUT", "Transfer-Encoding: chunked\r\n"), 415 },
	{ HEAD("PUT", "Content-Type:\r\nContent-Length: 1\r\n"), 415 },
	{ HEAD("PUT", "Content-Type: text\r\nContent-Length: 1\r\n"), 415 },
	{ HEAD("PUT", "Content-Type: text/plainer\r\nContent-Length: 1\r\n"),
	    415 },
	{ HEAD("POST", "Content-Type: application/x-www-form-urlencoded\r\n"
		       "Content-Length: 1\r\n"),
	    415 },
	{ HEAD("POST",
	      "Content-Type: multipart/form-data; boundary=text/plain\r\n"
	      "Content-Length: 1\r\n"),
	    415 },
	{ HEAD("DELETE", "Content-Type: text/xml\r\nContent-Length: 1\r\n"),
	    415 },
};

#define AUTHORIZATION(value) HEAD("GET", "Authorization: " value "\r\n")

/* With a token, which is `secret`. */
static const struct row token_rows[] = {
	{ AUTHORIZATION("Bearer secret"), 0 },
	{ AUTHORIZATION("bEARER secret"), 0 },
	{ HEAD("GET", ""), 401 },
	{ AUTHORIZATION(""), 401 },
	{ AUTHORIZATION("Bearer"), 401 },
	{ AUTHORIZATION("Bearer "), 401 },
	{ AUTHORIZATION("Bearer secre"), 401 },
	{ AUTHORIZATION("Bearer secrets"), 401 },
	{ AUTHORIZATION("Bearer secretsecret"), 401 },
	{ AUTHORIZATION("Bearer Secret"), 401 },
	{ AUTHORIZATION("Bearer tecret"), 401 },
	{ AUTHORIZATION("Bearer secreu"), 401 },
	{ AUTHORIZATION("Bearer  secret"), 401 },
	{ AUTHORIZATION("Basic secret"), 401 },
	{ AUTHORIZATION("secret"), 401 },
	{ HEAD("DELETE", ""), 401 },
	/* first of all, Host and Origin */
	{ "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421 },
	{ HEAD("GET", "Origin: http://evil.example\r\n"), 403 },
	/* and last, the type */
	{ HEAD("PUT", "Content-Length: 1\r\n"), 401 },
	{ HEAD("PUT", "Content-Length: 1\r\nAuthorization: Bearer secret\r\n"),
	    415 },
};

static void
check_rows(const char *token, bool open, const struct row *rows, size_t count)
{
	static const char *const hosts[] = { "other.example", "OPS.example" };
	static struct http_request request;
	char copy[16];
	struct admin admin = { .hosts = hosts, .host_count = 2 };

	if (token != NULL) {
		snprintf(copy, sizeof(copy), "%s", token);
		admin.token = copy;
	}
	for (size_t i = 0; i < count; i++) {
		struct guard_refusal refusal = { 0 };
		bool admits;

		assert_int_equal(http_request_parse(&request,
				     span_of(rows[i].request), 0),
		    HTTP_OK);
		admits = guard_admits(&admin, &request, open, &refusal) &&
			 guard_admits_content(&request, &refusal);
		if (admits != (rows[i].status == 0) ||
		    refusal.status != rows[i].status)
			fail_msg("%s: %u, not %u", rows[i].request,
			    refusal.status, rows[i].status);
		assert_int_equal(refusal.why == NULL, admits);
	}
}

#define CHECK(token, open, rows) check_rows(token, open, rows, COUNT(rows))

static void
test_host(void **state)
{
	(void)state;
	CHECK(NULL, CLOSED, host_rows);
	CHECK("secret", OPEN, host_rows);
}

static void
test_origin(void **state)
{
	(void)state;
	CHECK(NULL, CLOSED, origin_rows);
	CHECK("secret", OPEN, origin_rows);
}

static void
test_type(void **state)
{
	(void)state;
	CHECK(NULL, CLOSED, type_rows);
	CHECK("secret", OPEN, type_rows);
}

/* Without a token, and for what is open, nobody is asked for one. */
static void
test_token(void **state)
{
	static const struct row free_rows[] = {
		{ HEAD("GET", ""), 0 },
		{ AUTHORIZATION("Bearer wrong"), 0 },
	};

	(void)state;
	CHECK("secret", CLOSED, token_rows);
	CHECK("secret", OPEN, free_rows);
	CHECK(NULL, CLOSED, free_rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
