/*
 * body: reads a request body, by length or by the grammar of RFC 9112 7.1: a
 * function per state, each taking one byte; only content goes in bulk. Holds
 * no state but the caller's; any thread.
 */
#include "config.h"

#include "http/body.h"

#include "http/chars.h"

/* Digits of a chunk size, leading zeros included: enough for 2^63-1. */
#define BODY_SIZE_DIGITS 16

enum body_step {
	BODY_LENGTH,     /* content, delimited by Content-Length */
	BODY_SIZE,       /* digits of a chunk's size */
	BODY_SIZE_SPACE, /* white space after them; an extension follows */
	BODY_EXTENSION,  /* the rest of the line, ignored */
	BODY_SIZE_LF,    /* its LF */
	BODY_DATA,       /* content of the chunk */
	BODY_DATA_CR,    /* the CRLF after it */
	BODY_DATA_LF,
	BODY_TRAILER,       /* the start of a trailer, or the last CRLF */
	BODY_TRAILER_NAME,  /* the rest of its name */
	BODY_TRAILER_VALUE, /* up to its CR */
	BODY_TRAILER_LF,
	BODY_LAST_LF, /* the very end */
};

static enum http_parse
body_refuse(struct http_body *body, uint16_t status, const char *fault)
{
	body->status = status;
	body->fault = fault;
	return HTTP_BAD;
}

static enum http_parse
body_go(struct http_body *body, enum body_step step)
{
	body->step = (uint8_t)step;
	return HTTP_MORE;
}

enum http_parse
http_body_begin(struct http_body *body, const struct http_request *request,
    uint64_t limit)
{
	*body = (struct http_body){ .room = limit };
	switch (request->framing) {
	case HTTP_FRAMING_NONE:
		break;
	case HTTP_FRAMING_CHUNKED:
		return body_go(body, BODY_SIZE);
	case HTTP_FRAMING_LENGTH:
		if (request->content_length > limit)
			return body_refuse(body, 413, "content too large");
		body->left = request->content_length;
		if (body->left > 0)
			return body_go(body, BODY_LENGTH);
		break;
	}
	return HTTP_OK;
}

/* Extensions and trailers are ignored, but not without end (7.1.1, 7.1.2). */
static enum http_parse
body_take_overhead(struct http_body *body, enum body_step step)
{
	if (++body->overhead > HTTP_HEAD_MAX)
		return body_refuse(body, 413,
		    "chunk extensions and trailers too large");
	return body_go(body, step);
}

static enum http_parse
body_take_digit(struct http_body *body, unsigned digit)
{
	if (body->digits == BODY_SIZE_DIGITS || body->left > INT64_MAX >> 4)
		return body_refuse(body, 400, "chunk size too large");
	body->digits++;
	body->left = body->left << 4 | digit;
	return HTTP_MORE;
}

static enum http_parse
body_on_size(struct http_body *body, char c)
{
	int digit = http_hex_value(c);

	if (digit >= 0)
		return body_take_digit(body, (unsigned)digit);
	if (body->digits > 0 && c == '\r')
		return body_go(body, BODY_SIZE_LF);
	if (body->digits > 0 && c == ';')
		return body_take_overhead(body, BODY_EXTENSION);
	if (body->digits > 0 && http_char_is_space(c))
		return body_take_overhead(body, BODY_SIZE_SPACE);
	return body_refuse(body, 400, "malformed chunk size");
}

static enum http_parse
body_on_size_space(struct http_body *body, char c)
{
	if (c == ';')
		return body_take_overhead(body, BODY_EXTENSION);
	if (http_char_is_space(c))
		return body_take_overhead(body, BODY_SIZE_SPACE);
	return body_refuse(body, 400, "white space after a chunk size");
}

/* A CR ends it in any case: no quoted string may hold one. */
static enum http_parse
body_on_extension(struct http_body *body, char c)
{
	if (c == '\r')
		return body_go(body, BODY_SIZE_LF);
	if (http_char_is(c, HTTP_CHAR_VALUE))
		return body_take_overhead(body, BODY_EXTENSION);
	return body_refuse(body, 400, "malformed chunk extension");
}

