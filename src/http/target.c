/*
 * target: percent-decoding and dot segments, in one pass over the path; and the
 * way back. Holds no state; any thread.
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
static enum http_target
target_put(struct target_text *text, char c)
{
	if (text->size + 1 >= text->room)
		return HTTP_TARGET_TOO_LONG;
	text->data[text->size++] = c;
	return HTTP_TARGET_OK;
}

/*
 * Takes the octet at *p, decoded, and moves *p behind it. Returns 0 where it is
 * a NUL, or a '%' without two hex digits.
 */
static inline int
target_take_octet(const char **p, const char *end)
{
	int c = (unsigned char)*(*p)++;
	int high, low;

	if (c != '%')
		return c;
	if (end - *p < 2)
		return 0;
	high = http_hex_value((*p)[0]);
	low = http_hex_value((*p)[1]);
	if (high < 0 || low < 0)
		return 0;
	*p += 2;
	return high << 4 | low;
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

/*
 * Ends the segment that begins at *start, with a slash where anything is left
 * of it. *start is where the next one begins.
 */
static enum http_target
target_end_segment(struct target_text *text, size_t *start)
{
	enum http_target outcome;

	if (text->size == *start)
		return HTTP_TARGET_OK;
	outcome = target_resolve_segment(text, *start);
	if (outcome == HTTP_TARGET_OK && text->size > *start)
		outcome = target_put(text, '/');
	*start = text->size;
	return outcome;
}

enum http_target
http_target_decode(struct span path, char *text, size_t room, size_t *size)
{
	struct target_text result = { text, 0, room };
	const char *p = path.data + 1, *end = path.data + path.size;
	enum http_target outcome = HTTP_TARGET_OK;
	size_t start = 0; /* of the segment */

	assert(room > 0 && path.size > 0 && path.data[0] == '/');
	while (p < end) {
		int c = target_take_octet(&p, end);

		if (c == 0)
			return HTTP_TARGET_MALFORMED;
		outcome = c == '/' ? target_end_segment(&result, &start)
				   : target_put(&result, (char)c);
		if (outcome != HTTP_TARGET_OK)
			return outcome;
	}
	if (result.size > start)
		outcome = target_resolve_segment(&result, start);
	text[result.size] = '\0';
	*size = result.size;
	return outcome;
}

size_t
http_target_encode(struct span path, char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = text;

	for (size_t i = 0; i < path.size; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c == '/' || http_char_is((char)c, HTTP_CHAR_NAME)) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	return (size_t)(out - text);
}
