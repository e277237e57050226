/* Tests of app/media_type: which type a name promises. */
#include "config.h"

#include "app/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

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
		assert_string_equal(media_type_of(span_of(rows[i].name)),
		    rows[i].type);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
