/*
 * units: parses and formats decimal numbers with units, exactly: without
 * floating point. Owns nothing; runs in whichever thread calls.
 */
#include "config.h"

#include "base/units.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"

struct units_row {
	const char *name;
	int64_t scale;
};

/* Largest unit first, for units_format(), which writes the first of two names;
 * the last row, without a name, is a bare number's. */
static const struct units_row units_of_time[] = {
	{ "h", 3600 * CLOCK_S },
	{ "m", 60 * CLOCK_S },
	{ "s", CLOCK_S },
	{ "ms", CLOCK_MS },
	{ "us", CLOCK_US },
	{ "\u00b5s", CLOCK_US }, /* the micro sign */
	{ "\u03bcs", CLOCK_US }, /* the Greek letter that it stands for */
	{ NULL, CLOCK_S },
};

static const struct units_row units_of_size[] = {
	{ "g", 1 << 30 },
	{ "m", 1 << 20 },
	{ "k", 1 << 10 },
	{ NULL, 1 },
};

/* Removes the leading decimal digits from `text`, and returns them. */
static struct span
units_take_digits(struct span *text)
{
	struct span digits = { text->data, 0 };

	while (digits.size < text->size && text->data[digits.size] >= '0' &&
	       text->data[digits.size] <= '9')
		digits.size++;
	span_skip(text, digits.size);
	return digits;
}

/* Returns the scale of the unit `name`, or 0 where the table has no such unit. */
static int64_t
units_find(const struct units_row *row, struct span name)
{
	for (; row->name != NULL; row++)
		if (span_equal_nocase(name, span_of(row->name)))
			break;
	return row->name != NULL || name.size == 0 ? row->scale : 0;
}

/*
 * Returns 0.DIGITS times `scale`, rounded up. The loop goes from the last digit
 * to the first, and divides by ten at each: since the floor of a floor is the
 * floor of the whole, and `rest` remembers any remainder, the result is exact
 * for any number of digits. `value` stays below 10 * scale.
 */
static int64_t
units_scale_fraction(struct span digits, int64_t scale)
{
	int64_t value = 0;
	bool rest = false;

	for (size_t i = digits.size; i-- > 0;) {
		value += (digits.data[i] - '0') * scale;
		rest = rest || value % 10 != 0;
		value /= 10;
	}
	return value + rest;
}

/* Sets *result to WHOLE.FRACTION times `scale`, rounded up. */
static enum units_result
units_scale(struct span whole, struct span fraction, int64_t scale,
    int64_t *result)
{
	int64_t value = 0;

	for (size_t i = 0; i < whole.size; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, whole.data[i] - '0', &value))
			return UNITS_TOO_LARGE;
	if (__builtin_mul_overflow(value, scale, &value) ||
	    __builtin_add_overflow(value, units_scale_fraction(fraction, scale),
		&value))
		return UNITS_TOO_LARGE;
	*result = value;
	return UNITS_OK;
}

/* Removes the run of letters at the beginning of `text`, and returns it: a
 * unit ends where its table would have no use for the next byte. */
static struct span
units_take_letters(struct span *text)
{
	struct span letters = { text->data, 0 };

	while (letters.size < text->size) {
		unsigned char c = (unsigned char)text->data[letters.size];

		if (c < 0x80 && (c < 'A' || c > 'z' || (c > 'Z' && c < 'a')))
			break;
		letters.size++;
	}
	span_skip(text, letters.size);
	return letters;
}

/* Removes `.DIGITS` from `text`, if there is a point, and sets *digits to the
 * digits. Returns false where a point has none behind it. */
static bool
units_take_fraction(struct span *text, struct span *digits)
{
	*digits = (struct span){ text->data, 0 };
	if (text->size == 0 || text->data[0] != '.')
		return true;
	span_skip(text, 1);
	*digits = units_take_digits(text);
	return digits->size > 0;
}

/*
 * Removes a part of a duration, `WHOLE.FRACTIONunit`, from `text`, which then
 * begins behind it; where the part is malformed, at the byte at fault. The unit
 * has to be smaller than *scale, which then is the part's; a part of more than
 * one has to have a unit, and only the last a fraction. Sets *value to the part.
 */
static enum units_result
units_take_part(struct span *text, int64_t *scale, int64_t *value)
{
	struct span whole = units_take_digits(text), fraction, unit;
	bool is_first = *scale == INT64_MAX;
	int64_t found;

	if (whole.size == 0 || !units_take_fraction(text, &fraction))
		return UNITS_MALFORMED;
	unit = units_take_letters(text);
	found = units_find(units_of_time, unit);
	if (found == 0 || found >= *scale || (unit.size == 0 && !is_first)) {
		text->data = unit.data;
		return UNITS_MALFORMED;
	}
	if (text->size > 0 && (unit.size == 0 || fraction.size > 0))
		return UNITS_MALFORMED;
	*scale = found;
	return units_scale(whole, fraction, found, value);
}

enum units_result
units_find_duration(struct span text, int64_t *nanoseconds, const char **fault)
{
	int64_t scale = INT64_MAX, total = 0, value = 0;
	bool fits = true;

	*fault = text.data;
	do {
		enum units_result result = units_take_part(&text, &scale,
		    &value);

		if (result == UNITS_MALFORMED) {
			*fault = text.data;
			return result;
		}
		fits = fits && result == UNITS_OK &&
		       !__builtin_add_overflow(total, value, &total);
	} while (text.size > 0);
	if (!fits)
		return UNITS_TOO_LARGE;
	*nanoseconds = total;
	return UNITS_OK;
}

enum units_result
units_parse_duration(struct span text, int64_t *nanoseconds)
{
	const char *fault;

	return units_find_duration(text, nanoseconds, &fault);
}

enum units_result
units_parse_size(struct span text, int64_t *bytes)
{
	struct span whole = units_take_digits(&text), none = { NULL, 0 };
	int64_t scale = units_find(units_of_size, text);

	if (whole.size == 0 || scale == 0)
		return UNITS_MALFORMED;
	return units_scale(whole, none, scale, bytes);
}

enum units_result
units_parse_count(struct span text, int64_t *count)
{
	struct span whole = units_take_digits(&text), none = { NULL, 0 };

	if (whole.size == 0 || text.size > 0)
		return UNITS_MALFORMED;
	return units_scale(whole, none, 1, count);
}

/*
 * Writes `value` as a whole number of the largest unit that divides it, and
 * returns true; returns false where none of the units does, or `value` is 0.
 */
static bool
units_format(char text[UNITS_TEXT_MAX], const struct units_row *row,
    int64_t value)
{
	while (row->name != NULL && value % row->scale != 0)
		row++;
	if (row->name == NULL || value == 0)
		return false;
	snprintf(text, UNITS_TEXT_MAX, "%" PRId64 "%s", value / row->scale,
	    row->name);
	return true;
}

void
units_format_duration(char text[UNITS_TEXT_MAX], int64_t nanoseconds)
{
	assert(nanoseconds >= 0);
	if (nanoseconds == 0)
		snprintf(text, UNITS_TEXT_MAX, "0s");
	else if (!units_format(text, units_of_time, nanoseconds))
		snprintf(text, UNITS_TEXT_MAX, "%" PRId64 ".%03" PRId64 "us",
		    nanoseconds / CLOCK_US, nanoseconds % CLOCK_US);
}

void
units_format_size(char text[UNITS_TEXT_MAX], int64_t bytes)
{
	assert(bytes >= 0);
	if (!units_format(text, units_of_size, bytes))
		snprintf(text, UNITS_TEXT_MAX, "%" PRId64, bytes);
}
