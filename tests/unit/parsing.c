/* parsing: feeds heads to the parser, whole and in pieces. */
#include "config.h"

#include "parsing.h"

#include "http/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void
parsing_print(char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text + size, PARSING_TEXT_MAX - size, format, arguments);
	va_end(arguments);
	assert_true(n >= 0 && (size_t)n < PARSING_TEXT_MAX - size);
}

static void
parsing_print_span(char *text, const char *before, struct span span)
{
	if (span.data != NULL)
		parsing_print(text, "%s%.*s", before, (int)span.size,
		    span.data);
}

void
parsing_describe(char *text, enum http_parse result,
    const struct http_request *request)
{
	*text = '\0';
	if (result == HTTP_MORE)
		parsing_print(text, "more");
	if (result == HTTP_BAD)
		parsing_print(text, "%u", request->status);
	if (result != HTTP_OK)
		return;
	if (request->method == HTTP_METHOD_UNKNOWN)
		parsing_print(text, "?");
	else
		parsing_print_span(text, "", request->method_name);
	parsing_print_span(text, " ", request->path);
	parsing_print_span(text, " ?", request->query);
	parsing_print_span(text, " @", request->authority);
	parsing_print(text, " 1.%u %s", request->minor,
	    request->keep_alive ? "keep" : "close");
	if (request->framing == HTTP_FRAMING_NONE)
		parsing_print(text, " none");
	else if (request->framing == HTTP_FRAMING_CHUNKED)
		parsing_print(text, " chunked");
	else
		parsing_print(text, " length=%llu",
		    (unsigned long long)request->content_length);
	if (request->expects_continue)
		parsing_print(text, " expects");
}

void
parsing_describe_all(char *text, enum http_parse result,
    const struct http_request *request)
{
	parsing_describe(text, result, request);
	if (result == HTTP_MORE)
		return;
	parsing_print_span(text, " method ", request->method_name);
	parsing_print_span(text, " target ", request->target);
	if (result == HTTP_BAD) {
		parsing_print(text, " fault %s keep %d", request->fault,
		    request->keep_alive);
		return;
	}
	parsing_print(text, " size %zu present %x repeated %x",
	    request->head_size, request->present, request->repeated);
	for (unsigned i = 0; i < request->field_count; i++) {
		parsing_print(text, " %d", request->fields[i].id);
		parsing_print_span(text, " ", request->fields[i].name);
		parsing_print_span(text, ":", request->fields[i].value);
	}
}

enum http_parse
parsing_parse(struct parsing *p, struct span input, size_t size, size_t seen)
{
	struct span piece = { input.data, size };

	/* What a former call left must not matter. */
	memset(&p->request, 0xaa, sizeof(p->request));
	p->request.host_size = 0;
	return http_request_parse(&p->request, guard_at_end(&p->guard, piece),
	    seen);
}

const struct http_request *
parsing_make_request(struct parsing *p, const char *head)
{
	struct span input = span_of(head), *value;
	char *end = p->guard.data + p->guard.room;

	assert_int_equal(parsing_parse(p, input, input.size, 0), HTTP_OK);
	value = &p->request.fields[p->request.field_count - 1].value;
	value->data = memmove(end - value->size, value->data, value->size);
	return &p->request;
}

size_t
parsing_check_pieces(struct parsing *p, struct span input, size_t first,
    size_t step)
{
	enum http_parse result;
	size_t seen = 0, size = first;

	for (;;) {
		result = parsing_parse(p, input, size, seen);
		if (result != HTTP_MORE || size == input.size)
			break;
		seen = size;
		size = input.size - size < step ? input.size : size + step;
	}
	parsing_describe_all(p->text, result, &p->request);
	assert_string_equal(p->text, p->whole);
	return size;
}

static void
parsing_check_row(struct parsing *p, const struct parsing_row *row)
{
	struct span input = row->input;
	size_t earliest = input.size;
	enum http_parse result = parsing_parse(p, input, input.size, 0);

	parsing_describe(p->text, result, &p->request);
	if (strcmp(p->text, row->verdict) != 0)
		fail_msg("%s: %s, not %s", row->name, p->text, row->verdict);
	parsing_describe_all(p->whole, result, &p->request);
	for (size_t first = 0; first <= input.size; first++) {
		size_t taken = parsing_check_pieces(p, input, first,
		    input.size);

		if (taken < earliest)
			earliest = taken;
		parsing_check_pieces(p, input, first, 1);
	}
	/* The verdict comes with the byte that decides. */
	assert_int_equal(parsing_check_pieces(p, input, 0, 1), earliest);
}

void
parsing_check_rows(struct parsing *p, const struct parsing_row *rows,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		parsing_check_row(p, &rows[i]);
}

int
parsing_open(void **state)
{
	struct parsing *p = malloc(sizeof(*p));

	assert_non_null(p);
	guard_open(&p->guard, PARSING_TEXT_MAX);
	*state = p;
	return 0;
}

int
parsing_close(void **state)
{
	struct parsing *p = *state;

	guard_close(&p->guard);
	free(p);
	return 0;
}
