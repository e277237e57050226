/* Reads the words of /sleep; any thread. */
#include "config.h"

#include "app/sleep.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/chars.h"

/* How much of a value is shown where it is wrong. */
#define SLEEP_SHOWN_MAX 64

/* A run of the query, with `&` or the end behind it. */
struct sleep_parameter {
	struct span name, value; /* as sent; no value: its data is NULL */
};

/* Takes the first parameter off the query. */
static struct sleep_parameter
sleep_next(struct span *query)
{
	const char *end = memchr(query->data, '&', query->size);
	size_t size = end != NULL ? (size_t)(end - query->data) : query->size;
	const char *equals = memchr(query->data, '=', size);
	struct sleep_parameter parameter = { { query->data, size },
		{ NULL, 0 } };

	if (equals != NULL) {
		parameter.name.size = (size_t)(equals - query->data);
		parameter.value.data = equals + 1;
		parameter.value.size = size - parameter.name.size - 1;
	}
	query->data += size + (end != NULL);
	query->size -= size + (end != NULL);
	return parameter;
}

bool
sleep_wants_help(struct span query)
{
	while (query.size > 0) {
		struct sleep_parameter parameter = sleep_next(&query);

		if (parameter.value.data == NULL &&
		    span_equal(parameter.name, SPAN("help")))
			return true;
	}
	return false;
}

/* Returns the byte of two hexadecimal digits. */
static char
sleep_byte(int high, int low)
{
	unsigned char byte = (unsigned char)(high << 4 | low);
	char result;

	memcpy(&result, &byte, 1);
	return result;
}

/*
 * Decodes %XX once (RFC 3986 2.1) to `text`, which moves on. A `%` without two
 * digits, or a NUL, is wrong: returns it then, else NULL.
 */
static const char *
sleep_decode(struct span sent, char **text, struct span *decoded)
{
	const char *end = sent.data + sent.size;

	decoded->data = *text;
	for (const char *p = sent.data; p < end; p++) {
		int high = -1, low = -1;

		if (*p != '%') {
			*(*text)++ = *p;
			continue;
		}
		if (end - p > 2) {
			high = http_hex_value(p[1]);
			low = http_hex_value(p[2]);
		}
		if (high == -1 || low == -1 || (high == 0 && low == 0))
			return p;
		*(*text)++ = sleep_byte(high, low);
		p += 2;
	}
	decoded->size = (size_t)(*text - decoded->data);
	return NULL;
}

/* Returns the place in `sent` of what is at `offset` when it is decoded. */
static const char *
sleep_find_sent(struct span sent, size_t offset)
{
	const char *p = sent.data, *end = sent.data + sent.size;

	for (; offset > 0 && p < end; offset--)
		p += *p == '%' ? 3 : 1;
	return p < end ? p : end;
}

/* Writes a value for people: cut, and without what is no text. */
static void
sleep_show(struct span value, char shown[SLEEP_SHOWN_MAX + 4])
{
	int size = snprintf(shown, SLEEP_SHOWN_MAX + 4, "%.*s%s",
	    (int)(value.size < SLEEP_SHOWN_MAX ? value.size : SLEEP_SHOWN_MAX),
	    value.data, value.size > SLEEP_SHOWN_MAX ? "..." : "");

	for (int i = 0; i < size; i++)
		if (shown[i] < ' ' || shown[i] > '~')
			shown[i] = '?';
}

/* Says what is wrong. `column` is 0 where there is none. Returns false. */
static bool
sleep_blame(struct span name, struct span value, size_t column,
    const struct complaint *why, char **fault)
{
	char shown_name[SLEEP_SHOWN_MAX + 4], shown[SLEEP_SHOWN_MAX + 4];
	char place[40] = "";

	sleep_show(name, shown_name);
	sleep_show(value, shown);
	if (column > 0)
		snprintf(place, sizeof(place), ", column %zu", column);
	if (asprintf(fault,
		"%s=%s%s: wants %s, as in %s; /sleep?help tells more",
		shown_name, shown, place, why->wanted, why->example) == -1)
		*fault = NULL;
	return false;
}

