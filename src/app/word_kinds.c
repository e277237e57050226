/* Reads and writes the values of words, by their kinds; any thread. */
#include "config.h"

#include "app/word_table.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"

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

/* A time, or `auto`, which is BEHAVIOUR_AUTO. */
static bool
word_retry_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	if (!span_equal(value, SPAN("auto")))
		return word_number_parse(row, value, limits, behaviour, why);
	*(int64_t *)word_field(row, behaviour) = BEHAVIOUR_AUTO;
	return true;
}

static size_t
word_retry_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	if (*(const int64_t *)word_field_of(row, behaviour) == BEHAVIOUR_AUTO)
		return word_put(text, SPAN("auto"));
	return word_number_format(row, behaviour, index, text);
}

const struct word_kind word_retry_kind = { word_retry_parse, word_retry_format,
	&word_time };

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
	return word_put(text,
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
	return word_put(text, span_of(word_faults[value]));
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
