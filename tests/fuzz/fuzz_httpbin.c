/*
 * fuzz_httpbin: what the paths of httpbin read and tell: queries, numbers, JSON, and
 * bodies. What is told is JSON, whatever came; JSON in a list is JSON, and what is none
 * is none there either; numbers are finite. The first byte of an input chooses the
 * Content-Type.
 */
#include "config.h"

#include <stdlib.h>

#include "app/httpbin_body.h"
#include "app/httpbin_json.h"
#include "fuzz.h"

/* Whether a text is one JSON value, whole, with blanks around it or not. */
static bool
is_json(struct span text)
{
	size_t size = httpbin_json_read(text);

	FUZZ_CHECK(size <= text.size);
	return size > 0 && size == text.size;
}

/* Tries the numbers that a text may be. */
static void
try_numbers(struct span text)
{
	int64_t integer, ns;
	double number;

	if (httpbin_read_integer(text, &integer))
		FUZZ_CHECK(
		    httpbin_read_number(text, &number) || text.size > 64);
	if (httpbin_read_number(text, &number))
		FUZZ_CHECK(number - number == 0);
	if (httpbin_read_time(text, &ns))
		FUZZ_CHECK(ns != INT64_MIN && text.size > 0);
}

/* Tries a query: what it tells is JSON, and no longer than it may be. */
static void
try_query(struct span sent)
{
	struct httpbin_query query;
	struct text text = { 0 };
	size_t size = 0;

	FUZZ_CHECK(httpbin_query_parse(&query, sent));
	for (unsigned i = 0; i < query.count; i++) {
		size += query.pairs[i].name.size + query.pairs[i].value.size;
		try_numbers(query.pairs[i].value);
	}
	FUZZ_CHECK(size <= sent.size);
	httpbin_query_put(&query, SPAN("x"), SPAN("<"));
	httpbin_json_lists(&text, &query, true);
	FUZZ_CHECK(!text.failed && is_json(text_span(&text)));
	text_fini(&text);
	httpbin_json_strings(&text, &query);
	FUZZ_CHECK(!text.failed && is_json(text_span(&text)));
	text_fini(&text);
	httpbin_query_fini(&query);
}

/* Tries a text as JSON, and in a list. */
static void
try_json(struct span sent)
{
	struct text list = { 0 };

	text_put(&list, "[0,");
	text_add(&list, sent);
	text_put(&list, "]");
	if (is_json(sent))
		FUZZ_CHECK(is_json(text_span(&list)) || sent.size > 64);
	text_fini(&list);
}

/* Tries a body of a type. */
static void
try_body(struct span type, struct span sent)
{
	struct text text = { 0 };

	text_put(&text, "{\"first\":0");
	httpbin_body_write(type, sent, &text);
	text_put(&text, "}");
	FUZZ_CHECK(!text.failed);
	if (sent.size < HTTPBIN_DEPTH) /* deeper JSON is told of, too */
		FUZZ_CHECK(is_json(text_span(&text)));
	text_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "", "text/plain",
		"application/json", "application/x-www-form-urlencoded",
		"multipart/form-data; boundary=b",
		"multipart/form-data; boundary=\"--\"", "a/\"b\"", ";;=\"" };
	struct span sent, type;

	if (size == 0)
		return 0;
	sent = fuzz_copy(data + 1, size - 1);
	type = span_of(types[data[0] % (sizeof(types) / sizeof(types[0]))]);
	try_query(sent);
	try_json(sent);
	try_body(type, sent);
	try_body(sent, SPAN("body"));
	fuzz_free(sent);
	return 0;
}
