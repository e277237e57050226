/* Tests of app/listing: which names are listed, in which order, and how. */
#include "config.h"

#include "app/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

static int
listing_setup(void **state)
{
	static int root;

	tree_enter();
	root = open(".", O_PATH);
	assert_return_code(root, 0);
	*state = &root;
	return 0;
}

static int
listing_teardown(void **state)
{
	close(*(int *)*state);
	tree_leave();
	return 0;
}

/* Asserts that these follow each other in a text. */
static void
assert_in_order(const char *text, const char *const *wanted)
{
	const char *at = text;

	for (; *wanted != NULL; wanted++) {
		at = strstr(at, *wanted);
		if (at == NULL) {
			fail_msg("no %s in its place in: %s", *wanted, text);
			return;
		}
		at += strlen(*wanted);
	}
}

/* Directories come first, each kind by name; what is not served is left out. */
static void
test_names(void **state)
{
	static const char *const wanted[] = { "<title>/sub/</title>",
		"<h1>/sub/</h1>", "<a href=\"../\">../</a>",
		"<a href=\"./aside/\">aside/</a>", "<a href=\"./z/\">z/</a>",
		"<a href=\"./B\">B</a><td>512 B<td>20",
		"<a href=\"./a\">a</a><td>0 B<td>20",
		"<a href=\"./b\">b</a><td>1.5 KiB<td>20",
		"<a href=\"./inside\">inside</a><td>3 B", "</table>\n", NULL };
	static const char *const others[] = { "hidden", "fifo", "outside",
		"nowhere", "loop", "There ", NULL };
	int root = *(int *)*state;
	struct listing *listing;

	mkdir("sub", 0755);
	mkdir("sub/z", 0755);
	mkdir("sub/.hidden", 0755);
	mkdir("aside", 0755);
	tree_write("top", 't', 3);
	tree_write("sub/a", 'a', 0);
	tree_write("sub/b", 'b', 1536);
	tree_write("sub/B", 'B', 512);
	tree_write("sub/.hidden.txt", 'h', 1);
	assert_return_code(mkfifo("sub/fifo", 0644), 0);
	assert_return_code(symlink("../top", "sub/inside"), 0);
	assert_return_code(symlink("../aside", "sub/aside"), 0);
	assert_return_code(symlink("/etc/passwd", "sub/outside"), 0);
	assert_return_code(symlink("../../..", "sub/outside2"), 0);
	assert_return_code(symlink("none", "sub/nowhere"), 0);
	assert_return_code(symlink("loop", "sub/loop"), 0);

	listing = listing_new(root, SPAN("sub/"), false);
	assert_non_null(listing);
	assert_string_equal(listing->type, "text/html; charset=utf-8");
	assert_int_equal(listing->size, strlen(listing->text));
	assert_in_order(listing->text, wanted);
	for (const char *const *other = others; *other != NULL; other++)
		assert_null(strstr(listing->text, *other));
	listing_free(listing);
}

/* No name is taken for HTML, JSON, a scheme or another directory. */
static const struct {
	const char *name;
	const char *html, *json; /* the reference and the name in each */
} escapes[] = {
	{ "a b", "\"./a%20b\">a b<", "\"a b\",\"href\":\"./a%20b\"" },
	{ "<b>&\"'", "\"./%3Cb%3E&#38;%22&#39;\">&#60;b&#62;&#38;&#34;&#39;<",
	    "\"<b>&\\u0022'\",\"href\":\"./%3Cb%3E&%22'\"" },
	{ "&lt;", "\"./&#38;lt;\">&#38;lt;<", "\"&lt;\",\"href\":\"./&lt;\"" },
	{ "javascript:x", "\"./javascript%3Ax\">javascript:x<",
	    "\"javascript:x\",\"href\":\"./javascript%3Ax\"" },
	{ "a?b#c%41", "\"./a%3Fb%23c%2541\">a?b#c%41<",
	    "\"a?b#c%41\",\"href\":\"./a%3Fb%23c%2541\"" },
	{ "\\", "\"./%5C\">\\<", "\"\\u005c\",\"href\":\"./%5C\"" },
	{ "\r\n\t", "\"./%0D%0A%09\">&#65533;&#65533;&#65533;<",
	    "\"\\u000d\\u000a\\u0009\",\"href\":\"./%0D%0A%09\"" },
	{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\"./%C3%A9%E2%82%AC%F0%9F%98%80\">"
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80<",
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"," },
	{ "\xff\xc3", "\"./%FF%C3\">\xef\xbf\xbd\xef\xbf\xbd<",
	    "\"\xef\xbf\xbd\xef\xbf\xbd\",\"href\":\"./%FF%C3\"" },
	{ "\xc0\xaf", "\"./%C0%AF\">\xef\xbf\xbd\xef\xbf\xbd<",
	    "\"\xef\xbf\xbd\xef\xbf\xbd\"," },
	{ "\xed\xa0\x80", "\">\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd<",
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"," },
	{ "\xf4\x90\x80\x80x", "\xef\xbf\xbdx<", "\xef\xbf\xbdx\"," },
};

