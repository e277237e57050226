/* Tests of http/added: which fields may be added, and how they come out. */
#include "config.h"

#include "http/added.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct row {
	const char *text;
	const char *line; /* NULL: refused */
} rows[] = {
	{ "Cache-Control: max-age=60", "Cache-Control: max-age=60\r\n" },
	{ "X:y", "X: y\r\n" },
	{ "X: \t y z \t", "X: y z\r\n" },
	{ "X:", "X: \r\n" },
	{ "X: a: b", "X: a: b\r\n" },
	{ "X: \xc3\xa9\tb", "X: \xc3\xa9\tb\r\n" },
	{ "", NULL },
	{ "X", NULL },
	{ ": y", NULL },
	{ "X : y", NULL },
	{ "X Y: z", NULL },
	{ " X: y", NULL },
	{ "X: y\r\nSet-Cookie: z", NULL },
	{ "X: y\nz", NULL },
	{ "X: \x7f", NULL },
	{ "content-length: 5", NULL },
	{ "Transfer-Encoding: chunked", NULL },
	{ "DATE: today", NULL },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_added added = { .size = 0 };
		const char *why = http_added_put(&added, span_of(rows[i].text));
		const char *line = rows[i].line != NULL ? rows[i].line : "";

		assert_int_equal(why == NULL, rows[i].line != NULL);
		assert_int_equal(added.size, strlen(line));
		assert_memory_equal(added.lines, line, added.size);
	}
}

/* One after the other, up to the last byte of room, and no further. */
static void
test_room(void **state)
{
	static char text[HTTP_ADDED_MAX];
	struct http_added added = { .size = 0 };

	(void)state;
	assert_null(http_added_put(&added, SPAN("A: b")));
	memset(text, 'x', sizeof text);
	text[1] = ':';
	assert_non_null(http_added_put(&added,
	    (struct span){ text, HTTP_ADDED_MAX - added.size - 1 }));
	assert_int_equal(added.size, 6);
	assert_null(http_added_put(&added,
	    (struct span){ text, HTTP_ADDED_MAX - added.size - 3 }));
	assert_int_equal(added.size, HTTP_ADDED_MAX);
	assert_memory_equal(added.lines, "A: b\r\nx: xxx", 12);
	assert_non_null(http_added_put(&added, SPAN("A:")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
