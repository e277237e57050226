/* Tests of http/target: what a path means below the root, or why nothing. */
#include "config.h"

#include "http/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"

struct row {
	const char *name;
	const char *path;
	enum http_target outcome;
	const char *text;
};

static const struct row rows[] = {
	{ "root", "/", HTTP_TARGET_OK, "" },
	{ "a file", "/hello.html", HTTP_TARGET_OK, "hello.html" },
	{ "a directory", "/a/b/", HTTP_TARGET_OK, "a/b/" },
	{ "slashes merge", "//a///b//", HTTP_TARGET_OK, "a/b/" },
	{ "only slashes", "///", HTTP_TARGET_OK, "" },

	/* RFC 3986 2.1: percent-decoding */
	{ "2.1 decoded", "/%41%7e%2D", HTTP_TARGET_OK, "A~-" },
	{ "2.1 both cases", "/%c3%A9", HTTP_TARGET_OK, "\xc3\xa9" },
	{ "2.4 decoded once", "/%2541", HTTP_TARGET_OK, "%41" },
	{ "backslash is data", "/a%5cb\\c", HTTP_TARGET_OK, "a\\b\\c" },
	{ "overlong UTF-8 is data", "/%c0%ae%c0%ae", HTTP_TARGET_OK,
	    "\xc0\xae\xc0\xae" },
	{ "plus is data", "/a+b", HTTP_TARGET_OK, "a+b" },
	{ "2.1 bare percent", "/%", HTTP_TARGET_MALFORMED, NULL },
	{ "2.1 one digit", "/%4", HTTP_TARGET_MALFORMED, NULL },
	{ "2.1 one digit and slash", "/%4/", HTTP_TARGET_MALFORMED, NULL },
	{ "2.1 not hex", "/%4g", HTTP_TARGET_MALFORMED, NULL },
	{ "2.1 sign", "/%+4", HTTP_TARGET_MALFORMED, NULL },
	{ "NUL", "/a%00", HTTP_TARGET_MALFORMED, NULL },
	{ "raw octets", "/\x80\xff", HTTP_TARGET_OK, "\x80\xff" },
	{ "encoded slash", "/@team%2ftool", HTTP_TARGET_OK, "@team/tool" },
	{ "encoded slash, upper", "/a%2Fb", HTTP_TARGET_OK, "a/b" },
	{ "encoded slash at the end", "/a%2f", HTTP_TARGET_OK, "a/" },
	{ "encoded slash, decoded once", "/a%252fb", HTTP_TARGET_OK, "a%2fb" },
	{ "encoded slashes merge", "/%2f%2fa/%2f/b", HTTP_TARGET_OK, "a/b" },

	/* RFC 3986 5.2.4: dot segments */
	{ "5.2.4 dot", "/./a/./b", HTTP_TARGET_OK, "a/b" },
	{ "5.2.4 dot at the end", "/a/.", HTTP_TARGET_OK, "a/" },
	{ "5.2.4 dot alone", "/.", HTTP_TARGET_OK, "" },
	{ "5.2.4 dots", "/a/b/../c", HTTP_TARGET_OK, "a/c" },
	{ "5.2.4 dots at the end", "/a/b/..", HTTP_TARGET_OK, "a/" },
	{ "5.2.4 dots to the root", "/a/../", HTTP_TARGET_OK, "" },
	{ "5.2.4 dots and slashes", "/a//..//b", HTTP_TARGET_OK, "b" },
	{ "5.2.4 two up", "/a/b/../../c", HTTP_TARGET_OK, "c" },
	{ "encoded dots", "/a/%2e%2E/c", HTTP_TARGET_OK, "c" },
	{ "half encoded dots", "/a/.%2e/c", HTTP_TARGET_OK, "c" },
	{ "three dots are a name", "/...", HTTP_TARGET_OK, "..." },
	{ "dots within a name", "/a..b/.c", HTTP_TARGET_OK, "a..b/.c" },
	{ "above", "/..", HTTP_TARGET_ABOVE, NULL },
	{ "above, with more", "/../etc/passwd", HTTP_TARGET_ABOVE, NULL },
	{ "above, from below", "/a/../../b", HTTP_TARGET_ABOVE, NULL },
	{ "above, encoded", "/%2e%2e/a", HTTP_TARGET_ABOVE, NULL },
	{ "above, through dots", "/./../a", HTTP_TARGET_ABOVE, NULL },
	{ "encoded slash and dots", "/a%2f..%2fb", HTTP_TARGET_OK, "b" },
	{ "encoded slash and a dot", "/a%2f.%2fb", HTTP_TARGET_OK, "a/b" },
	{ "dots at the end", "/a%2fb%2f..", HTTP_TARGET_OK, "a/" },
	{ "above, by encoded slashes", "/%2f..%2f..%2fetc", HTTP_TARGET_ABOVE,
	    NULL },
	{ "above, from below by them", "/a%2f..%2f..", HTTP_TARGET_ABOVE,
	    NULL },
	{ "above, all encoded", "/%2e%2e%2f%2e%2e%2fetc", HTTP_TARGET_ABOVE,
	    NULL },
};

