/*
 * parser: the lines of a request head (RFC 9112 2 to 5). Strictly from left to
 * right: whether a byte is a fault depends on nothing after it, so that a head
 * in pieces is judged like the whole. Its state is the request's; any thread.
 */
#include "config.h"

#include "http/parser.h"

#include <assert.h>
#include <endian.h>

#include "http/chars.h"
#include "http/framing.h"
#include "http/origin.h"

/* Empty lines skipped before a request line (RFC 9112 2.2). */
#define PARSER_EMPTY_LINES 4

/* What is left of the head. */
struct parser_cursor {
	const char *p;
	const char *end;
};

static const struct span parser_methods[HTTP_METHOD_UNKNOWN] = {
	[HTTP_GET] = { "GET", 3 },
	[HTTP_HEAD] = { "HEAD", 4 },
	[HTTP_OPTIONS] = { "OPTIONS", 7 },
	[HTTP_POST] = { "POST", 4 },
	[HTTP_PUT] = { "PUT", 3 },
	[HTTP_DELETE] = { "DELETE", 6 },
	[HTTP_PATCH] = { "PATCH", 5 },
	[HTTP_TRACE] = { "TRACE", 5 },
	[HTTP_CONNECT] = { "CONNECT", 7 },
};

static const struct span parser_names[HTTP_FIELD_OTHER] = {
#define PARSER_NAME(id, name) [HTTP_FIELD_##id] = { name, sizeof(name) - 1 },
	HTTP_FIELD_TABLE(PARSER_NAME)
#undef PARSER_NAME
};

/*
 * The one or two known names of each length. What is left out is 0, the id of
 * a name whose length does not fit.
 */
static const unsigned char parser_names_by_size[][2] = {
	[4] = { HTTP_FIELD_HOST },
	[5] = { HTTP_FIELD_RANGE },
	[6] = { HTTP_FIELD_ACCEPT, HTTP_FIELD_EXPECT },
	[7] = { HTTP_FIELD_REFERER },
	[8] = { HTTP_FIELD_IF_MATCH, HTTP_FIELD_IF_RANGE },
	[10] = { HTTP_FIELD_CONNECTION, HTTP_FIELD_USER_AGENT },
	[13] = { HTTP_FIELD_IF_NONE_MATCH },
	[14] = { HTTP_FIELD_CONTENT_LENGTH },
	[15] = { HTTP_FIELD_ACCEPT_ENCODING },
	[17] = { HTTP_FIELD_IF_MODIFIED_SINCE, HTTP_FIELD_TRANSFER_ENCODING },
	[19] = { HTTP_FIELD_IF_UNMODIFIED_SINCE },
};

#define PARSER_NAME_SIZES \
 (sizeof(parser_names_by_size) / sizeof(parser_names_by_size[0]))

/*
 * The highest bit of each control character (HTAB included) in the eight bytes
 * at `p`, the first byte's lowest. Only the lowest bit set is to be trusted: a
 * borrow may set more above it.
 */
static inline uint64_t
parser_find_controls(const char *p)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t bytes, below_space, delete;

	memcpy(&bytes, p, sizeof(bytes));
	bytes = le64toh(bytes);
	below_space = bytes - ones * ' ';
	delete = (bytes ^ ones * 0x7f) - ones;
	return (below_space | delete) & ~bytes & ones * 0x80;
}

/* Finds the end of a field value, eight bytes at a time: values are most of a
 * head. */
static const char *
parser_skip_value(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t controls = parser_find_controls(p);

		if (controls == 0) {
			p += 8;
			continue;
		}
		p += __builtin_ctzll(controls) / 8;
		if (*p != '\t')
			return p;
		p++;
	}
	return http_skip_chars(p, end, HTTP_CHAR_VALUE);
}

/* Reads a line's end, which is CRLF and nothing else (RFC 9112 2.2). */
static enum http_parse
parser_read_crlf(struct http_request *request, struct parser_cursor *c)
{
	if (c->p == c->end)
		return HTTP_MORE;
	if (*c->p != '\r')
		return http_request_refuse(request, 400,
		    "a control character or a bare LF");
	if (c->p + 1 == c->end)
		return HTTP_MORE;
	if (c->p[1] != '\n')
		return http_request_refuse(request, 400, "a bare CR");
	c->p += 2;
	return HTTP_OK;
}

static enum http_parse
parser_skip_empty_lines(struct http_request *request, struct parser_cursor *c)
{
	enum http_parse result = HTTP_OK;

	for (int i = 0; i < PARSER_EMPTY_LINES && result == HTTP_OK; i++) {
		if (c->p < c->end && *c->p != '\r')
			break;
		result = parser_read_crlf(request, c);
	}
	return result;
}

