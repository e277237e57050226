/* Reads and writes the values of words that go into the head; any thread. */
#include "config.h"

#include <stdio.h>

#include "app/word_table.h"
#include "base/units.h"
#include "http/chars.h"

static bool
word_is_value(struct span text)
{
	const char *end = text.data + text.size;

	return http_skip_chars(text.data, end, HTTP_CHAR_VALUE) == end;
}

static bool
word_type_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	(void)limits;
	if (value.size == 0 || value.size > BEHAVIOUR_TYPE_MAX ||
	    !word_is_value(value))
		return complain(why, value.data, row->example,
		    "a type of up to %d characters", BEHAVIOUR_TYPE_MAX);
	behaviour->type = value;
	return true;
}

static size_t
word_type_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	(void)row;
	(void)index;
	return word_put(text, behaviour->type);
}

const struct word_kind word_type_kind = { word_type_parse, word_type_format,
	NULL };

/* Fields that frame the answer, or tell what we have to be right about. */
static const char *const word_own_fields[] = { "Connection", "Content-Length",
	"Content-Type", "Date", "Keep-Alive", "Mtasync", "Server-Timing",
	"Trailer", "Transfer-Encoding", "Upgrade", NULL };

static bool
word_is_own_field(struct span name)
{
	for (int i = 0; word_own_fields[i] != NULL; i++)
		if (span_equal_nocase(span_of(word_own_fields[i]), name))
			return true;
	return false;
}

/* Returns how many bytes the headers so far take in a head, at most. */
static size_t
word_headers_size(const struct behaviour *behaviour)
{
	size_t size = 0;

	for (unsigned i = 0; i < behaviour->header_count; i++)
		size += behaviour->headers[i].size + strlen(" \r\n");
	return size;
}

static bool
word_header_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	const char *end = value.data + value.size;
	const char *colon = http_skip_chars(value.data, end, HTTP_CHAR_TOKEN);
	struct span name = { value.data, (size_t)(colon - value.data) };

	(void)limits;
	if (name.size == 0 || colon == end || *colon != ':')
		return complain(why, colon, row->example,
		    "a field as NAME:VALUE");
	if (word_is_own_field(name))
		return complain(why, value.data, row->example,
		    "a field that mtasync does not write itself");
	if (!word_is_value((struct span){ colon, (size_t)(end - colon) }))
		return complain(why, colon, row->example,
		    "a value without control characters");
	if (behaviour->header_count == BEHAVIOUR_HEADERS_MAX ||
	    value.size > WORDS_VALUE_MAX ||
	    word_headers_size(behaviour) + value.size >
		BEHAVIOUR_FIELDS_MAX - 256)
		return complain(why, value.data, row->example,
		    "at most %d fields, of 1 KiB, and less than 4 KiB in all",
		    BEHAVIOUR_HEADERS_MAX);
	behaviour->headers[behaviour->header_count++] = value;
	return true;
}

static size_t
word_header_format(const struct word_row *row,
    const struct behaviour *behaviour, unsigned index, char *text)
{
	(void)row;
	return word_put(text, behaviour->headers[index]);
}

const struct word_kind word_header_kind = { word_header_parse,
	word_header_format, NULL };

/* ---- interim responses ---- */

static bool
word_interim_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	int64_t code = 0;

	(void)limits;
	if (units_parse_count(value, &code) != UNITS_OK ||
	    (code != 100 && code != 102 && code != 103))
		return complain(why, value.data, row->example,
		    "100, 102 or 103");
	if (behaviour->interim_count == BEHAVIOUR_INTERIMS_MAX)
		return complain(why, value.data, row->example,
		    "at most %d interim responses", BEHAVIOUR_INTERIMS_MAX);
	behaviour->interims[behaviour->interim_count++] = (uint16_t)code;
	return true;
}

static size_t
word_interim_format(const struct word_row *row,
    const struct behaviour *behaviour, unsigned index, char *text)
{
	(void)row;
	return (size_t)sprintf(text, "%u", behaviour->interims[index]);
}

const struct word_kind word_interim_kind = { word_interim_parse,
	word_interim_format, NULL };
