/* test_proxy_header: the PROXY protocol, and whom it may come from. */
#include "config.h"

#include "base/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cidr.h"
#include "base/wire.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\1\2\3\4\5\6\7\10\0\120\1\273"
#define V6                                                                \
 "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0" \
 "\0\2\0\120\1\273"
#define ZEROS_54                                                    \
 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" \
 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define UNIX ZEROS_54 ZEROS_54 ZEROS_54 ZEROS_54

/* Headers that are whole; of `peer`, NULL: the proxy speaks for itself. */
static const struct {
	struct span header;
	const char *peer;
} good[] = {
	{ SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 80 443\r\n"), "1.2.3.4" },
	{ SPAN("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
	    "255.255.255.255" },
	{ SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n"), "1.2.3.4" },
	{ SPAN("PROXY TCP6 2001:db8::1 2001:db8::2 80 443\r\n"),
	    "2001:db8::1" },
	{ SPAN("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ SPAN("PROXY TCP6 ::ffff:1.2.3.4 ::1 80 443\r\n"), "1.2.3.4" },
	{ SPAN("PROXY UNKNOWN\r\n"), NULL },
	{ SPAN("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), NULL },
	{ SPAN(SIGNATURE "\x21\x11\0\14" V4), "1.2.3.4" },
	{ SPAN(SIGNATURE "\x21\x21\0\44" V6), "2001:db8::1" },
	{ SPAN(SIGNATURE "\x21\x31\0\330" UNIX), "unix" },
	{ SPAN(SIGNATURE "\x21\0\0\0"), NULL },
	{ SPAN(SIGNATURE "\x20\0\0\0"), NULL },
	{ SPAN(SIGNATURE "\x20\x11\0\14" V4), NULL },
	{ SPAN(SIGNATURE "\x20\x77\0\3abc"), NULL },
	/* with TLVs */
	{ SPAN(SIGNATURE "\x21\x11\0\24" V4 "\2\0\5a.com"), "1.2.3.4" },
	{ SPAN(SIGNATURE "\x21\x11\0\17" V4 "\4\0\0"), "1.2.3.4" },
	{ SPAN(SIGNATURE "\x21\x11\0\23" V4 "\3\0\4\x5c\4\x43\xc9"),
	    "1.2.3.4" },
};

/* What none is, whatever may come behind. */
static const struct span bad[] = {
	SPAN("GET / HTTP/1.1\r\n"),
	SPAN("proxy TCP4 1.2.3.4 5.6.7.8 80 443\r\n"),
	SPAN("PROXY\r\n"),
	SPAN("PROXY \r\n"),
	SPAN("PROXY TCP4\r\n"),
	SPAN("PROXY TCP5 1.2.3.4 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP4  1.2.3.4 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 80 443 \r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 80 65536\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 080 443\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8 +80 443\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 5.6.7.8  443\r\n"),
	SPAN("PROXY TCP4 1.2.3.256 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP4 01.2.3.4 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP4 1.2.3 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP4 1.2.3.4 x 80 443\r\n"),
	SPAN("PROXY TCP4 ::1 ::1 80 443\r\n"),
	SPAN("PROXY TCP6 1.2.3.4 5.6.7.8 80 443\r\n"),
	SPAN("PROXY TCP6 fe80::1%eth0 ::1 80 443\r\n"),
	SPAN("PROXY TCP4 1.2.3.4\0 5.6.7.8 80 443\r\n"),
	SPAN("PROXY UNKNOWNX\r\n"),
	SPAN("PROXY UNKNOWN ..................................................."
	     "..........................................\r\n"),
	SPAN(SIGNATURE "\x11\x11\0\14" V4),
	SPAN(SIGNATURE "\x22\x11\0\14" V4),
	SPAN(SIGNATURE "\x21\x12\0\14" V4),
	SPAN(SIGNATURE "\x21\x01\0\14" V4),
	SPAN(SIGNATURE "\x21\x41\0\14" V4),
	SPAN(SIGNATURE "\x21\x11\0\13" V4),
	SPAN(SIGNATURE "\x21\x21\0\14" V4),
	SPAN(SIGNATURE "\x21\x11\xff\xff" V4),
	SPAN(SIGNATURE "\x21\x11\0\15" V4 "\1"),
	SPAN(SIGNATURE "\x21\x11\0\17" V4 "\1\0\1"),
	SPAN(SIGNATURE "\x20\x11\0\17" V4 "\1\0\1"),
	SPAN(SIGNATURE "\x21\x11\0\22" V4 "\3\0\3\x5c\4\x43"),
	SPAN(SIGNATURE "\x21\x11\0\23" V4 "\3\0\4\x5c\4\x43\xc8"),
	SPAN("\r\n\r\n\0\r\nQUIT\r"),
};

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct span whole = good[i].header;
		const struct span behind = SPAN("PROXY \r\n");
		struct proxy_header header;
		char more[512], name[WIRE_NAME_MAX];

		for (size_t size = 0; size < whole.size; size++)
			assert_int_equal(proxy_header_parse(
					     (struct span){ whole.data, size },
					     &header),
			    PROXY_MORE);
		memcpy(more, whole.data, whole.size);
		memcpy(more + whole.size, behind.data, behind.size);
		assert_int_equal(proxy_header_parse((struct span){ more,
							whole.size +
							    behind.size },
				     &header),
		    PROXY_OK);
		assert_int_equal(header.size, whole.size);
		assert_int_equal(header.has_peer, good[i].peer != NULL);
		if (good[i].peer == NULL)
			continue;
		wire_name_peer(&header.peer, name);
		assert_string_equal(name, good[i].peer);
	}
}

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct proxy_header header;

		if (proxy_header_parse(bad[i], &header) != PROXY_BAD)
			fail_msg("row %zu: %.60s", i, bad[i].data);
	}
}

/* What is far too long is known by its first bytes. */
static void
test_long(void **state)
{
	static char line[PROXY_HEADER_MAX] = "PROXY UNKNOWN ";
	const struct span longest = SPAN(SIGNATURE "\x21\x11\x0f\xf0");
	struct proxy_header header;

	(void)state;
	memset(line + 14, 'x', sizeof(line) - 14);
	assert_int_equal(proxy_header_parse((struct span){ line, 106 },
			     &header),
	    PROXY_MORE);
	assert_int_equal(proxy_header_parse((struct span){ line, 107 },
			     &header),
	    PROXY_BAD);
	memcpy(line, longest.data, longest.size);
	assert_int_equal(proxy_header_parse((struct span){ line, 16 }, &header),
	    PROXY_MORE);
	line[15]++;
	assert_int_equal(proxy_header_parse((struct span){ line, 16 }, &header),
	    PROXY_BAD);
}

/* The ranges of addresses that may send them. */
static const struct {
	const char *text;
	const char *in, *out; /* NULL: there is none */
} ranges[] = {
	{ "10.0.0.0/8", "10.255.0.1", "11.0.0.0" },
	{ "10.1.2.3", "10.1.2.3", "10.1.2.2" },
	{ "10.1.2.2/31", "10.1.2.3", "10.1.2.4" },
	{ "0.0.0.0/0", "255.1.2.3", "2001:db8::1" },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3" },
	{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3" },
	{ "::/0", "1.2.3.4", NULL },
	{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" },
	{ "::1", "::1", "::2" },
};

static const char *const no_ranges[] = { "", "/", "x", "10.0.0.0/33",
	"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0.0/+8",
	"10.0.0.0/0008", "10.0.0.1/8", "10.0.0.0/7/8", "::/129", "fe80::1/10",
	"10.0.0", "localhost", "1111:2222:3333:4444:5555:6666:7777:8888:9999" };

static struct sockaddr_storage
address(const char *text)
{
	struct proxy_header header;
	char line[PROXY_HEADER_MAX];
	bool v6 = strchr(text, ':') != NULL;
	int size = snprintf(line, sizeof(line), "PROXY TCP%d %s %s 1 2\r\n",
	    v6 ? 6 : 4, text, v6 ? "::1" : "127.0.0.1");

	assert_int_equal(proxy_header_parse((struct span){ line, (size_t)size },
			     &header),
	    PROXY_OK);
	return header.peer;
}

static void
test_ranges(void **state)
{
	static const struct sockaddr_storage none = { .ss_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		struct sockaddr_storage in = address(ranges[i].in);
		struct cidr cidrs[2] = { 0 };

		cidrs[0].bits = 128;
		assert_null(cidr_parse(&cidrs[1], ranges[i].text));
		assert_true(cidr_any_has(cidrs, 2, &in));
		assert_false(cidr_any_has(cidrs, 1, &in));
		assert_false(cidr_any_has(cidrs, 2, &none));
		if (ranges[i].out == NULL)
			continue;
		in = address(ranges[i].out);
		if (cidr_any_has(cidrs, 2, &in))
			fail_msg("%s has %s", ranges[i].text, ranges[i].out);
	}
	for (size_t i = 0; i < COUNT(no_ranges); i++) {
		struct cidr cidr;

		if (cidr_parse(&cidr, no_ranges[i]) == NULL)
			fail_msg("%s is taken", no_ranges[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