static enum http_method
parser_find_method(struct span name)
{
	int method = 0;

	while (method < HTTP_METHOD_UNKNOWN &&
	       !span_equal(parser_methods[method], name))
		method++;
	return (enum http_method)method;
}

/* Reads the method; one that is longer than any known is a 501 (RFC 9112 3). */
static enum http_parse
parser_read_method(struct http_request *request, struct parser_cursor *c)
{
	static const struct span usual = { "GET ", 4 };
	const char *end;
	struct span name;

	if (c->end - c->p >= (ptrdiff_t)usual.size &&
	    memcmp(c->p, usual.data, usual.size) == 0) {
		request->method_name = (struct span){ c->p, usual.size - 1 };
		request->method = HTTP_GET;
		c->p += usual.size;
		return HTTP_OK;
	}
	end = http_skip_chars(c->p, c->end, HTTP_CHAR_TOKEN);
	name = (struct span){ c->p, (size_t)(end - c->p) };
	if (name.size > HTTP_METHOD_MAX)
		return http_request_refuse(request, 501, "method too long");
	if (end == c->end)
		return HTTP_MORE;
	if (name.size == 0 || *end != ' ')
		return http_request_refuse(request, 400, "malformed method");
	request->method_name = name;
	request->method = parser_find_method(name);
	c->p = end + 1;
	return HTTP_OK;
}

static enum http_parse
parser_read_target(struct http_request *request, struct parser_cursor *c)
{
	const char *end = http_skip_chars(c->p, c->end, HTTP_CHAR_TARGET);
	struct span target = { c->p, (size_t)(end - c->p) };

	if (target.size > HTTP_TARGET_MAX)
		return http_request_refuse(request, 414, "target too long");
	if (end == c->end)
		return HTTP_MORE;
	if (target.size == 0 || *end != ' ')
		return http_request_refuse(request, 400, "malformed target");
	request->target = target;
	c->p = end + 1;
	return HTTP_OK;
}

/*
 * Whether what is there of the version has the form of RFC 9112 2.3 and ends
 * its line; a '0' here stands for any digit.
 */
static bool
parser_is_version(const char *p, const char *end)
{
	static const char form[] = "HTTP/0.0\r\n";

	for (const char *f = form; p < end && *f != '\0'; f++, p++) {
		if (*f == '0' ? !http_char_is(*p, HTTP_CHAR_DIGIT) : *p != *f)
			return false;
	}
	return true;
}

/* Reads the version, and the end of the request line. */
static enum http_parse
parser_read_version(struct http_request *request, struct parser_cursor *c)
{
	static const char usual[] = "HTTP/1.1\r\n";
	const size_t size = sizeof(usual) - 1;
	bool whole = c->end - c->p >= (ptrdiff_t)size;

	if (whole)
		request->version = (struct span){ c->p, size - 2 };
	if (whole && memcmp(c->p, usual, size) == 0) {
		request->minor = 1;
		c->p += size;
		return HTTP_OK;
	}
	if (!parser_is_version(c->p, c->end)) {
		request->version = (struct span){ NULL, 0 };
		return http_request_refuse(request, 400, "malformed version");
	}
	if (!whole)
		return HTTP_MORE;
	if (c->p[5] != '1')
		return http_request_refuse(request, 505,
		    "only HTTP/1 is spoken here");
	request->minor = (unsigned)(c->p[7] - '0');
	c->p += size;
	return HTTP_OK;
}

/* Says whether a token is the name of this field, in any case: to set bit 5
 * makes a letter lower case, and no other octet of a token a letter. */
static bool
parser_name_is(struct span name, enum http_field_id id)
{
	struct span known = parser_names[id];

	if (name.size != known.size)
		return false;
	for (size_t i = 0; i < name.size; i++)
		if ((name.data[i] | 0x20) != known.data[i])
			return false;
	return true;
}

static enum http_field_id
parser_identify(struct span name)
{
	const unsigned char *ids;

	if (name.size >= PARSER_NAME_SIZES)
		return HTTP_FIELD_OTHER;
	ids = parser_names_by_size[name.size];
	if (parser_name_is(name, ids[0]))
		return ids[0];
	if (parser_name_is(name, ids[1]))
		return ids[1];
	return HTTP_FIELD_OTHER;
}

/* Reads `name:`, with nothing before either of them (RFC 9112 5.1, 5.2). */
static enum http_parse
parser_read_name(struct http_request *request, struct parser_cursor *c,
    struct http_field *field)
{
	const char *end = http_skip_chars(c->p, c->end, HTTP_CHAR_TOKEN);

