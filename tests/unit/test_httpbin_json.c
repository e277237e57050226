/* Tests of app/httpbin_json: what is written, and which JSON is read. */
#include "config.h"

#include "app/httpbin_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/httpbin_body.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Asserts what a text has, and lets go of it. */
static void
assert_text(struct text *text, const char *expected)
{
	assert_false(text->failed);
	assert_string_equal(text->data, expected);
	text_fini(text);
}

static void
test_strings(void **state)
{
	static const struct {
		const char *value, *written;
	} rows[] = {
		{ "", "\"\"" },
		{ "a<b>&", "\"a<b>&\"" },
		{ "\"\\\n\x7f", "\"\\\"\\\\\\u000a\\u007f\"" },
		{ "\xc3\xa9", "\"\\u00e9\"" },
		{ "\xf0\x9f\x90\xa2", "\"\\ud83d\\udc22\"" },
		{ "\xff"
		  "a\xc3",
		    "\"\\ufffda\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text = { 0 };

		httpbin_json_string(&text, span_of(rows[i].value));
		assert_text(&text, rows[i].written);
	}
}

static void
test_objects(void **state)
{
	struct httpbin_query query;
	struct text text = { 0 };

	(void)state;
	assert_true(httpbin_query_parse(&query, SPAN("b=2&a=<&b=1&c")));
	httpbin_json_lists(&text, &query, false);
	assert_text(&text,
	    "{\"a\": [\"<\"], \"b\": [\"2\", \"1\"], \"c\": [\"\"]}");
	httpbin_json_lists(&text, &query, true);
	assert_text(&text,
	    "{\"a\": [\"&lt;\"], \"b\": [\"2\", \"1\"], \"c\": [\"\"]}");
	httpbin_json_strings(&text, &query);
	assert_text(&text, "{\"a\": \"<\", \"b\": \"1\", \"c\": \"\"}");
	query.count = 0;
	httpbin_json_lists(&text, &query, false);
	assert_text(&text, "{}");
	httpbin_json_strings(&text, &query);
	assert_text(&text, "{}");
	httpbin_query_fini(&query);
}

/* Texts that are one JSON value, whole. */
static const char *const values[] = { "null", "true", " false ", "0", "-0",
	"12", "1.5e-3", "1E+2", "\"\"", "\"a\\n\\u00e9\\\"\"", "[]", "{}",
	"[1,[2,[]],{}]", " { \"a\" : [ 1 , null ] , \"b\" : { } } ",
	"\"\xc3\xa9\"" };

/* Texts that are not. */
static const char *const no_values[] = { "", " ", "nul", "01", "1.", ".5", "+1",
	"1e", "-", "NaN", "'a'", "\"", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12\"",
	"\"\xff\"", "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "{\"a\"}",
	"{\"a\":}", "{\"a\":1,}", "{a:1}", "{,}", "{]", "[}", "1 2",
	"{\"a\":1}}", "[[" };

static void
test_reading(void **state)
{
	const size_t depth = HTTPBIN_DEPTH + 2; /* `[]` needs no place */
	char deep[2 * (HTTPBIN_DEPTH + 2)];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		print_message("# %s\n", values[i]);
		assert_int_equal(httpbin_json_read(span_of(values[i])),
		    strlen(values[i]));
	}
	for (size_t i = 0; i < COUNT(no_values); i++) {
		print_message("# %s\n", no_values[i]);
		assert_true(httpbin_json_read(span_of(no_values[i])) == 0 ||
			    httpbin_json_read(span_of(no_values[i])) <
				strlen(no_values[i]));
	}
	memset(deep, '[', depth);
	memset(deep + depth, ']', depth);
	assert_int_equal(httpbin_json_read((struct span){ deep, 2 * depth }),
	    0);
	assert_int_equal(httpbin_json_read(
			     (struct span){ deep + 1, 2 * depth - 2 }),
	    2 * depth - 2);
}

#define PARTS                                                        \
 "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"    \
 "--b\r\ncontent-disposition: form-data; name=f; filename=\"x\"\r\n" \
 "Content-Type: text/plain\r\n\r\nfile\r\n\r\n--b\r\n\r\n\r\nnone\r\n--b--"

#define FORM "multipart/form-data; boundary=B"

/* A part of such a form, and the delimiter behind it but for its end; `end` is that of
 * the delimiter in front, but for its CRLF. */
#define FIELD(end, disposition, value)                                         \
 "--B" end "\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" value \
 "\r\n--B"

/* Bodies, by their types, and what is told of them. */
static const struct {
	const char *type, *body, *data, *files, *form, *json;
} bodies[] = {
	{ "", "", "\"\"", "{}", "{}", "null" },
	{ "text/plain", "a\"", "\"a\\\"\"", "{}", "{}", "null" },
	{ "Text/HTML; charset=x", "<a>", "\"<a>\"", "{}", "{}", "null" },
	{ "", "abc", "\"data:application/octet-stream;base64,YWJj\"", "{}",
	    "{}", "null" },
	{ "image/png", "\xfb\xff", "\"data:image/png;base64,-_8=\"", "{}", "{}",
	    "null" },
	{ "a/\"b\"", "abc", "\"data:a/\\\"b\\\";base64,YWJj\"", "{}", "{}",
	    "null" },
	{ "application/json", "{\"a\": [1]}", "\"{\\\"a\\\": [1]}\"", "{}",
	    "{}", "{\"a\": [1]}" },
	{ "application/json", "{\"a\"", "\"{\\\"a\\\"\"", "{}", "{}", "null" },
	{ "application/x-www-form-urlencoded", "a=1&b=x+y&a=2",
	    "\"a=1&b=x+y&a=2\"", "{}",
	    "{\"a\": [\"1\", \"2\"], \"b\": [\"x y\"]}", "null" },
	{ "multipart/form-data; boundary=b", PARTS, NULL,
	    "{\"f\": [\"file\\u000d\\u000a\"]}", "{\"a\": [\"1\"]}", "null" },
	{ "multipart/form-data; boundary=\"b\"", PARTS, NULL,
	    "{\"f\": [\"file\\u000d\\u000a\"]}", "{\"a\": [\"1\"]}", "null" },
	{ "multipart/form-data; boundary=c", PARTS, NULL, "{}", "{}", "null" },
	{ "multipart/form-data", PARTS, NULL, "{}", "{}", "null" },
	{ "multipart/form-data; boundary=b", "--b", "\"--b\"", "{}", "{}",
	    "null" },
	{ "multipart/form-data; boundary=b", "--b--b--b\r\n\r\n--b", NULL, "{}",
	    "{}", "null" },
	/* the boundary's text within a line, and at the start of one */
	{ FORM, FIELD("", "name=a", "x--Bline") "--", NULL, "{}",
	    "{\"a\": [\"x--Bline\"]}", "null" },
	{ FORM, FIELD("", "name=a", "x--B\r\n") "--", NULL, "{}",
	    "{\"a\": [\"x--B\\u000d\\u000a\"]}", "null" },
	{ FORM, FIELD("", "name=a", "1\r\n--Bline") "--", NULL, "{}",
	    "{\"a\": [\"1\\u000d\\u000a--Bline\"]}", "null" },
	{ FORM, FIELD("", "name=a", "1\r\n--B \t-") "--", NULL, "{}",
	    "{\"a\": [\"1\\u000d\\u000a--B \\u0009-\"]}", "null" },
	{ FORM, "--B" FIELD("", "name=a", "1") "--", NULL, "{}", "{}", "null" },
	/* what may be around delimiters */
	{ FORM, FIELD(" \t", "name=a", "1") " \r\n", NULL, "{}",
	    "{\"a\": [\"1\"]}", "null" },
	{ FORM, "--Bx\r\n" FIELD("", "name=a", "1") "--", NULL, "{}",
	    "{\"a\": [\"1\"]}", "null" },
	{ FORM, FIELD("", "name=a", "1") "--\r\n" FIELD("", "name=b", "2") "--",
	    NULL, "{}", "{\"a\": [\"1\"]}", "null" },
	/* parameters in quotes */
	{ FORM, FIELD("", "name=\"a;b\"", "1") "--", NULL, "{}",
	    "{\"a;b\": [\"1\"]}", "null" },
	{ FORM, FIELD("", "name=\"a; filename=x\"", "1") "--", NULL, "{}",
	    "{\"a; filename=x\": [\"1\"]}", "null" },
	{ FORM, FIELD("", "x=\"\\\";name=b\"; name=\"a\"", "1") "--", NULL,
	    "{}", "{\"a\": [\"1\"]}", "null" },
	{ FORM, FIELD("", "filename=\";\"; name=a", "1") "--", NULL,
	    "{\"a\": [\"1\"]}", "{}", "null" },
};

/* Asserts that a member, with what stands before it, has a value. */
static void
assert_member(const struct text *text, const char *name, const char *value)
{
	const char *at = strstr(text->data, name);

	assert_non_null(at);
	if (value != NULL)
		assert_memory_equal(at + strlen(name), value, strlen(value));
}

static void
test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct text text = { 0 };

		print_message("# %s %s\n", bodies[i].type, bodies[i].body);
		httpbin_body_write(span_of(bodies[i].type),
		    span_of(bodies[i].body), &text);
		assert_false(text.failed);
		assert_member(&text, ",\n  \"data\": ", bodies[i].data);
		assert_member(&text, ",\n  \"files\": ", bodies[i].files);
		assert_member(&text, ",\n  \"form\": ", bodies[i].form);
		assert_member(&text, ",\n  \"json\": ", bodies[i].json);
		text_fini(&text);
	}
}

/* A body that was too large to be kept. */
static void
test_no_body(void **state)
{
	struct text text = { 0 };

	(void)state;
	httpbin_body_write(SPAN("application/json"),
	    (struct span){ NULL, 100000 }, &text);
	assert_text(&text,
	    ",\n  \"data\": null,\n  \"files\": {},\n  \"form\": {},\n"
	    "  \"json\": null");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
