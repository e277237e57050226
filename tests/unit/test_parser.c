/* Tests of http/parser: the lines of a head, and its limits. */
#include "config.h"

#include "http/parser.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parsing.h"

static const struct parsing_row request_line_rows[] = {
	ROW("9112 3 the plain request", FIELDS(""), PLAIN),
	ROW("9112 3 nothing yet", "", "more"),
	ROW("9112 3 a piece", "GET / HTTP/1.1\r\nHost: h\r\n", "more"),
	ROW("9112 3 what follows stays", FIELDS("") "GET /b", PLAIN),

	ROW("9112 2.2 an empty line first", "\r\n" FIELDS(""), PLAIN),
	ROW("9112 2.2 four of them", "\r\n\r\n\r\n\r\n" FIELDS(""), PLAIN),
	ROW("9112 2.2 too many", "\r\n\r\n\r\n\r\n\r\n" FIELDS(""), "400"),
	ROW("9112 2.2 a fault after one", "\r\nGET /:\x7f HTTP/1.1\r\n", "400"),
	ROW("9112 2.2 a bare LF first", "\n" FIELDS(""), "400"),
	ROW("9112 2.2 a bare CR first", "\r" FIELDS(""), "400"),
	ROW("9112 2.2 a space first", " " FIELDS(""), "400"),
	ROW("9112 2.2 bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400"),
	ROW("9112 2.2 bare CR", "GET / HTTP/1.1\rHost: h\r\n\r\n", "400"),
	ROW("9112 2.2 CR twice", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400"),

	ROW("9110 9.3 HEAD", TARGET("HEAD", "/"), "HEAD / @h 1.1 keep none"),
	ROW("9110 9.3 OPTIONS", TARGET("OPTIONS", "/"),
	    "OPTIONS / @h 1.1 keep none"),
	ROW("9110 9.3 POST", TARGET("POST", "/"), "POST / @h 1.1 keep none"),
	ROW("9110 9.3 PUT", TARGET("PUT", "/"), "PUT / @h 1.1 keep none"),
	ROW("9110 9.3 DELETE", TARGET("DELETE", "/"),
	    "DELETE / @h 1.1 keep none"),
	ROW("9110 9.3 TRACE", TARGET("TRACE", "/"), "TRACE / @h 1.1 keep none"),
	ROW("5789 2 PATCH", TARGET("PATCH", "/"), "PATCH / @h 1.1 keep none"),
	ROW("9110 9.1 unknown", TARGET("BREW", "/"), "? / @h 1.1 keep none"),
	ROW("9110 9.1 case counts", TARGET("get", "/"), "? / @h 1.1 keep none"),
	ROW("9110 9.1 any token", TARGET("!#$%&'*+-.^_`|~9", "/"),
	    "? / @h 1.1 keep none"),
	ROW("9110 9.1 no token", TARGET("GE(T", "/"), "400"),
	ROW("9110 9.1 a colon", TARGET("GET:", "/"), "400"),
	ROW("9110 9.1 not ASCII", TARGET("G\xc3\x89T", "/"), "400"),
	ROW("9110 9.1 NUL", TARGET("G\0T", "/"), "400"),
	ROW("9112 3 no method", TARGET("", "/"), "400"),
	ROW("9112 3 TLS", "\x16\x03\x01\x02", "400"),

	ROW("9112 3 two spaces", TARGET("GET ", "/"), "400"),
	ROW("9112 3 HTAB", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
	ROW("9112 3 a space after", TARGET("GET", "/ "), "400"),
	ROW("9112 3 a space within", TARGET("GET", "/a b"), "400"),
	ROW("3986 2.1 octets that are not ASCII", TARGET("GET", "/\x80\xff"),
	    "GET /\x80\xff @h 1.1 keep none"),
	ROW("3986 3 DEL", TARGET("GET", "/\x7f"), "400"),
	ROW("9112 3 space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
	    "400"),
	ROW("9112 3 no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", "400"),
	ROW("9112 3 HTTP/0.9", "GET /\r\n", "400"),
	ROW("9112 3 no version", "GET / \r\n", "400"),

	ROW("9112 2.3 1.0", FIELDS10(""), "GET / 1.0 close none"),
	ROW("9110 2.5 1.2 is 1.1", "GET / HTTP/1.2\r\nHost: h\r\n\r\n",
	    "GET / @h 1.2 keep none"),
	ROW("9110 2.5 1.9 needs Host", "GET / HTTP/1.9\r\n\r\n", "400"),
	ROW("9110 15.6.6 2.0", "GET / HTTP/2.0\r\n\r\n", "505"),
	ROW("9110 15.6.6 0.9", "GET / HTTP/0.9\r\n\r\n", "505"),
	ROW("9113 3.4 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
	ROW("9112 2.3 case counts", "GET / http/1.1\r\n\r\n", "400"),
	ROW("9112 2.3 two digits", "GET / HTTP/1.10\r\n\r\n", "400"),
	ROW("9112 2.3 two digits", "GET / HTTP/11.1\r\n\r\n", "400"),
	ROW("9112 2.3 one digit", "GET / HTTP/1\r\n\r\n", "400"),
	ROW("9112 2.3 no digit", "GET / HTTP/1.x\r\n\r\n", "400"),
	ROW("9112 2.3 no point", "GET / HTTP/1,1\r\n\r\n", "400"),
	ROW("9112 2.3 other", "GET / ICY/1.1\r\n\r\n", "400"),
};

static const struct parsing_row field_rows[] = {
	ROW("9112 5 no white space", FIELDS("A:b\r\n"), PLAIN),
	ROW("9112 5 much white space", FIELDS("A: \t b \t\r\n"), PLAIN),
	ROW("9112 5 empty value", FIELDS("A:\r\n"), PLAIN),
	ROW("9110 5.1 any token", FIELDS("!#$%&'*+-.^_`|~9Az: b\r\n"), PLAIN),
	ROW("9110 5.5 obs-text", FIELDS("A: \x80\xff\xc3\xa9\r\n"), PLAIN),
	ROW("9110 5.5 HTAB within", FIELDS("A: b\tc\r\n"), PLAIN),
	ROW("9110 5.5 HTAB in a long one",
	    FIELDS("A: 0123456789\t0123\t456789abcdef\r\n"), PLAIN),
	ROW("9112 5.1 space before the colon", FIELDS("A : b\r\n"), "400"),
	ROW("9112 5.1 HTAB before the colon", FIELDS("A\t: b\r\n"), "400"),
	ROW("9112 5.1 empty name", FIELDS(": b\r\n"), "400"),
	ROW("9112 5.1 no colon", FIELDS("A\r\n"), "400"),
	ROW("9112 5.1 no token", FIELDS("A(b): c\r\n"), "400"),
	ROW("9112 5.1 name not ASCII", FIELDS("\xc3\xa9: c\r\n"), "400"),
	ROW("9112 5.1 NUL in a name", FIELDS("A\0: c\r\n"), "400"),
	ROW("9112 5.2 obs-fold", FIELDS("A: b\r\n c\r\n"), "400"),
	ROW("9112 5.2 obs-fold, HTAB", FIELDS("A: b\r\n\tc\r\n"), "400"),
	ROW("9112 5.2 obs-fold, empty", FIELDS("A: b\r\n \r\n"), "400"),
	ROW("9112 2.2 white space first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
	    "400"),
	ROW("9110 5.5 NUL", FIELDS("A: b\0c\r\n"), "400"),
	ROW("9110 5.5 a control", FIELDS("A: b\x01\r\n"), "400"),
	ROW("9110 5.5 the last control",
	    FIELDS("A: 012345678\x1f"
		   "0123456789\r\n"),
	    "400"),
	ROW("9110 5.5 DEL", FIELDS("A: b\x7f\r\n"), "400"),
	ROW("9110 5.5 DEL in a long one",
	    FIELDS("A: 0123456789\x7f"
		   "0123456789\r\n"),
	    "400"),
	ROW("9112 2.2 bare CR", FIELDS("A: b\rc\r\n"), "400"),
	ROW("9112 2.2 CR twice", FIELDS("A: b\r\r\n"), "400"),
	ROW("9112 2.2 bare LF", FIELDS("A: b\nC: d\r\n"), "400"),
	ROW("9112 2.2 bare LF ends", "GET / HTTP/1.1\r\nHost: h\r\n\n", "400"),
	ROW("9112 2.2 bare CR ends", "GET / HTTP/1.1\r\nHost: h\r\n\rA", "400"),
};

static void
test_request_line(void **state)
{
	CHECK_ROWS(state, request_line_rows);
}

static void
test_field(void **state)
{
	CHECK_ROWS(state, field_rows);
}

/* Every name of the table is known in any case, and no name near it. */
static void
test_known_names(void **state)
{
	static const char *const names[] = {
#define NAME(id, name) name,
		HTTP_FIELD_TABLE(NAME)
#undef NAME
	};
	struct parsing *p = *state;
	char head[256];

	for (int id = 0; id < HTTP_FIELD_OTHER; id++) {
		enum http_field_id known = (enum http_field_id)id;

		snprintf(head, sizeof(head),
		    "GET / HTTP/1.0\r\n%s: 1\r\nx%s: 2\r\n\r\n", names[id],
		    names[id] + 1);
		head[16] = (char)toupper(head[16]);
		parsing_parse(p, span_of(head), strlen(head), 0);
		assert_int_equal(p->request.field_count, 2);
		assert_int_equal(p->request.fields[0].id, known);
		assert_int_equal(p->request.fields[1].id, HTTP_FIELD_OTHER);
		assert_true(span_equal(http_request_field(&p->request, known),
		    SPAN("1")));
	}
}

/* The spans are what was sent, and the values without white space. */
static void
test_spans(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: h\r\n"
				   "X-Long:\t a value, 16 long\t \r\n\r\n";
	struct parsing *p = *state;

	assert_int_equal(parsing_parse(p, SPAN(head), sizeof(head) - 1, 0),
	    HTTP_OK);
	assert_int_equal(p->request.head_size, sizeof(head) - 1);
	assert_int_equal(p->request.field_count, 2);
	assert_true(span_equal(p->request.fields[1].name, SPAN("X-Long")));
	assert_true(
	    span_equal(p->request.fields[1].value, SPAN("a value, 16 long")));
	assert_null(http_request_field(&p->request, HTTP_FIELD_RANGE).data);
}

/* What the log wants of a refused request: as much as was read. */
static void
test_refused_spans(void **state)
{
	struct parsing *p = *state;

	assert_int_equal(parsing_parse(p, SPAN("GE(T"), 4, 0), HTTP_BAD);
	assert_null(p->request.method_name.data);
	assert_int_equal(parsing_parse(p, SPAN("GET /\r\n"), 7, 0), HTTP_BAD);
	assert_true(span_equal(p->request.method_name, SPAN("GET")));
	assert_null(p->request.target.data);
	assert_int_equal(parsing_parse(p, SPAN("GET /a HTTP/2.0\r\n"), 17, 0),
	    HTTP_BAD);
	assert_true(span_equal(p->request.target, SPAN("/a")));
	assert_false(p->request.keep_alive);
	assert_non_null(p->request.fault);
	assert_int_equal(parsing_parse(p, SPAN("GET / HTTP/1\r\n\r\n"), 16, 0),
	    HTTP_BAD);
	assert_null(p->request.version.data);
	assert_int_equal(p->request.version.size, 0);
}

/* A head with a method, target and fields of these sizes and numbers. */
struct limits_row {
	const char *name;
	size_t method; /* bytes */
	size_t target; /* bytes */
	size_t fields; /* their number, without the one that fills up */
	size_t size;   /* bytes of the head, filled up; 0: as it comes */
	const char *verdict;
	size_t taken; /* bytes from which on the verdict is there */
};

static const struct limits_row limits_rows[] = {
	{ "9112 3 method", 32, 1, 0, 0, "? / 1.0 close none", 47 },
	{ "9112 3 method", 33, 1, 0, 0, "501", 33 },
	{ "9110 15.5.15 target", 3, 8192, 0, 0, NULL, 8209 },
	{ "9110 15.5.15 target", 3, 8193, 0, 0, "414", 4 + 8193 },
	{ "9110 15.5.15 no end", 3, 20000, 0, 0, "414", 4 + 8193 },
	{ "6585 5 fields", 3, 1, 100, 0, "? / 1.0 close none", 618 },
	{ "6585 5 fields", 3, 1, 101, 0, "431", 617 },
	{ "6585 5 head", 3, 1, 2, 32768, "? / 1.0 close none", 32768 },
	{ "6585 5 head", 3, 1, 2, 32769, "431", 32768 },
	{ "6585 5 head, no end", 3, 8192, 2, 40000, "431", 32768 },
};

/* Composed in `data`, which is all zeros. */
static struct span
limits_head(char *data, const struct limits_row *row)
{
	memset(data, 'M', row->method);
	parsing_print(data, " /");
	memset(data + strlen(data), 'a', row->target - 1);
	parsing_print(data, " HTTP/1.0\r\n");
	for (size_t i = 0; i < row->fields; i++)
		parsing_print(data, "A: b\r\n");
	if (row->size > 0)
		parsing_print(data, "B:%0*d\r\n",
		    (int)(row->size - strlen(data) - 6), 0);
	parsing_print(data, "\r\n");
	return span_of(data);
}

static void
test_limits(void **state)
{
	struct parsing *p = *state;
	char *data = calloc(1, PARSING_TEXT_MAX);

	assert_non_null(data);
	for (size_t i = 0; i < sizeof(limits_rows) / sizeof(limits_rows[0]);
	     i++) {
		const struct limits_row *row = &limits_rows[i];
		struct span head = limits_head(data, row);
		enum http_parse result = parsing_parse(p, head, head.size, 0);

		parsing_describe(p->text, result, &p->request);
		if (row->verdict == NULL ? result != HTTP_OK
					 : strcmp(p->text, row->verdict) != 0)
			fail_msg("%s: %s", row->name, p->text);
		parsing_describe_all(p->whole, result, &p->request);
		assert_int_equal(parsing_parse(p, head, row->taken - 1, 0),
		    HTTP_MORE);
		assert_int_equal(parsing_parse(p, head, row->taken, 0), result);
		assert_int_equal(parsing_check_pieces(p, head, 1, 1),
		    row->taken);
		parsing_check_pieces(p, head, 1, 97);
		memset(data, 0, PARSING_TEXT_MAX);
	}
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_line),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_known_names),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_refused_spans),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("request", tests, parsing_open,
	    parsing_close);
}
