/* Tests of http/accept: how much which type is wanted. */
#include "config.h"

#include "http/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/parser.h"

#define BROWSER                                                         \
 "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*" \
 ";q=0.8"

/* What Accept, as whole lines, says of text/html and of application/json. */
static const struct row {
	const char *name;
	const char *fields;
	struct http_acceptance html, json;
} rows[] = {
	{ "none", "", { 1000, HTTP_ACCEPT_NONE }, { 1000, HTTP_ACCEPT_NONE } },
	{ "a browser", "Accept: " BROWSER "\r\n", { 1000, HTTP_ACCEPT_TYPE },
	    { 800, HTTP_ACCEPT_ANY } },
	{ "all", "Accept: */*\r\n", { 1000, HTTP_ACCEPT_ANY },
	    { 1000, HTTP_ACCEPT_ANY } },
	{ "empty", "Accept:\r\n", { 0, HTTP_ACCEPT_NONE },
	    { 0, HTTP_ACCEPT_NONE } },
	{ "an image", "Accept: image/webp,image/*\r\n", { 0, HTTP_ACCEPT_NONE },
	    { 0, HTTP_ACCEPT_NONE } },
	{ "one of them", "Accept: application/json\r\n",
	    { 0, HTTP_ACCEPT_NONE }, { 1000, HTTP_ACCEPT_TYPE } },
	{ "one, then all", "Accept: application/json, text/plain, */*\r\n",
	    { 1000, HTTP_ACCEPT_ANY }, { 1000, HTTP_ACCEPT_TYPE } },
	{ "the closest counts",
	    "Accept: text/html;q=0.1, text/*;q=0.5, */*\r\n",
	    { 100, HTTP_ACCEPT_TYPE }, { 1000, HTTP_ACCEPT_ANY } },
	{ "in any order", "Accept: */*, text/*;q=0.5\r\n",
	    { 500, HTTP_ACCEPT_KIND }, { 1000, HTTP_ACCEPT_ANY } },
	{ "forbidden", "Accept: */*, text/html;q=0\r\n",
	    { 0, HTTP_ACCEPT_TYPE }, { 1000, HTTP_ACCEPT_ANY } },
	{ "the least of several", "Accept: text/html, text/html;q=0.2\r\n",
	    { 200, HTTP_ACCEPT_TYPE }, { 0, HTTP_ACCEPT_NONE } },
	{ "lines", "Accept: text/html\r\nAccept: application/*;q=0.3\r\n",
	    { 1000, HTTP_ACCEPT_TYPE }, { 300, HTTP_ACCEPT_KIND } },
	{ "case and spaces", "accept: TEXT/Html ; Q=0.25\r\n",
	    { 250, HTTP_ACCEPT_TYPE }, { 0, HTTP_ACCEPT_NONE } },
	{ "parameters", "Accept: text/html;level=1;q=0.5;x\r\n",
	    { 500, HTTP_ACCEPT_TYPE }, { 0, HTTP_ACCEPT_NONE } },
	{ "malformed q", "Accept: text/html;q=2, application/json;q=\r\n",
	    { 0, HTTP_ACCEPT_NONE }, { 0, HTTP_ACCEPT_NONE } },
	{ "no names", "Accept: text, text/, /html, *, text/htm, text/htmlx\r\n",
	    { 0, HTTP_ACCEPT_NONE }, { 0, HTTP_ACCEPT_NONE } },
	{ "not a kind", "Accept: textx*, text/h*, ;q=1, */html\r\n",
	    { 0, HTTP_ACCEPT_NONE }, { 0, HTTP_ACCEPT_NONE } },
};

static void
assert_says(const struct row *row, const struct http_request *request,
    const char *type, struct http_acceptance wanted)
{
	struct http_acceptance said = http_accept_find(request, span_of(type));

	if (said.quality != wanted.quality || said.match != wanted.match)
		fail_msg("%s: %s: %d by %d", row->name, type, said.quality,
		    said.match);
}

static void
test_rows(void **state)
{
	static struct http_request request;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
		    "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].fields);
		assert_int_equal(http_request_parse(&request, span_of(text), 0),
		    HTTP_OK);
		assert_says(&rows[i], &request, "text/html", rows[i].html);
		assert_says(&rows[i], &request, "application/json",
		    rows[i].json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
