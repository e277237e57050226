/* test_forwarded: for whom a trusted proxy has asked. */
#include "config.h"

#include "http/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "http/parser.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define XFF         "X-Forwarded-For: "
#define STANDARD    "Forwarded: "

/* Trusted are 10.0.0.0/8 and fd00::/8. Lines of a head, and the client; NULL: the peer
 * speaks for itself. */
static const struct {
	const char *lines, *client;
} rows[] = {
	{ XFF "192.0.2.1", "192.0.2.1" },
	{ "x-FORWARDED-for:192.0.2.1 \t", "192.0.2.1" },
	{ XFF "192.0.2.1, 10.0.0.1", "192.0.2.1" },
	{ XFF "192.0.2.1,10.0.0.1,10.0.0.2", "192.0.2.1" },
	{ XFF "192.0.2.66, 192.0.2.1, 10.0.0.1", "192.0.2.1" },
	{ XFF "10.0.0.66, 192.0.2.1", "192.0.2.1" },
	{ XFF "10.0.0.1, 10.0.0.2", "10.0.0.1" },
	{ XFF "192.0.2.1\r\n" XFF "10.0.0.2", "192.0.2.1" },
	{ XFF "192.0.2.66\r\nA: b\r\n" XFF "192.0.2.1", "192.0.2.1" },
	{ XFF ",, 192.0.2.1 ,, ", "192.0.2.1" },
	{ XFF "192.0.2.1:4711", "192.0.2.1" },
	{ XFF "192.0.2.1:_hidden", "192.0.2.1" },
	{ XFF "2001:DB8::1", "2001:db8::1" },
	{ XFF "[2001:db8::1]", "2001:db8::1" },
	{ XFF "[2001:db8::1]:4711, fd00::2", "2001:db8::1" },
	{ XFF "::ffff:192.0.2.1", "192.0.2.1" },
	{ XFF "192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1" },
	/* nobody knows who said what is left of what is no address */
	{ XFF "192.0.2.66, unknown", NULL },
	{ XFF "192.0.2.66, unknown, 10.0.0.1", "10.0.0.1" },
	{ XFF "192.0.2.66, x, 192.0.2.1, 10.0.0.1", "192.0.2.1" },
	{ XFF "192.0.2.66, 192.0.2.1:", NULL },
	{ XFF "192.0.2.66, 192.0.2.1:80 x", NULL },
	{ XFF "192.0.2.66 10.0.0.1", NULL },
	{ XFF "192.0.2.66, 192.0.2", NULL },
	{ XFF "192.0.2.66, 192.0.2.256", NULL },
	{ XFF "192.0.2.66, 192.0.2.01", NULL }, { XFF "[2001:db8::1", NULL },
	{ XFF "[2001:db8::1]x", NULL }, { XFF "[192.0.2.1]", NULL },
	{ XFF "2001:db8::1:80:1:2:3:4:5", NULL }, { XFF "fe80::1%eth0", NULL },
	{ XFF "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", NULL },
	{ XFF "192.0.2.66, \"192.0.2.1\"", NULL },
	/* a quote hides nothing of what is appended */
	{ XFF "\"192.0.2.66, 192.0.2.1", "192.0.2.1" }, { XFF, NULL },
	{ XFF " , ", NULL }, { "X-Forwarded-Fo: 192.0.2.1", NULL },
	{ STANDARD "for=192.0.2.1", NULL }, /* the other field */
};

