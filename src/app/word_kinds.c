/* Reads and writes the values of words, by their kinds; any thread. */
#include "config.h"

#include "app/word_table.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "http/chars.h"

static void *
word_field(const struct word_row *row, struct behaviour *behaviour)
{
	return (char *)behaviour + row->field;
}

static const void *
word_field_of(const struct word_row *row, const struct behaviour *behaviour)
{
	return (const char *)behaviour + row->field;
}

static size_t
word_print(char *text, struct span value)
{
	memcpy(text, value.data, value.size);
	return value.size;
}

/* ---- numbers: times, sizes, counts ---- */

struct word_unit {
	enum units_result (*parse)(struct span text, int64_t *value);
	void (*format)(char text[UNITS_TEXT_MAX], int64_t value);
	const char *what;
};

static void
word_format_count(char text[UNITS_TEXT_MAX], int64_t value)
{
	snprintf(text, UNITS_TEXT_MAX, "%" PRId64, value);
}

static const struct word_unit word_time = { units_parse_duration,
	units_format_duration, "a time" };
static const struct word_unit word_size = { units_parse_size, units_format_size,
	"a size" };
static const struct word_unit word_count = { units_parse_count,
	word_format_count, "a whole number" };

static int64_t
word_most(const struct word_row *row, const struct words_limits *limits)
{
	if (row->most == WORD_MAX_SLEEP)
		return limits->when.most;
	return row->most == WORD_MAX_SIZE ? limits->max_size : row->most;
}

/* Reads a number between the row's bounds, in the unit of its kind. */
static bool
word_number_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	const struct word_unit *unit = row->kind->unit;
	char least[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
	int64_t number = 0, limit = word_most(row, limits);

	if (unit->parse(value, &number) == UNITS_OK && number >= row->least &&
	    number <= limit) {
		*(int64_t *)word_field(row, behaviour) = number;
		return true;
	}
	unit->format(least, row->least);
	unit->format(most, limit);
	return complain(why, value.data, row->example, "%s from %s to %s",
	    unit->what, least, most);
}

static size_t
word_number_format(const struct word_row *row,
    const struct behaviour *behaviour, unsigned index, char *text)
{
	(void)index;
	row->kind->unit->format(text,
	    *(const int64_t *)word_field_of(row, behaviour));
	return strlen(text);
}

const struct word_kind word_time_kind = { word_number_parse, word_number_format,
	&word_time };
const struct word_kind word_size_kind = { word_number_parse, word_number_format,
	&word_size };
const struct word_kind word_count_kind = { word_number_parse,
	word_number_format, &word_count };

/* ---- names ---- */

/* Finds a name; returns its place, or -1. */
static int
word_find_name(const char *const *names, struct span value)
{
	for (int i = 0; names[i] != NULL; i++)
		if (span_equal(span_of(names[i]), value))
			return i;
	return -1;
}

static bool
word_complain_names(const char *const *names, struct span value,
    const char *example, struct complaint *why)
{
	char list[128] = "";
	size_t size = 0;

	for (int i = 0; names[i] != NULL; i++)
		size += (size_t)snprintf(list + size, sizeof(list) - size,
		    "%s%s", i > 0 ? ", " : "", names[i]);
	return complain(why, value.data, example, "one of %s", list);
}

static bool
word_name_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	int place = word_find_name(row->names, value);

	(void)limits;
	if (place == -1)
		return word_complain_names(row->names, value, row->example,
		    why);
	*(int64_t *)word_field(row, behaviour) = place;
	return true;
}

static size_t
word_name_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	(void)index;
	return word_print(text,
	    span_of(
		row->names[*(const int64_t *)word_field_of(row, behaviour)]));
}

const struct word_kind word_name_kind = { word_name_parse, word_name_format,
	NULL };

/* ---- choices ---- */

static bool
word_status_parse(struct span text, int64_t *value, const void *arg,
    struct complaint *why)
{
	(void)arg;
	if (units_parse_count(text, value) == UNITS_OK && *value >= 200 &&
	    *value <= 599)
		return true;
	return complain(why, text.data, "status=503:5,429:1",
	    "a status from 200 to 599");
}

static size_t
word_status_format(int64_t value, char *text)
{
	return (size_t)snprintf(text, CHOICE_VALUE_MAX, "%" PRId64, value);
}

static bool
word_one_size_parse(struct span text, int64_t *value, const void *arg,
    struct complaint *why)
{
	const struct words_limits *limits = arg;
	char most[UNITS_TEXT_MAX];

	if (units_parse_size(text, value) == UNITS_OK &&
	    *value <= limits->max_size)
		return true;
	units_format_size(most, limits->max_size);
	return complain(why, text.data, "size=100k",
	    "a size up to the limit of %s", most);
}

static size_t
word_one_size_format(int64_t value, char *text)
{
	units_format_size(text, value);
	return strlen(text);
}

const char *const word_faults[] = {
	[FAULT_CLOSE] = "close",
	[FAULT_RESET] = "reset",
	[FAULT_HANG] = "hang",
	[FAULT_TRUNCATE] = "truncate",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_LENGTH] = "length",
	[FAULT_CHUNK] = "chunk",
	NULL,
};

static bool
word_fault_parse(struct span text, int64_t *value, const void *arg,
    struct complaint *why)
{
	(void)arg;
	*value = word_find_name(word_faults, text);
	return *value != -1 || word_complain_names(word_faults, text,
				   "fault=reset:2,truncate:1", why);
}

static size_t
word_fault_format(int64_t value, char *text)
{
	return word_print(text, span_of(word_faults[value]));
}

const struct choice_kind word_statuses = { word_status_parse,
	word_status_format, "status=503:5,429:1" };
const struct choice_kind word_sizes = { word_one_size_parse,
	word_one_size_format, "size=100k" };
const struct choice_kind word_fault_choices = { word_fault_parse,
	word_fault_format, "fault=reset:2,truncate:1" };

static const struct choice_kind *
word_choices_of(const struct word_row *row)
{
	if (row->field == offsetof(struct behaviour, status))
		return &word_statuses;
	return row->field == offsetof(struct behaviour, size)
		   ? &word_sizes
		   : &word_fault_choices;
}

static bool
word_choice_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	return choice_parse(value, word_choices_of(row), limits,
	    word_field(row, behaviour), why);
}

static size_t
word_choice_format(const struct word_row *row,
    const struct behaviour *behaviour, unsigned index, char *text)
{
	(void)index;
	return choice_format(word_field_of(row, behaviour),
	    word_choices_of(row), text);
}

const struct word_kind word_choice_kind = { word_choice_parse,
	word_choice_format, NULL };

/* ---- times to draw, shares ---- */

static bool
word_when_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	return when_parse(value, &limits->when, word_field(row, behaviour),
	    why);
}

static size_t
word_when_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	(void)index;
	return when_format(word_field_of(row, behaviour), SPAN(""), text);
}

const struct word_kind word_when_kind = { word_when_parse, word_when_format,
	NULL };

static bool
word_share_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	(void)limits;
	return share_parse(value, word_field(row, behaviour), why);
}

static size_t
word_share_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	(void)index;
	return share_format(*(const uint64_t *)word_field_of(row, behaviour),
	    text);
}

const struct word_kind word_share_kind = { word_share_parse, word_share_format,
	NULL };

/* ---- texts that go into the head ---- */

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
	return word_print(text, behaviour->type);
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
	return word_print(text, behaviour->headers[index]);
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
