/* Tests of app/listing_page: what is written for which entries. */
#include "config.h"

#include "app/listing_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX ((size_t)4 * 1024 * 1024)

/* The time of all entries. */
#define MODIFIED ((time_t)784111777)

static struct directory_entry *
make_entry(const char *name, int64_t size)
{
	size_t room = strlen(name) + 1;
	struct directory_entry *entry = malloc(sizeof(*entry) + room);

	assert_non_null(entry);
	entry->directory = size < 0;
	entry->size = size;
	entry->modified = MODIFIED;
	memcpy(entry->name, name, room);
	return entry;
}

/* Writes the page of a directory, and returns it as a string. */
static const char *
write_page(const struct directory *directory, const char *path, bool json)
{
	static char text[TEXT_MAX];
	struct listing_page page = { .json = json };
	size_t size = 0;

	listing_page_begin(&page, directory, path);
	for (size_t i = 0; i < directory->count; i++)
		listing_page_add(&page, directory, i);
	assert_int_equal(listing_page_end(&page, directory), 0);
	assert_string_equal(listing_page_type(&page),
	    json ? "application/json" : "text/html; charset=utf-8");
	assert_true(page.size < TEXT_MAX);
	while (size < page.size) {
		struct span part = listing_page_at(&page, size);

		assert_in_range(part.size, 1, page.size - size);
		memcpy(text + size, part.data, part.size);
		size += part.size;
	}
	text[size] = '\0';
	assert_int_equal(strlen(text), size);
	listing_page_free(&page);
	return text;
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

/* Sizes are for people in HTML, and exact in JSON. */
static void
test_rows(void **state)
{
	static const struct {
		const char *name;
		int64_t size; /* -1: a directory */
		const char *html, *json;
	} rows[] = {
		{ "a", -1, "<a href=\"./a/\">a/</a><td><td>1994-11-06 08:49\n",
		    "{\"name\":\"a\",\"href\":\"./a/\",\"type\":\"directory\","
		    "\"modified\":\"1994-11-06T08:49:37Z\"}" },
		{ "b", 0, "<a href=\"./b\">b</a><td>0 B<td>1994-11-06 08:49\n",
		    "{\"name\":\"b\",\"href\":\"./b\",\"type\":\"file\","
		    "\"size\":0,\"modified\":\"1994-11-06T08:49:37Z\"}" },
		{ "c", 1023, "<td>1023 B<td>", ",\"size\":1023," },
		{ "d", 1536, "<td>1.5 KiB<td>", ",\"size\":1536," },
		{ "e", 1048524, "<td>1023.9 KiB<td>", ",\"size\":1048524," },
		{ "f", 1048525, "<td>1.0 MiB<td>", ",\"size\":1048525," },
		{ "g", INT64_MAX, "<td>8.0 EiB<td>",
		    ",\"size\":9223372036854775807," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct directory_entry *entry = make_entry(rows[i].name,
		    rows[i].size);
		struct directory directory = { .entries = &entry, .count = 1 };
		const char *const html[] = { "<title>/s/</title>",
			"<h1>/s/</h1>", "<a href=\"../\">../</a>", rows[i].html,
			"</table>\n", NULL };
		const char *const json[] = { "{\"path\":\"/s/\",", "[\n",
			rows[i].json, "]}\n", NULL };

		assert_in_order(write_page(&directory, "s/", false), html);
		assert_in_order(write_page(&directory, "s/", true), json);
		free(entry);
	}
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
	{ "\r\n\t", "\"./%0D%0A%09\">\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd<",
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
	{ "a\xe2\x80\xaegpj.exe", ">a\xef\xbf\xbdgpj.exe<",
	    "\"a\xe2\x80\xaegpj.exe\",\"href\":\"./a%E2%80%AEgpj.exe\"" },
	{ "\xe2\x81\xa6\xe2\x80\xa9\xe2\x80\xaf",
	    ">\xef\xbf\xbd\xe2\x80\xa9\xe2\x80\xaf<",
	    "\"\xe2\x81\xa6\xe2\x80\xa9\xe2\x80\xaf\"," },
};

static void
test_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		struct directory_entry *entry = make_entry(escapes[i].name, 7);
		struct directory directory = { .entries = &entry, .count = 1 };
		const char *const html[] = { escapes[i].html, NULL };
		const char *const json[] = {
			"{\"path\":\"/\",\"complete\":true,", escapes[i].json,
			"\"type\":\"file\",\"size\":7,", "\"modified\":\"19",
			"Z\"}]}\n", NULL
		};
		const char *text = write_page(&directory, "", false);

		assert_in_order(text, html);
		assert_null(strstr(text, "../"));
		assert_in_order(write_page(&directory, "", true), json);
		free(entry);
	}
}

/* What is said of all: that there is nothing, or more. */
static void
test_ends(void **state)
{
	static const struct {
		bool cut;
		const char *html, *json;
	} rows[] = {
		{ false, "</table>\n<p>There is nothing here.\n",
		    "{\"path\":\"/\",\"complete\":true,\"entries\":[]}\n" },
		{ true,
		    "</table>\n<p>There are more: only 4096 names were looked "
		    "at.\n",
		    "{\"path\":\"/\",\"complete\":false,\"entries\":[]}\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct directory directory = { .cut = rows[i].cut };
		const char *text = write_page(&directory, "", false);

		assert_string_equal(text + strlen(text) - strlen(rows[i].html),
		    rows[i].html);
		assert_string_equal(write_page(&directory, "", true),
		    rows[i].json);
	}
}

/* A page that does not lie in one place is whole. */
static void
test_long_page(void **state)
{
	static struct directory_entry *entries[3000];
	struct directory directory = { .entries = entries, .count = 3000 };
	char name[64], wanted[192];
	const char *at;

	(void)state;
	for (size_t i = 0; i < directory.count; i++) {
		snprintf(name, sizeof(name), "a-name-of-%zu-and-more", i);
		entries[i] = make_entry(name, (int64_t)i);
	}
	at = strstr(write_page(&directory, "", true), "[\n") + 2;
	for (size_t i = 0; i < directory.count; i++) {
		int size = snprintf(wanted, sizeof(wanted),
		    "{\"name\":\"%s\",\"href\":\"./%s\",\"type\":\"file\","
		    "\"size\":%zu,\"modified\":\"1994-11-06T08:49:37Z\"}%s\n",
		    entries[i]->name, entries[i]->name, i,
		    i + 1 < directory.count ? "," : "]}");

		assert_memory_equal(at, wanted, (size_t)size);
		at += size;
		free(entries[i]);
	}
	assert_string_equal(at, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_long_page),
	};

	return cmocka_run_group_tests_name("listing_page", tests, NULL, NULL);
}
