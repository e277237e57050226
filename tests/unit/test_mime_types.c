/* Tests of app/mime_types: what an operator's file says, or what is wrong. */
#include "config.h"

#include "app/mime_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "tree.h"

static int
types_setup(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
types_teardown(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

static void
write_types(const char *text, size_t size)
{
	FILE *file = fopen("types", "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_return_code(fclose(file), 0);
}

static void
test_find(void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "application/x-empty\n"
				   "text/x-one\tone  ONE1 # and more\r\n"
				   "application/x-two two tm.json c++ %\n"
				   "application/x-early again\n"
				   "   application/x-late again aga\n"
				   "video/last last";
	static const struct {
		const char *extension, *type;
	} rows[] = {
		{ "one", "text/x-one; charset=utf-8" },
		{ "OnE", "text/x-one; charset=utf-8" },
		{ "one1", "text/x-one; charset=utf-8" },
		{ "two", "application/x-two" },
		{ "tm.json", "application/x-two" },
		{ "c++", "application/x-two" },
		{ "%", "application/x-two" },
		{ "again", "application/x-late" },
		{ "aga", "application/x-late" },
		{ "last", "video/last" },
		{ "on", NULL },
		{ "one11", NULL },
		{ "json", NULL },
		{ "and", NULL },
		{ "a", NULL },
		{ "", NULL },
		{ "x123456789012345678901234567890123456789012345678901234567",
		    NULL },
	};
	struct mime_types *types;

	(void)state;
	write_types(text, strlen(text));
	types = mime_types_read("types");
	assert_non_null(types);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *type = mime_types_find(types,
		    span_of(rows[i].extension));

		print_message("# %s\n", rows[i].extension);
		if (rows[i].type == NULL)
			assert_null(type);
		else
			assert_string_equal(type, rows[i].type);
	}
	mime_types_release(types);
	mime_types_release(NULL);
}

/* Reads the file, which is wrong; returns what was said. */
static const char *
fault_of(const char *text, size_t size)
{
	static struct capture capture;

	write_types(text, size);
	capture_begin(&capture, STDERR_FILENO);
	assert_null(mime_types_read("types"));
	capture_end(&capture);
	return capture.text;
}

#define TYPE "it must begin with a type, such as text/plain\n"
#define EXTENSION                                                        \
 "an extension must be as in 'html', without a dot in front, and of at " \
 "most 47 bytes\n"
#define LINE   "a line has up to 4095 bytes, none of them NUL\n"
#define LONG40 "1234567890123456789012345678901234567890"

static void
test_faults(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} rows[] = {
		{ "text\n", "1: " TYPE },
		{ "a/b\n#\nhtml text/html\n", "3: " TYPE },
		{ "text/\n", "1: " TYPE },
		{ "/html\n", "1: " TYPE },
		{ "a/b/c\n", "1: " TYPE },
		{ "a/b; x\n", "1: " TYPE },
		{ "types {\n text/html html;\n}\n", "1: " TYPE },
		{ "a/" LONG40 LONG40 "12345678901234567\n", "1: " TYPE },
		{ "a/b x .html\n", "1: " EXTENSION },
		{ "a/b x/y\n", "1: " EXTENSION },
		{ "a/b " LONG40 "12345678\n", "1: " EXTENSION },
	};
	char said[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(said, sizeof(said), "mtasync: types:%s", rows[i].said);
		assert_string_equal(fault_of(rows[i].text,
					strlen(rows[i].text)),
		    said);
	}
	assert_string_equal(fault_of("a/b a\0c\n", 8),
	    "mtasync: types:1: " LINE);
}

/* What is far too much is refused before it is read to its end. */
static void
test_bounds(void **state)
{
	static char text[1 << 20];
	struct mime_types *types;
	size_t size;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_string_equal(fault_of(text, sizeof(text)),
	    "mtasync: types:1: " LINE);
	size = 0;
	for (int i = 0; i < 8192; i++)
		size += (size_t)sprintf(text + size, "a/b x%d\n", i);
	write_types(text, size);
	types = mime_types_read("types");
	assert_non_null(types);
	assert_string_equal(mime_types_find(types, SPAN("x8191")), "a/b");
	mime_types_release(types);
	size += (size_t)sprintf(text + size, "a/b more\n");
	assert_string_equal(fault_of(text, size),
	    "mtasync: types:8193: there is room for 8192 extensions, and no "
	    "more\n");
}

static void
test_unreadable(void **state)
{
	struct capture capture;

	(void)state;
	capture_begin(&capture, STDERR_FILENO);
	assert_null(mime_types_read("none"));
	assert_null(mime_types_read("."));
	capture_end(&capture);
	assert_string_equal(capture.text,
	    "mtasync: can't read the types of none: No such file or directory: "
	    "name a file that mtasync may read\n"
	    "mtasync: can't read the types of .: Invalid argument: name a file "
	    "that mtasync may read\n");
}

#define TYPES_TEST(test) \
 cmocka_unit_test_setup_teardown(test, types_setup, types_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TYPES_TEST(test_find),
		TYPES_TEST(test_faults),
		TYPES_TEST(test_bounds),
		TYPES_TEST(test_unreadable),
	};

	return cmocka_run_group_tests_name("mime_types", tests, NULL, NULL);
}
