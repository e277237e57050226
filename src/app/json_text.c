/* Writes JSON documents; the thread that begins each. */
#include "config.h"

#include "app/json_text.h"

#include <stdlib.h>

#include <nettle/base64.h>

#include "app/document.h"
#include "http/json.h"

/* Bytes of the first room: most documents are smaller. */
#define JSON_TEXT_ROOM ((size_t)1024)

/* The depth down to which each member and element has a line. */
#define JSON_TEXT_LINES 2

/* U+FFFD REPLACEMENT CHARACTER. */
#define JSON_TEXT_REPLACEMENT 0xfffd

/* ---- bytes ---- */

/* Gives up: what follows is written nowhere. */
static void
json_text_fail(struct json_text *text)
{
	free(text->document);
	text->document = NULL;
	text->room = 0;
}

/* Makes room for so many bytes more, and returns where they go; or NULL where memory
 * is short. */
static char *
json_text_reserve(struct json_text *text, size_t size)
{
	size_t needed, room = text->room;
	struct document *grown;

	if (text->document == NULL)
		return NULL;
	needed = text->document->size + size;
	while (room < needed)
		room *= 2;
	if (room > text->room) {
		grown = realloc(text->document, sizeof(*grown) + room);
		if (grown == NULL) {
			json_text_fail(text);
			return NULL;
		}
		text->document = grown;
		text->room = room;
	}
	return text->document->data + text->document->size;
}

/* Takes note that the text goes up to `end`, in the room that was reserved. */
static void
json_text_take(struct json_text *text, const char *end)
{
	text->document->size = (size_t)(end - text->document->data);
}

static void
json_text_put(struct json_text *text, struct span bytes)
{
	char *out = json_text_reserve(text, bytes.size);

	if (out != NULL)
		json_text_take(text, mempcpy(out, bytes.data, bytes.size));
}

/* ---- members and elements ---- */

/* Begins a line, where the depth has lines. */
static void
json_text_break(struct json_text *text)
{
	static const char blanks[2 * JSON_TEXT_LINES + 1] = "    ";

	if (text->depth > JSON_TEXT_LINES)
		return;
	json_text_put(text, SPAN("\n"));
	json_text_put(text, (struct span){ blanks, (size_t)2 * text->depth });
}

/* Writes all before a value. */
static void
json_text_name(struct json_text *text, const char *name)
{
	bool shares = text->depth > JSON_TEXT_LINES;

	if (!text->first)
		json_text_put(text, shares ? SPAN(", ") : SPAN(","));
	json_text_break(text);
	text->first = false;
	if (name == NULL)
		return;
	json_text_put(text, SPAN("\""));
	json_text_put(text, span_of(name));
	json_text_put(text, SPAN("\": "));
}

static void
json_text_open(struct json_text *text, const char *name, struct span mark)
{
	json_text_name(text, name);
	json_text_put(text, mark);
	text->depth++;
	text->first = true;
}

static void
json_text_close(struct json_text *text, struct span mark)
{
	bool lines = !text->first && text->depth <= JSON_TEXT_LINES;

	text->depth--;
	text->first = false;
	if (lines)
		json_text_break(text);
	json_text_put(text, mark);
}

void
json_text_open_object(struct json_text *text, const char *name)
{
	json_text_open(text, name, SPAN("{"));
}

void
json_text_open_array(struct json_text *text, const char *name)
{
	json_text_open(text, name, SPAN("["));
}

void
json_text_close_object(struct json_text *text)
{
	json_text_close(text, SPAN("}"));
}

void
json_text_close_array(struct json_text *text)
{
	json_text_close(text, SPAN("]"));
}

/* ---- strings ---- */

/* Takes the first character off a text, not empty; of a byte that is none of UTF-8,
 * returns U+FFFD. */
static uint32_t
json_text_take_utf8(struct span *value)
{
	uint32_t character;
	size_t size = json_decode(*value, &character);

	span_skip(value, size > 0 ? size : 1);
	return size > 0 ? character : JSON_TEXT_REPLACEMENT;
}

static uint32_t
json_text_take_octet(struct span *value)
{
	unsigned char octet = (unsigned char)value->data[0];

	span_skip(value, 1);
	return octet;
}

/* Writes a string of what `take` takes off the value, character by character. */
static void
json_text_quote(struct json_text *text, const char *name, struct span value,
    uint32_t (*take)(struct span *value))
{
	json_text_name(text, name);
	if (value.data == NULL) {
		json_text_put(text, SPAN("null"));
		return;
	}
	json_text_put(text, SPAN("\""));
	while (value.size > 0) {
		char *out = json_text_reserve(text, JSON_CHARACTER_MAX);

		if (out == NULL)
			return;
		json_text_take(text, json_put_character(out, take(&value)));
	}
	json_text_put(text, SPAN("\""));
}

void
json_text_put_string(struct json_text *text, const char *name,
    struct span value)
{
	json_text_quote(text, name, value, json_text_take_utf8);
}

void
json_text_put_octets(struct json_text *text, const char *name,
    struct span value)
{
	json_text_quote(text, name, value, json_text_take_octet);
}

/* ---- other values ---- */

void
json_text_put_base64(struct json_text *text, const char *name,
    struct span value)
{
	size_t size = BASE64_ENCODE_RAW_LENGTH(value.size);
	char *out;

	json_text_name(text, name);
	json_text_put(text, SPAN("\""));
	out = json_text_reserve(text, size);
	if (out == NULL)
		return;
	base64_encode_raw(out, value.size, (const uint8_t *)value.data);
	json_text_take(text, out + size);
	json_text_put(text, SPAN("\""));
}

void
json_text_put_number(struct json_text *text, const char *name, uint64_t number)
{
	char digits[JSON_DIGITS_MAX];
	const char *end = json_put_digits(digits, number, 1);

	json_text_name(text, name);
	json_text_put(text, (struct span){ digits, (size_t)(end - digits) });
}

void
json_text_put_time(struct json_text *text, const char *name, int64_t wall)
{
	char time[JSON_TIME_MAX];
	const char *end = json_put_time(time, wall);

	json_text_put_string(text, name,
	    (struct span){ time, (size_t)(end - time) });
}

/* ---- the whole document ---- */

void
json_text_begin(struct json_text *text)
{
	*text = (struct json_text){
		.document = malloc(sizeof(*text->document) + JSON_TEXT_ROOM),
		.room = JSON_TEXT_ROOM,
	};
	if (text->document != NULL)
		*text->document = (struct document){ "application/json", 0 };
	json_text_put(text, SPAN("{"));
	text->depth = 1;
	text->first = true;
}

struct document *
json_text_end(struct json_text *text)
{
	json_text_close(text, SPAN("}\n"));
	return text->document;
}
