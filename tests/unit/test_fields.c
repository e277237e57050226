/* Tests of http/fields. */
#include "config.h"

#include "http/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/chars.h"

#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* RFC 9110 5.6.2: all of tchar and nothing else. */
static void
test_token_chars(void **state)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool wanted = (c >= '0' && c <= '9') ||
			      (c >= 'A' && c <= 'Z') ||
			      (c >= 'a' && c <= 'z') ||
			      (c != 0 && strchr(others, c) != NULL);

		assert_int_equal(http_char_is((char)c, HTTP_CHAR_TOKEN),
		    wanted);
	}
}

static void
test_trim(void **state)
{
	static const struct {
		const char *text;
		const char *trimmed;
	} rows[] = {
		{ "", "" },
		{ " ", "" },
		{ " \t ", "" },
		{ "a", "a" },
		{ "\t a b \t", "a b" },
		{ "\ra\n", "\ra\n" },
	};
	struct guard guard;

	(void)state;
	guard_open(&guard, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span text = span_of(rows[i].text);
		struct span wanted = span_of(rows[i].trimmed);

		assert_true(
		    span_equal(http_trim(guard_at_end(&guard, text)), wanted));
		assert_true(span_equal(http_trim(guard_at_start(&guard, text)),
		    wanted));
	}
	guard_close(&guard);
}

static void
test_list(void **state)
{
	/* A bar ends each element that is wanted. */
	static const struct {
		const char *name;
		const char *list;
		const char *elements;
	} rows[] = {
		{ "5.6.1 none", "", "" },
		{ "5.6.1 one", "a", "a|" },
		{ "5.6.1 some", "a,b , c", "a|b|c|" },
		{ "5.6.1 white space", " \ta b\t ,\tc ", "a b|c|" },
		{ "5.6.1 empty ones", ",, a, ,b,", "a|b|" },
		{ "5.6.1 only empty ones", " , ,", "" },
		{ "5.6.4 quoted", "a=\"b,c\", d", "a=\"b,c\"|d|" },
		{ "5.6.4 escaped", "\"a\\\",b\",c", "\"a\\\",b\"|c|" },
		{ "5.6.4 escaped escape", "\"a\\\\\",c", "\"a\\\\\"|c|" },
		{ "5.6.4 never closed", "a,\"b,c", "a|\"b,c|" },
		{ "5.6.4 escape at the end", "\"a\\", "\"a\\|" },
		{ "5.6.4 quote at the end", "a,\"", "a|\"|" },
	};
	struct guard guard;

	(void)state;
	guard_open(&guard, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span list = guard_at_end(&guard, span_of(rows[i].list));
		struct span element;
		char text[64] = "";
		size_t size = 0;

		while (http_list_next(&list, &element))
			size += (size_t)snprintf(text + size,
			    sizeof(text) - size, "%.*s|", (int)element.size,
			    element.data);
		if (strcmp(text, rows[i].elements) != 0)
			fail_msg("%s: %s", rows[i].name, text);
	}
	guard_close(&guard);
}

enum {
	NEITHER,
	WEAK,
	BOTH
};

static void
test_etags(void **state)
{
	/* How `"a,b"` is found: by both comparisons, the weak one, or none. */
	static const struct {
		const char *name;
		const char *list;
		int found;
	} rows[] = {
		{ "13.1.1 any", "*", BOTH },
		{ "13.1.1 any, with spaces", " * ", BOTH },
		{ "8.8.3.2 the same", "\"a,b\"", BOTH },
		{ "8.8.3.2 weak", "W/\"a,b\"", WEAK },
		{ "8.8.3.2 another", "\"a\"", NEITHER },
		{ "8.8.3.2 case counts", "\"A,b\"", NEITHER },
		{ "8.8.3.2 the beginning", "\"a,b", NEITHER },
		{ "8.8.3.2 with more", "\"a,bc\"", NEITHER },
		{ "5.6.1 in a list", "\"x\", \"a,b\" ,W/\"y\"", BOTH },
		{ "5.6.1 weak in a list", "\"x\",W/\"a,b\"", WEAK },
		{ "5.6.1 weak, then strong", "W/\"a,b\",\"a,b\"", BOTH },
		{ "5.6.1 empty ones", ", ,\"a,b\",,", BOTH },
		{ "5.6.1 none", "", NEITHER },
		{ "5.6.1 only empty ones", ",,", NEITHER },
		{ "8.8.3 backslash is plain", "\"\\\",\"a,b\"", BOTH },
		{ "8.8.3 obs-text", "\"\xc3\xa9\",\"a,b\"", BOTH },
		{ "8.8.3 empty tag", "\"\",\"a,b\"", BOTH },
		{ "8.8.3 case of W", "w/\"a,b\"", NEITHER },
		{ "8.8.3 no quotes", "a,b", NEITHER },
		{ "8.8.3 junk after", "\"a,b\" x", NEITHER },
		{ "8.8.3 junk before", "x \"a,b\"", NEITHER },
		{ "8.8.3 no comma", "\"x\"\"a,b\"", NEITHER },
		{ "8.8.3 a space in a tag", "\"a,b\",\"x y\"", NEITHER },
		{ "8.8.3 never closed", "\"a,b\",\"x", NEITHER },
		{ "8.8.3 a quote alone", "\"a,b\",\"", NEITHER },
		{ "8.8.3 W alone", "\"a,b\",W/", NEITHER },
		{ "13.1.1 any among others", "*, \"a,b\"", NEITHER },
	};
	const struct span etag = SPAN("\"a,b\"");
	struct guard guard;

	(void)state;
	guard_open(&guard, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span list = guard_at_end(&guard, span_of(rows[i].list));
		bool strong = http_etag_listed(list, etag, false);
		bool weak = http_etag_listed(list, etag, true);

		if (strong != (rows[i].found == BOTH) ||
		    weak != (rows[i].found != NEITHER))
			fail_msg("%s: %d %d", rows[i].name, strong, weak);
	}
	guard_close(&guard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_chars),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_etags),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
