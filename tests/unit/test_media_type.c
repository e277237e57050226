/* Tests of app/media_type: which type a name promises. */
#include "config.h"

#include "app/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tree.h"

static const struct row {
	const char *name;
	const char *type;
} rows[] = {
	{ "hello.html", "text/html; charset=utf-8" },
	{ "a/b.c/style.css", "text/css; charset=utf-8" },
	{ "app.min.js", "text/javascript; charset=utf-8" },
	{ "PHOTO.JPG", "image/jpeg" },
	{ "archive.tar.gz", "application/gzip" },
	{ "module.wasm", "application/wasm" },
	{ "live.m3u8", "application/vnd.apple.mpegurl" },
	{ "segment.ts", "video/mp2t" },
	{ "film.MKV", "video/x-matroska" },
	{ "drawing.svgz", "image/svg+xml" },
	{ "notes.log", "text/plain; charset=utf-8" },
	{ "book.epub", "application/epub+zip" },
	{ "a.deb", "application/vnd.debian.binary-package" },
	{ "file.html.unknown", "application/octet-stream" },
	{ "no-extension", "application/octet-stream" },
	{ "html", "application/octet-stream" },
	{ "dir.html/file", "application/octet-stream" },
	{ "ends.", "application/octet-stream" },
	{ "unknown.xyzzy", "application/octet-stream" },
	{ "longer.htmlx", "application/octet-stream" },
	{ "", "application/octet-stream" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(media_type_of(NULL, span_of(rows[i].name)),
		    rows[i].type);
}

/* What the operator's file says goes first, and the longer extension. */
static void
test_operators(void **state)
{
	static const struct row operators[] = {
		{ "a.html", "text/x-mine; charset=utf-8" },
		{ "a.mine", "text/x-mine; charset=utf-8" },
		{ "a.htm", "text/html; charset=utf-8" },
		{ "a.tm.json", "application/tm+json" },
		{ "a.tm.JSON", "application/tm+json" },
		{ "tm.json", "application/json" },
		{ "x/.tm.json", "application/tm+json" },
		{ "a.b.json", "application/json" },
		{ "a.tm.b.json", "application/json" },
		{ "a.tm.html", "text/x-mine; charset=utf-8" },
		{ "a.unknown", "application/octet-stream" },
	};
	struct mime_types *types;
	FILE *file;

	(void)state;
	tree_enter();
	file = fopen("types", "w");
	assert_non_null(file);
	fputs("text/x-mine html mine\napplication/tm+json tm.json\n", file);
	assert_return_code(fclose(file), 0);
	types = mime_types_read("types");
	tree_leave();
	assert_non_null(types);
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		print_message("# %s\n", operators[i].name);
		assert_string_equal(media_type_of(types,
					span_of(operators[i].name)),
		    operators[i].type);
	}
	mime_types_release(types);
}

static void
test_coding(void **state)
{
	(void)state;
	assert_int_equal(media_type_coding(SPAN("a/b.svgz")), HTTP_CODING_GZIP);
	assert_int_equal(media_type_coding(SPAN("B.SVGZ")), HTTP_CODING_GZIP);
	assert_int_equal(media_type_coding(SPAN("svgz")), HTTP_CODING_IDENTITY);
	assert_int_equal(media_type_coding(SPAN("a.svg")),
	    HTTP_CODING_IDENTITY);
	assert_int_equal(media_type_coding(SPAN("a.svg.gz")),
	    HTTP_CODING_IDENTITY);
	assert_int_equal(media_type_coding(SPAN("")), HTTP_CODING_IDENTITY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_coding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