static enum http_parse
body_on_size_lf(struct http_body *body, char c)
{
	if (c != '\n')
		return body_refuse(body, 400, "no CRLF after a chunk size");
	if (body->left > body->room)
		return body_refuse(body, 413, "content too large");
	body->room -= body->left;
	body->digits = 0;
	return body_go(body, body->left == 0 ? BODY_TRAILER : BODY_DATA);
}

static enum http_parse
body_on_data_cr(struct http_body *body, char c)
{
	if (c != '\r')
		return body_refuse(body, 400, "no CRLF after a chunk");
	return body_go(body, BODY_DATA_LF);
}

static enum http_parse
body_on_data_lf(struct http_body *body, char c)
{
	if (c != '\n')
		return body_refuse(body, 400, "no CRLF after a chunk");
	return body_go(body, BODY_SIZE);
}

static enum http_parse
body_on_trailer(struct http_body *body, char c)
{
	if (c == '\r')
		return body_go(body, BODY_LAST_LF);
	if (http_char_is(c, HTTP_CHAR_TOKEN))
		return body_take_overhead(body, BODY_TRAILER_NAME);
	return body_refuse(body, 400, "malformed trailer name");
}

static enum http_parse
body_on_trailer_name(struct http_body *body, char c)
{
	if (c == ':')
		return body_take_overhead(body, BODY_TRAILER_VALUE);
	if (http_char_is(c, HTTP_CHAR_TOKEN))
		return body_take_overhead(body, BODY_TRAILER_NAME);
	return body_refuse(body, 400, "malformed trailer name");
}

static enum http_parse
body_on_trailer_value(struct http_body *body, char c)
{
	if (c == '\r')
		return body_go(body, BODY_TRAILER_LF);
	if (http_char_is(c, HTTP_CHAR_VALUE))
		return body_take_overhead(body, BODY_TRAILER_VALUE);
	return body_refuse(body, 400, "malformed trailer value");
}

static enum http_parse
body_on_trailer_lf(struct http_body *body, char c)
{
	if (c != '\n')
		return body_refuse(body, 400, "no CRLF after a trailer");
	return body_take_overhead(body, BODY_TRAILER);
}

static enum http_parse
body_on_last_lf(struct http_body *body, char c)
{
	if (c != '\n')
		return body_refuse(body, 400, "no CRLF after the trailers");
	return HTTP_OK;
}

static enum http_parse (*const body_steps[])(struct http_body *, char) = {
	[BODY_SIZE] = body_on_size,
	[BODY_SIZE_SPACE] = body_on_size_space,
	[BODY_EXTENSION] = body_on_extension,
	[BODY_SIZE_LF] = body_on_size_lf,
	[BODY_DATA_CR] = body_on_data_cr,
	[BODY_DATA_LF] = body_on_data_lf,
	[BODY_TRAILER] = body_on_trailer,
	[BODY_TRAILER_NAME] = body_on_trailer_name,
	[BODY_TRAILER_VALUE] = body_on_trailer_value,
	[BODY_TRAILER_LF] = body_on_trailer_lf,
	[BODY_LAST_LF] = body_on_last_lf,
};

/* Takes as much content as there is at the start of the input, at once. */
static enum http_parse
body_take_content(struct http_body *body, struct span input,
    struct span *content)
{
	content->data = input.data;
	content->size = input.size < body->left ? input.size : body->left;
	body->left -= content->size;
	if (body->left > 0)
		return HTTP_MORE;
	if (body->step == BODY_LENGTH)
		return HTTP_OK;
	return body_go(body, BODY_DATA_CR);
}

enum http_parse
http_body_next(struct http_body *body, struct span input, size_t *used,
    struct span *content)
{
	enum http_parse result = HTTP_MORE;
	size_t size = input.size;

	*content = SPAN("");
	while (result == HTTP_MORE && input.size > 0) {
		if (body->step == BODY_LENGTH || body->step == BODY_DATA) {
			result = body_take_content(body, input, content);
			span_skip(&input, content->size);
			break;
		}
		result = body_steps[body->step](body, input.data[0]);
		span_skip(&input, 1);
	}
	*used = size - input.size;
	return result;
}
