/* Tells of bodies as httpbin does; any thread. */
#include "config.h"

#include "app/httpbin_body.h"

#include <stdlib.h>

#include "app/httpbin_json.h"
#include "http/fields.h"

#include <nettle/base64.h>

/* Fields and files of one form: of those behind, nothing is told. */
#define HTTPBIN_PARTS_MAX 256

/* What a form has. */
struct httpbin_form {
	struct httpbin_query fields, files;
	struct httpbin_pair pairs[2][HTTPBIN_PARTS_MAX];
};

/* Returns the place of `wanted` in `text`; or NULL. */
static const char *
httpbin_body_find(struct span text, struct span wanted)
{
	return text.size > 0
		   ? memmem(text.data, text.size, wanted.data, wanted.size)
		   : NULL;
}

/* Whether `text` begins with `start`. */
static bool
httpbin_body_begins(struct span text, struct span start)
{
	return text.size >= start.size &&
	       memcmp(text.data, start.data, start.size) == 0;
}

/* Takes a parameter off `text`: what is in front of the first `;` that is in no quoted
 * string (RFC 9110 5.6.4), or all of it. */
static struct span
httpbin_body_take_parameter(struct span *text)
{
	struct span taken = { text->data, 0 };
	bool quoted = false;

	for (; taken.size < text->size; taken.size++) {
		char c = text->data[taken.size];

		if (c == ';' && !quoted)
			break;
		if (c == '"')
			quoted = !quoted;
		if (c == '\\' && quoted && text->size - taken.size > 1)
			taken.size++;
	}
	span_skip(text, taken.size);
	return http_trim(taken);
}

/* Returns the value of a parameter, `; name=value` or `; name="value"`; its data is
 * NULL where there is none. */
static struct span
httpbin_body_parameter(struct span value, const char *name)
{
	struct span none = { NULL, 0 }, wanted = span_of(name);

	(void)span_take(&value, SPAN(";"));
	while (value.size > 0) {
		struct span one, key;

		span_skip(&value, 1);
		one = httpbin_body_take_parameter(&value);
		key = span_take(&one, SPAN("="));
		if (!span_equal_nocase(key, wanted) || one.size == 0)
			continue;
		span_skip(&one, 1);
		if (one.size > 1 && one.data[0] == '"' &&
		    one.data[one.size - 1] == '"') {
			one.data++;
			one.size -= 2;
		}
		return one;
	}
	return none;
}

/* Returns the Content-Disposition of a part's head. */
static struct span
httpbin_body_disposition(struct span head)
{
	while (head.size > 0) {
		struct span line = span_take(&head, SPAN("\n"));
		struct span name = span_take(&line, SPAN(":"));

		if (head.size > 0)
			span_skip(&head, 1);
		if (line.size > 0 &&
		    span_equal_nocase(name, SPAN("Content-Disposition"))) {
			span_skip(&line, 1);
			if (line.size > 0 && line.data[line.size - 1] == '\r')
				line.size--;
			return line;
		}
	}
	return SPAN("");
}

/* Adds a part of a form (RFC 7578 4): a field; or a file, where that has a name. */
static void
httpbin_body_add_part(struct httpbin_form *form, struct span part)
{
	const char *end = httpbin_body_find(part, SPAN("\r\n\r\n"));
	struct span disposition, name;
	struct httpbin_query *query;

	if (end == NULL)
		return;
	disposition = httpbin_body_disposition(
	    (struct span){ part.data, (size_t)(end - part.data) });
	name = httpbin_body_parameter(disposition, "name");
	query = httpbin_body_parameter(disposition, "filename").data != NULL
		    ? &form->files
		    : &form->fields;
	if (name.data == NULL || query->count == HTTPBIN_PARTS_MAX)
		return;
	span_skip(&part, (size_t)(end + 4 - part.data));
	query->pairs[query->count++] = (struct httpbin_pair){ name, part };
}

/* Whether a line that has begun with a delimiter ends as one does: with blanks or none,
 * and CRLF; or with the `--` of the last one. */
