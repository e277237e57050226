/* Writes the JSON of httpbin's paths; any thread. */
#include "config.h"

#include "app/httpbin_json.h"

#include "http/chars.h"
#include "http/json.h"

/* U+FFFD REPLACEMENT CHARACTER. */
#define HTTPBIN_REPLACEMENT 0xfffd

void
httpbin_json_string(struct text *text, struct span value)
{
	text_put(text, "\"");
	while (value.size > 0) {
		char escaped[JSON_CHARACTER_MAX];
		uint32_t character = HTTPBIN_REPLACEMENT;
		size_t size = json_decode(value, &character);
		const char *end = json_put_character(escaped,
		    size > 0 ? character : HTTPBIN_REPLACEMENT);

		text_add(text,
		    (struct span){ escaped, (size_t)(end - escaped) });
		span_skip(&value, size > 0 ? size : 1);
	}
	text_put(text, "\"");
}

/* Writes a string, escaped for HTML where that is wanted. */
static void
httpbin_json_quote(struct text *text, struct span value, bool html)
{
	struct text escaped = { 0 };

	if (!html) {
		httpbin_json_string(text, value);
		return;
	}
	httpbin_html_escape(&escaped, value);
	httpbin_json_string(text, text_span(&escaped));
	text->failed |= escaped.failed;
	text_fini(&escaped);
}

void
httpbin_json_lists(struct text *text, struct httpbin_query *query, bool html)
{
	struct httpbin_pair *pairs = query->pairs;

	httpbin_pairs_sort(pairs, query->count);
	text_put(text, "{");
	for (unsigned i = 0; i < query->count; i++) {
		if (i > 0 && span_equal(pairs[i].name, pairs[i - 1].name)) {
			text_put(text, ", ");
		} else {
			text_put(text, i > 0 ? "], " : "");
			httpbin_json_quote(text, pairs[i].name, html);
			text_put(text, ": [");
		}
		httpbin_json_quote(text, pairs[i].value, html);
	}
	text_put(text, query->count > 0 ? "]}" : "}");
}

void
httpbin_json_strings(struct text *text, struct httpbin_query *query)
{
	struct httpbin_pair *pairs = query->pairs;
	bool first = true;

	httpbin_pairs_sort(pairs, query->count);
	text_put(text, "{");
	for (unsigned i = 0; i < query->count; i++) {
		if (i + 1 < query->count &&
		    span_equal(pairs[i].name, pairs[i + 1].name))
			continue;
		text_put(text, first ? "" : ", ");
		first = false;
		httpbin_json_string(text, pairs[i].name);
		text_put(text, ": ");
		httpbin_json_string(text, pairs[i].value);
	}
	text_put(text, "}");
}

/* ---- reading ---- */

/* Whether the text goes on with a byte, which is taken. */
static bool
httpbin_json_takes(struct span *text, char c)
{
	if (text->size == 0 || text->data[0] != c)
		return false;
	span_skip(text, 1);
	return true;
}

static void
httpbin_json_skip_blanks(struct span *text)
{
	while (text->size > 0 && text->data[0] != '\0' &&
	       strchr(" \t\r\n", text->data[0]) != NULL)
		span_skip(text, 1);
}

/* Takes `\` and what is escaped by it off a string. */
static bool
httpbin_json_take_escape(struct span *text)
{
	span_skip(text, 1);
	if (text->size == 0 || text->data[0] == '\0' ||
	    strchr("\"\\/bfnrtu", text->data[0]) == NULL)
		return false;
	if (text->data[0] != 'u') {
		span_skip(text, 1);
		return true;
	}
	if (text->size < 5)
		return false;
	for (int i = 1; i < 5; i++)
		if (http_hex_value(text->data[i]) == -1)
			return false;
	span_skip(text, 5);
	return true;
}

static bool
httpbin_json_take_string(struct span *text)
{
	uint32_t character;

	if (!httpbin_json_takes(text, '"'))
		return false;
	while (text->size > 0) {
		size_t size = json_decode(*text, &character);

		if (httpbin_json_takes(text, '"'))
			return true;
		if (size == 0 || character < ' ')
			return false;
		if (character == '\\') {
			if (!httpbin_json_take_escape(text))
				return false;
		} else {
			span_skip(text, size);
		}
	}
	return false;
}