static const struct {
	const char *lines, *client;
} standard[] = {
	{ STANDARD "for=192.0.2.1", "192.0.2.1" },
	{ "forwarded: FOR=192.0.2.1;proto=https", "192.0.2.1" },
	{ STANDARD "proto=https; by=10.0.0.1 ;for=192.0.2.1", "192.0.2.1" },
	{ STANDARD "for=192.0.2.1;", "192.0.2.1" },
	{ STANDARD ";for=192.0.2.1;; proto=http ; ;", "192.0.2.1" },
	{ STANDARD "for=192.0.2.1;host=\"a\\\"b\"", "192.0.2.1" },
	{ STANDARD "for=\"192.0.2.66, for=192.0.2.1", "192.0.2.1" },
	{ STANDARD "for=\"192.0.2.66, for=\"[2001:db8::1]\"", "2001:db8::1" },
	{ STANDARD "for=\"[2001:db8::1]:4711\"", "2001:db8::1" },
	{ STANDARD "for=\"192.0.2.1:80\", for=10.0.0.1", "192.0.2.1" },
	{ STANDARD "for=192.0.2.66, for=192.0.2.1, for=\"[fd00::1]\"",
	    "192.0.2.1" },
	{ STANDARD "for=192.0.2.66\r\n" STANDARD "for=192.0.2.1", "192.0.2.1" },
	/* what a proxy makes of the client's words is nobody's address */
	{ STANDARD "for=192.0.2.1;host=\"a,for=192.0.2.66,b\"", NULL },
	{ STANDARD "for=192.0.2.66;x=\", for=192.0.2.1;host=\";a=\"\"", NULL },
	{ STANDARD "for=192.0.2.1;host=\"a\\\"", NULL },
	{ STANDARD "for=192.0.2.1;host=\"a\\", NULL },
	{ STANDARD "for=192.0.2.1;host=\"a;for=192.0.2.66\"", "192.0.2.1" },
	{ STANDARD "for=192.0.2.66, for=unknown", NULL },
	{ STANDARD "for=192.0.2.66, for=_hidden, for=10.0.0.1", "10.0.0.1" },
	{ STANDARD "for=192.0.2.66, proto=https", NULL },
	{ STANDARD "for=192.0.2.66;for=192.0.2.1", NULL },
	{ STANDARD "for=192.0.2.66, for=\"192.0.2.1", NULL },
	{ STANDARD "for=192.0.2.66, for=\"192.0.2.1\"x", NULL },
	{ STANDARD "for=192.0.2.66, for=192.0.2.1\"", NULL },
	{ STANDARD "for=192.0.2.66, for=192.0.2.1;x", NULL },
	{ STANDARD "for=192.0.2.66, for=", NULL },
	{ STANDARD "for=\"192.0.2.\\1\"", NULL },
	{ STANDARD "192.0.2.1", NULL },
	{ STANDARD "", NULL },
	{ XFF "192.0.2.1", NULL },
};

static void
check(const char *field, const char *lines, const char *wanted)
{
	struct cidr trusted[2];
	struct forwarded forwarded = { field, trusted, COUNT(trusted) };
	struct http_request request = { 0 };
	struct sockaddr_storage client;
	char head[512], name[WIRE_NAME_MAX] = "the peer";

	assert_null(cidr_parse(&trusted[0], "10.0.0.0/8"));
	assert_null(cidr_parse(&trusted[1], "fd00::/8"));
	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n",
	    lines);
	assert_int_equal(http_request_parse(&request, span_of(head), 0),
	    HTTP_OK);
	if (forwarded_client(&forwarded, &request, &client))
		wire_name_peer(&client, name);
	if (strcmp(name, wanted != NULL ? wanted : "the peer") != 0)
		fail_msg("%s: %s", lines, name);
}

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check("X-Forwarded-For", rows[i].lines, rows[i].client);
}

static void
test_standard(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(standard); i++)
		check("Forwarded", standard[i].lines, standard[i].client);
}

static void
test_trusts(void **state)
{
	static const struct {
		const char *peer;
		bool trusted;
	} peers[] = {
		{ "127.0.0.1", true },
		{ "127.255.1.2", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "126.0.0.1", false },
		{ "128.0.0.1", false },
		{ "::2", false },
		{ "::127.0.0.1", false },
	};
	const struct forwarded local = { "X", cidr_loopback,
		COUNT(cidr_loopback) };
	struct sockaddr_storage peer = { .ss_family = AF_UNIX };

	(void)state;
	assert_true(forwarded_trusts(&local, &peer));
	for (size_t i = 0; i < COUNT(peers); i++) {
		assert_true(wire_read_name(span_of(peers[i].peer), &peer));
		if (forwarded_trusts(&local, &peer) != peers[i].trusted)
			fail_msg("%s", peers[i].peer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_trusts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