static void
check_row(const struct row *row, struct span path, const struct guard *out)
{
	char *text = out->data + out->room - 64;
	enum http_target outcome;
	size_t size = SIZE_MAX;

	outcome = http_target_decode(path, text, 64, &size);
	if (outcome != row->outcome)
		fail_msg("%s: outcome %d", row->name, outcome);
	if (outcome != HTTP_TARGET_OK)
		return;
	assert_string_equal(text, row->text);
	assert_int_equal(size, strlen(row->text));
}

static void
test_rows(void **state)
{
	struct guard in, out;

	(void)state;
	guard_open(&in, 1);
	guard_open(&out, 64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span path = span_of(rows[i].path);

		check_row(&rows[i], guard_at_end(&in, path), &out);
		check_row(&rows[i], guard_at_start(&in, path), &out);
	}
	guard_close(&in);
	guard_close(&out);
}

/* The result fits with its NUL, or nothing is written past the room. */
static void
test_every_room(void **state)
{
	static const char wanted[] = "ab/cd/";
	struct guard out;
	size_t size;

	(void)state;
	guard_open(&out, sizeof(wanted));
	for (size_t room = 1; room <= sizeof(wanted); room++) {
		char *text = out.data + out.room - room;
		enum http_target outcome =
		    http_target_decode(SPAN("/%61b/./cd/"), text, room, &size);

		if (room < sizeof(wanted)) {
			assert_int_equal(outcome, HTTP_TARGET_TOO_LONG);
			continue;
		}
		assert_int_equal(outcome, HTTP_TARGET_OK);
		assert_string_equal(text, wanted);
	}
	guard_close(&out);
}

/* A NUL would end the text early, whoever lets one through. */
static void
test_nul(void **state)
{
	char text[8];
	size_t size;

	(void)state;
	assert_int_equal(http_target_decode(SPAN("/a\0b"), text, 8, &size),
	    HTTP_TARGET_MALFORMED);
}

/* What comes back is decoded to the same, and tells no reader anything else. */
static void
test_encode(void **state)
{
	static const struct {
		const char *path, *text;
	} encoded[] = {
		{ "", "" },
		{ "a/b.c", "a/b.c" },
		{ "-._~!$&'()*+,;=", "-._~!$&'()*+,;=" },
		{ "a:b@c", "a%3Ab%40c" },
		{ "\\host", "%5Chost" },
		{ "a b?c#d%e", "a%20b%3Fc%23d%25e" },
		{ "\"<>\r\n\x7f", "%22%3C%3E%0D%0A%7F" },
		{ "\xc3\xa9", "%C3%A9" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		size_t size = http_target_encode(span_of(encoded[i].path),
		    text);

		text[size] = '\0';
		assert_string_equal(text, encoded[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_room),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