static void
test_escapes(void **state)
{
	int root = *(int *)*state;

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		const char *const html[] = { escapes[i].html, NULL };
		const char *const json[] = {
			"{\"path\":\"/\",\"complete\":true,", escapes[i].json,
			"\"type\":\"file\",\"size\":7,", "\"modified\":\"20",
			"Z\"}]}\n", NULL
		};
		struct listing *listing;

		tree_write(escapes[i].name, 'x', 7);
		listing = listing_new(root, SPAN(""), false);
		assert_non_null(listing);
		assert_in_order(listing->text, html);
		assert_null(strstr(listing->text, "../"));
		listing_free(listing);
		listing = listing_new(root, SPAN(""), true);
		assert_non_null(listing);
		assert_string_equal(listing->type, "application/json");
		assert_in_order(listing->text, json);
		listing_free(listing);
		unlink(escapes[i].name);
	}
}

/* As many names as there may be, and one more: the page says so. */
static void
test_bound(void **state)
{
	static const char *const full[] = { "\"complete\":true", NULL };
	static const char *const more[] = { "\"complete\":false", NULL };
	static const char *const page[] = {
		"</table>\n<p>There are more: 4096 are shown.\n", NULL
	};
	int root = *(int *)*state;
	struct listing *listing;
	char name[16];

	for (int i = 0; i < LISTING_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		close(creat(name, 0644));
	}
	listing = listing_new(root, SPAN(""), true);
	assert_non_null(listing);
	assert_in_order(listing->text, full);
	listing_free(listing);

	close(creat("one-more", 0644));
	listing = listing_new(root, SPAN(""), true);
	assert_non_null(listing);
	assert_in_order(listing->text, more);
	listing_free(listing);
	listing = listing_new(root, SPAN(""), false);
	assert_non_null(listing);
	assert_in_order(listing->text, page);
	listing_free(listing);
}

/* What is no directory below the root is none, and says why. */
static void
test_faults(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "none/", ENOENT },
		{ "file/", ENOTDIR },
		{ "out/", EXDEV },
		{ "loop/", ELOOP },
	};
	static const char *const nothing[] = { "<p>There is nothing here.\n",
		NULL };
	int root = *(int *)*state;
	struct listing *listing;
	char longest[5000];

	tree_write("file", 'f', 1);
	assert_return_code(symlink("..", "out"), 0);
	assert_return_code(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(listing_new(root, span_of(rows[i].path), false));
		assert_int_equal(errno, rows[i].error);
	}
	memset(longest, '/', sizeof(longest));
	assert_null(listing_new(root, (struct span){ longest, sizeof(longest) },
	    false));
	assert_int_equal(errno, ENAMETOOLONG);
	mkdir("bare", 0755);
	listing = listing_new(root, SPAN("bare/"), false);
	assert_non_null(listing);
	assert_in_order(listing->text, nothing);
	listing_free(listing);
}

#define LISTING_TEST(test) \
 cmocka_unit_test_setup_teardown(test, listing_setup, listing_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTING_TEST(test_names),
		LISTING_TEST(test_escapes),
		LISTING_TEST(test_bound),
		LISTING_TEST(test_faults),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