static bool
httpbin_body_ends_delimiter(struct span rest)
{
	if (httpbin_body_begins(rest, SPAN("--")))
		return true;
	while (rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t'))
		span_skip(&rest, 1);
	return httpbin_body_begins(rest, SPAN("\r\n"));
}

/* Takes a part off `body`, and the delimiter behind it but for its end. Returns false
 * where no delimiter comes. */
static bool
httpbin_body_take_part(struct span *body, struct span delimiter,
    struct span *part)
{
	struct span rest = *body;
	const char *next;

	while ((next = httpbin_body_find(rest, delimiter)) != NULL) {
		span_skip(&rest, (size_t)(next - rest.data) + delimiter.size);
		if (!httpbin_body_ends_delimiter(rest))
			continue;
		*part = (struct span){ body->data,
			(size_t)(next - body->data) };
		*body = rest;
		return true;
	}
	return false;
}

/* Takes the first delimiter off `body`, which may have no CRLF in front at the body's
 * very start, and what is in front of it, which is no part. Returns false where there
 * is none. */
static bool
httpbin_body_take_first(struct span *body, struct span delimiter)
{
	struct span start = delimiter, rest = *body;

	span_skip(&start, strlen("\r\n"));
	if (httpbin_body_begins(rest, start)) {
		span_skip(&rest, start.size);
		if (httpbin_body_ends_delimiter(rest)) {
			*body = rest;
			return true;
		}
	}
	return httpbin_body_take_part(body, delimiter, &rest);
}

/* Takes a form in parts apart (RFC 2046 5.1.1), up to the delimiter that ends it. */
static void
httpbin_body_read_parts(struct httpbin_form *form, struct span boundary,
    struct span body)
{
	struct text line = { 0 };
	struct span part;
	bool more;

	text_put(&line, "\r\n--");
	text_add(&line, boundary);
	more = !line.failed && httpbin_body_take_first(&body, text_span(&line));
	while (more && !httpbin_body_begins(body, SPAN("--"))) {
		more = httpbin_body_take_part(&body, text_span(&line), &part);
		if (more)
			httpbin_body_add_part(form, part);
	}
	text_fini(&line);
}

/* ---- the members ---- */

/* Writes a body as a data: URL, with the base64 of URLs (RFC 4648 5). */
static void
httpbin_body_write_url(struct span type, struct span body, struct text *text)
{
	size_t size = BASE64_ENCODE_RAW_LENGTH(body.size);
	char *coded = malloc(size);
	struct text url = { 0 };

	if (coded == NULL) {
		text->failed = true;
		return;
	}
	base64_encode_raw(coded, body.size, (const uint8_t *)body.data);
	for (size_t i = 0; i < size; i++) {
		if (coded[i] == '+')
			coded[i] = '-';
		if (coded[i] == '/')
			coded[i] = '_';
	}
	text_put(&url, "data:");
	text_add(&url, type);
	text_put(&url, ";base64,");
	text_add(&url, (struct span){ coded, size });
	httpbin_json_string(text, text_span(&url));
	text->failed |= url.failed;
	text_fini(&url);
	free(coded);
}

/* Writes `data`. */
static void
httpbin_body_write_data(struct span type, bool plain, struct span body,
    struct text *text)
{
	if (body.data == NULL)
		text_put(text, "null");
	else if (plain || body.size == 0)
		httpbin_json_string(text, body);
	else
		httpbin_body_write_url(type, body, text);
}

/* Writes `files` and `form`. */
static void
httpbin_body_write_form(struct span type, struct span boundary,
    struct span body, struct text *text)
{
	struct httpbin_form *form = calloc(1, sizeof(*form));
	struct httpbin_query fields = { NULL, 0 };

	if (form == NULL) {
		text->failed = true;
		return;
	}
	form->fields.pairs = form->pairs[0];
	form->files.pairs = form->pairs[1];
	if (span_equal_nocase(type, SPAN("multipart/form-data")) &&
	    boundary.size > 0)
		httpbin_body_read_parts(form, boundary, body);
	if (span_equal_nocase(type, SPAN("application/x-www-form-urlencoded")))
		text->failed |= !httpbin_query_parse(&fields, body);
	text_put(text, ",\n  \"files\": ");
	httpbin_json_lists(text, &form->files, false);
	text_put(text, ",\n  \"form\": ");
	httpbin_json_lists(text, fields.count > 0 ? &fields : &form->fields,
	    false);
	httpbin_query_fini(&fields);
	free(form);
}

void
httpbin_body_write(struct span type, struct span body, struct text *text)
{
	static const char *const plain[] = { "text/html", "text/plain",
		"application/x-www-form-urlencoded", "multipart/form-data",
		"application/json" };
	struct span boundary = httpbin_body_parameter(type, "boundary");
	struct span name = http_trim(span_take(&type, SPAN(";")));
	size_t size = 0;
	bool text_type = false;

	if (name.size == 0)
		name = SPAN("application/octet-stream");
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		text_type |= span_equal_nocase(name, span_of(plain[i]));
	text_put(text, ",\n  \"data\": ");
	httpbin_body_write_data(name, text_type, body, text);
	if (body.data == NULL)
		body = SPAN("");
	httpbin_body_write_form(name, boundary, body, text);
	if (span_equal_nocase(name, SPAN("application/json")))
		size = httpbin_json_read(body);
	text_put(text, ",\n  \"json\": ");
	if (size > 0 && size == body.size)
		text_add(text, body);
	else
		text_put(text, "null");
}