/* What is being read, and to where. */
struct sleep_reading {
	const struct sleep_wish *wish;
	const struct words_limits *limits;
	char *text; /* room for what is decoded next */
	struct behaviour *behaviour;
	char **fault;
};

/* Reads the WHEN of the path. Its column counts from the path's start, where the
 * path was sent as it is decoded; from its own start else. */
static bool
sleep_parse_path(const struct sleep_reading *reading)
{
	const struct sleep_wish *wish = reading->wish;
	struct span when = { wish->rest.data + 1, wish->rest.size - 1 };
	struct complaint why;
	size_t before;

	if (words_add(reading->behaviour, SPAN("delay"), when, reading->limits,
		&why))
		return true;
	before = wish->path.size > when.size ? wish->path.size - when.size : 0;
	if (memcmp(wish->path.data + before, when.data, when.size) != 0)
		before = 0;
	return sleep_blame(SPAN("delay"), when,
	    before + (size_t)(why.at - when.data) + 1, &why, reading->fault);
}

/* Reads one word of the query. Columns count from the start of the target. */
static bool
sleep_parse_word(struct sleep_reading *reading,
    const struct sleep_parameter *parameter)
{
	const struct sleep_wish *wish = reading->wish;
	const char *start = wish->query.data - wish->path.size - 1;
	struct span name, value;
	struct complaint why;
	const char *wrong = sleep_decode(parameter->name, &reading->text,
	    &name);

	if (wrong == NULL)
		wrong = sleep_decode(parameter->value, &reading->text, &value);
	if (wrong != NULL) {
		(void)complain(&why, NULL, "%25 for a percent sign", "%s",
		    "two hexadecimal digits behind a %, and no NUL");
		return sleep_blame(parameter->name, parameter->value,
		    (size_t)(wrong - start) + 1, &why, reading->fault);
	}
	if (words_add(reading->behaviour, name, value, reading->limits, &why))
		return true;
	if (why.at == name.data) /* which may be empty, and the value there */
		wrong = parameter->name.data;
	else
		wrong = sleep_find_sent(parameter->value,
		    (size_t)(why.at - value.data));
	return sleep_blame(name, value, (size_t)(wrong - start) + 1, &why,
	    reading->fault);
}

bool
sleep_parse(const struct sleep_wish *wish, const struct words_limits *limits,
    char *text, struct behaviour *behaviour, char **fault)
{
	struct sleep_reading reading = { wish, limits, text, behaviour, fault };
	struct span query = wish->query;

	if (wish->rest.size > 0 && !sleep_parse_path(&reading))
		return false;
	while (query.size > 0) {
		struct sleep_parameter parameter = sleep_next(&query);

		if (parameter.value.data != NULL &&
		    !sleep_parse_word(&reading, &parameter))
			return false;
	}
	return true;
}

bool
sleep_suit(struct behaviour *behaviour, uint32_t asked,
    const struct words_limits *limits, char **fault)
{
	struct complaint why;
	enum word word = WORD_DELAY;
	char value[WORDS_VALUE_MAX] = "";
	size_t size;

	while (!words_suit(behaviour, limits, &word, &why) &&
	       (asked & WORD_FLAG(word)) == 0 &&
	       behaviour_says(behaviour, word))
		words_drop(behaviour, WORD_FLAG(word));
	if (words_suit(behaviour, limits, &word, &why))
		return true;
	size = words_format(behaviour, word, 0, value);
	return sleep_blame(span_of(words_name(word)),
	    (struct span){ value, size }, 0, &why, fault);
}

bool
sleep_complete(struct behaviour *behaviour, uint32_t asked,
    const struct words_limits *limits, char **fault)
{
	struct complaint why;

	if (!behaviour_says(behaviour, WORD_DELAY) &&
	    !words_add(behaviour, SPAN("delay"), SPAN("5s"), limits, &why))
		return sleep_blame(SPAN("delay"), SPAN("5s"), 0, &why, fault);
	return sleep_suit(behaviour, asked, limits, fault);
}