/* Takes digits; there has to be one at least. */
static bool
httpbin_json_take_digits(struct span *text)
{
	size_t before = text->size;

	while (text->size > 0 && http_char_is(text->data[0], HTTP_CHAR_DIGIT))
		span_skip(text, 1);
	return text->size < before;
}

static bool
httpbin_json_take_number(struct span *text)
{
	(void)httpbin_json_takes(text, '-');
	if (!httpbin_json_takes(text, '0') && !httpbin_json_take_digits(text))
		return false;
	if (httpbin_json_takes(text, '.') && !httpbin_json_take_digits(text))
		return false;
	if (!httpbin_json_takes(text, 'e') && !httpbin_json_takes(text, 'E'))
		return true;
	if (!httpbin_json_takes(text, '+'))
		(void)httpbin_json_takes(text, '-');
	return httpbin_json_take_digits(text);
}

static bool
httpbin_json_take_word(struct span *text)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct span word = span_of(words[i]);

		if (text->size >= word.size &&
		    memcmp(text->data, word.data, word.size) == 0) {
			span_skip(text, word.size);
			return true;
		}
	}
	return false;
}

/* Takes what begins an object, an array, or is another value. `*closing` is what
 * ends it; or 0. */
static bool
httpbin_json_take_value(struct span *text, char *closing)
{
	*closing = 0;
	if (httpbin_json_takes(text, '{'))
		*closing = '}';
	else if (httpbin_json_takes(text, '['))
		*closing = ']';
	else if (text->size > 0 && text->data[0] == '"')
		return httpbin_json_take_string(text);
	else
		return httpbin_json_take_word(text) ||
		       httpbin_json_take_number(text);
	return true;
}

/* Takes the name of a member, and its colon. */
static bool
httpbin_json_take_name(struct span *text)
{
	httpbin_json_skip_blanks(text);
	if (!httpbin_json_take_string(text))
		return false;
	httpbin_json_skip_blanks(text);
	return httpbin_json_takes(text, ':');
}

/* Takes the ends of what is over, `*depth` deep, and what goes on. Returns false
 * where it is wrong. */
static bool
httpbin_json_take_ends(struct span *text, const char *closing, unsigned *depth)
{
	for (;;) {
		httpbin_json_skip_blanks(text);
		if (*depth == 0)
			return true;
		if (httpbin_json_takes(text, closing[*depth - 1])) {
			(*depth)--;
			continue;
		}
		if (!httpbin_json_takes(text, ','))
			return false;
		return closing[*depth - 1] == ']' ||
		       httpbin_json_take_name(text);
	}
}

/* Takes the beginning of a value that ends by `end`: up to its first member, or to
 * its end. Returns false where it is wrong, or too deep. */
static bool
httpbin_json_enter(struct span *text, char *closing, unsigned *depth, char end)
{
	httpbin_json_skip_blanks(text);
	if (httpbin_json_takes(text, end))
		return httpbin_json_take_ends(text, closing, depth);
	if (*depth == HTTPBIN_DEPTH)
		return false;
	closing[(*depth)++] = end;
	return end == ']' || httpbin_json_take_name(text);
}

size_t
httpbin_json_read(struct span text)
{
	char closing[HTTPBIN_DEPTH], end;
	struct span rest = text;
	unsigned depth = 0;

	do {
		httpbin_json_skip_blanks(&rest);
		if (!httpbin_json_take_value(&rest, &end))
			return 0;
		if (end != 0 ? !httpbin_json_enter(&rest, closing, &depth, end)
			     : !httpbin_json_take_ends(&rest, closing, &depth))
			return 0;
	} while (depth > 0);
	return text.size - rest.size;
}

/* ---- HTML ---- */

void
httpbin_html_escape(struct text *text, struct span value)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
		{ '"', "&#34;" }, { '\'', "&#39;" } };

	while (value.size > 0) {
		text_add(text, span_take(&value, SPAN("&<>\"'")));
		for (size_t i = 0; value.size > 0 && i < 5; i++)
			if (value.data[0] == entities[i].c) {
				text_put(text, entities[i].entity);
				span_skip(&value, 1);
				break;
			}
	}
}
