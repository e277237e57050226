/* test_draft: documents that are written line by line, and grow over their room. */
#include "config.h"

#include "admin/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Texts of `size` bytes, `times` times; the room is 8192 bytes at first. */
static const struct {
	size_t size, times;
} rows[] = {
	{ 0, 0 },
	{ 0, 3 },
	{ 1, 1 },
	{ 8191, 1 }, /* all that there is room for, with a NUL */
	{ 8192, 1 },
	{ 8193, 1 },
	{ 4096, 2 },
	{ 4095, 2 },
	{ 100000, 1 },
	{ 100000, 7 },
	{ 7, 20000 },
};

static void
test_growth(void **state)
{
	char *text = malloc(100001);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct draft draft;
		struct document *document;

		memset(text, 'a', rows[i].size);
		text[rows[i].size] = '\0';
		if (rows[i].size > 0)
			text[rows[i].size - 1] = 'z';
		draft_begin(&draft, "text/x");
		for (size_t n = 0; n < rows[i].times; n++)
			draft_add(&draft, "%s", text);
		document = draft_end(&draft);
		assert_non_null(document);
		assert_string_equal(document->type, "text/x");
		assert_int_equal(document->size, rows[i].size * rows[i].times);
		for (size_t n = 0; n < rows[i].times; n++)
			assert_memory_equal(document->data + n * rows[i].size,
			    text, rows[i].size);
		free(document);
	}
	free(text);
}

static void
test_formats(void **state)
{
	struct draft draft;
	struct document *document;

	(void)state;
	draft_begin(&draft, "text/x");
	draft_add(&draft, "%u%%", 12U);
	draft_add(&draft, "%.*s|", 2, "abc");
	draft_add(&draft, "%.3f\n", 1.5);
	document = draft_end(&draft);
	assert_int_equal(document->size, 12);
	assert_memory_equal(document->data, "12%ab|1.500\n", 12);
	free(document);
}

/* Where memory was short, the rest comes to nothing. */
static void
test_short(void **state)
{
	struct draft draft = { 0 };

	(void)state;
	draft_add(&draft, "%s", "a");
	assert_null(draft_end(&draft));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
