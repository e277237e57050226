/*
 * target: percent-decoding and dot segments, in one pass over the path. Holds
 * no state; any thread.
 */
#include "config.h"

#include "http/target.h"

#include <assert.h>

#include "http/chars.h"

/* The path so far: empty, or ending in '/' wherever a segment begins. */
struct target_text {
	char *data;
	size_t size;
	size_t room;
};

/* Appends a byte, where it and the final NUL fit. */
static bool
target_put(struct target_text *text, char c)
{
	if (text->size + 1 >= text->room)
		return false;
	text->data[text->size++] = c;
	return true;
}

/* The octet of two hex digits; -1 where they are none, or stand for '/'. */
static int
target_decode_octet(const char *p, const char *end)
{
	int high, low, octet;

	if (end - p < 2)
		return -1;
	high = http_hex_value(p[0]);
	low = http_hex_value(p[1]);
	if (high < 0 || low < 0)
		return -1;
	octet = high << 4 | low;
	return octet == '/' ? -1 : octet;
}

/* Appends the segment at *p, decoded, and moves *p to its end. */
static enum http_target
target_decode_segment(const char **p, const char *end, struct target_text *text)
{
	while (*p < end && **p != '/') {
		int c = (unsigned char)*(*p)++;

		if (c == '%') {
			c = target_decode_octet(*p, end);
			*p += c > 0 ? 2 : 0;
		}
		if (c <= 0)
			return HTTP_TARGET_MALFORMED;
		if (!target_put(text, (char)c))
			return HTTP_TARGET_TOO_LONG;
	}
	return HTTP_TARGET_OK;
}

/*
 * Resolves the segment that begins at `start`: `.` is dropped, `..` takes the
 * one before it along.
 */
static enum http_target
target_resolve_segment(struct target_text *text, size_t start)
{
	struct span segment = { text->data + start, text->size - start };

	if (span_equal(segment, SPAN("."))) {
		text->size = start;
	} else if (span_equal(segment, SPAN(".."))) {
		if (start == 0)
			return HTTP_TARGET_ABOVE;
		do
			start--;
		while (start > 0 && text->data[start - 1] != '/');
		text->size = start;
	}
	return HTTP_TARGET_OK;
}

enum http_target
http_target_decode(struct span path, char *text, size_t room, size_t *size)
{
	struct target_text result = { text, 0, room };
	const char *p = path.data, *end = path.data + path.size;

	assert(room > 0);
	while (p < end) {
		size_t start = result.size;
		enum http_target outcome;

		if (*p == '/') {
			p++;
			continue;
		}
		outcome = target_decode_segment(&p, end, &result);
		if (outcome == HTTP_TARGET_OK)
			outcome = target_resolve_segment(&result, start);
		if (outcome != HTTP_TARGET_OK)
			return outcome;
		if (p < end && result.size > start && !target_put(&result, '/'))
			return HTTP_TARGET_TOO_LONG;
	}
	text[result.size] = '\0';
	*size = result.size;
	return HTTP_TARGET_OK;
}