	field->name = (struct span){ c->p, (size_t)(end - c->p) };
	if (end == c->end)
		return HTTP_MORE;
	if (http_char_is_space(*end))
		return http_request_refuse(request, 400,
		    end == c->p ? "a line starts with white space"
				: "white space in a field name");
	if (*end != ':' || end == c->p)
		return http_request_refuse(request, 400,
		    "malformed field name");
	field->id = parser_identify(field->name);
	c->p = end + 1;
	return HTTP_OK;
}

/* Reads the value and its line's end (RFC 9112 5, RFC 9110 5.5). */
static enum http_parse
parser_read_value(struct http_request *request, struct parser_cursor *c,
    struct http_field *field)
{
	const char *start = http_skip_spaces(c->p, c->end);
	const char *end = parser_skip_value(start, c->end);

	c->p = end;
	while (end > start && http_char_is_space(end[-1]))
		end--;
	field->value = (struct span){ start, (size_t)(end - start) };
	return parser_read_crlf(request, c);
}

/* Reads all field lines, and the empty line behind them. */
static enum http_parse
parser_read_fields(struct http_request *request, struct parser_cursor *c)
{
	while (c->p < c->end && *c->p != '\r') {
		struct http_field *field;
		enum http_parse result;

		if (request->field_count == HTTP_FIELDS_MAX)
			return http_request_refuse(request, 431,
			    "too many fields");
		field = &request->fields[request->field_count];
		result = parser_read_name(request, c, field);
		if (result == HTTP_OK)
			result = parser_read_value(request, c, field);
		if (result != HTTP_OK)
			return result;
		request->field_count++;
		request->repeated |= request->present &
				     HTTP_FIELD_BIT(field->id);
		request->present |= HTTP_FIELD_BIT(field->id);
	}
	return parser_read_crlf(request, c);
}

static enum http_parse
parser_read_lines(struct http_request *request, struct parser_cursor *c)
{
	enum http_parse result = parser_skip_empty_lines(request, c);

	if (result == HTTP_OK)
		result = parser_read_method(request, c);
	if (result == HTTP_OK)
		result = parser_read_target(request, c);
	if (result == HTTP_OK)
		result = parser_read_version(request, c);
	if (result == HTTP_OK)
		result = parser_read_fields(request, c);
	return result;
}

/*
 * What may follow at `now`, in the middle of the line that starts at `line`,
 * without a change of what is being read; 0 where the whole must be read anew
 * to know. Methods and versions are short enough for that.
 */
static unsigned
parser_class_within(const char *line, const char *now, bool first)
{
	size_t size = (size_t)(now - line);
	const char *space;

	if (!first)
		return memchr(line, ':', size) == NULL ? HTTP_CHAR_TOKEN
						       : HTTP_CHAR_VALUE;
	space = memchr(line, ' ', size);
	if (space == NULL ||
	    memchr(space + 1, ' ', (size_t)(now - space - 1)) != NULL)
		return 0;
	return HTTP_CHAR_TARGET;
}

/*
 * Whether the bytes since `seen` only prolong a method's target, a field's
 * name or its value: then nothing is new, and the head is not read again.
 */
static bool
parser_is_prolonged(struct span input, size_t seen)
{
	const char *now = input.data + seen, *end = input.data + input.size;
	const char *line;
	bool first;

	if (seen == 0 || input.size == HTTP_HEAD_MAX || now[-1] == '\r' ||
	    now[-1] == '\n')
		return false;
	line = memrchr(input.data, '\n', seen);
	line = line == NULL ? input.data : line + 1;
	/* No request line is as short as the empty ones before it. */
	first = (line - input.data) / 2 <= PARSER_EMPTY_LINES;
	if (first && input.size > HTTP_TARGET_MAX)
		return false;
	return http_skip_chars(now, end,
		   parser_class_within(line, now, first)) == end;
}

enum http_parse
http_request_parse(struct http_request *request, struct span input, size_t seen)
{
	struct parser_cursor c = { input.data, input.data };
	enum http_parse result;

	assert(seen <= input.size);
	memset(request, 0, offsetof(struct http_request, host_size));
	request->method = HTTP_METHOD_UNKNOWN;
	if (input.size > HTTP_HEAD_MAX)
		input.size = HTTP_HEAD_MAX;
	if (parser_is_prolonged(input, seen))
		return HTTP_MORE;
	c.end += input.size;
	result = parser_read_lines(request, &c);
	if (result == HTTP_MORE && input.size == HTTP_HEAD_MAX)
		return http_request_refuse(request, 431, "head too long");
	if (result != HTTP_OK)
		return result;
	request->head_size = (size_t)(c.p - input.data);
	if (http_origin_decide(request) != HTTP_OK)
		return HTTP_BAD;
	return http_framing_decide(request);
}
