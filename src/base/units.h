/* units: durations, sizes and counts, between text and int64_t. */
#ifndef MTASYNC_BASE_UNITS_H
#define MTASYNC_BASE_UNITS_H

#include <stdint.h>

#include "base/span.h"

enum units_result {
	UNITS_OK,
	UNITS_MALFORMED, /* it is not a number with one of the units */
	UNITS_TOO_LARGE, /* well-formed, but more than int64_t holds */
};

/* Room for what units_format_duration() and _size() write, NUL included. */
#define UNITS_TEXT_MAX 32

/*
 * Parses a duration: `250us`, `250µs`, `250ms`, `1.5s`, `2m`, `1h` (either
 * case); a bare number is seconds. Decimal digits, at most one point with digits
 * on both sides, no sign, no space. Several in a row add up, each with a smaller
 * unit than the one before, and only the last with a point: `1m30s`, `1h1.5s`.
 * *nanoseconds is set only with UNITS_OK, and is rounded up, so that no sleep is
 * early. Any thread.
 */
enum units_result units_parse_duration(struct span text, int64_t *nanoseconds);

/* Does the same, and sets *fault, unless all is well: of a malformed duration to
 * the byte that is at fault, which may be its end; else to its beginning. */
enum units_result units_find_duration(struct span text, int64_t *nanoseconds,
    const char **fault);

/*
 * Parses a size: `512`, `64k`, `1m`, `2g` (powers of 1024, either case). *bytes
 * is set only with UNITS_OK. Any thread.
 */
enum units_result units_parse_size(struct span text, int64_t *bytes);

/* Parses a whole number without sign or unit. *count is set only with UNITS_OK.
 * Any thread. */
enum units_result units_parse_count(struct span text, int64_t *count);

/*
 * Writes a duration, not negative, as text that units_parse_duration() reads
 * back exactly: a whole number of the largest unit that divides it (`10m`,
 * `1500ms`), or microseconds with a fraction (`0.001us`). Any thread.
 */
void units_format_duration(char text[UNITS_TEXT_MAX], int64_t nanoseconds);

/* Writes a size, not negative, likewise for units_parse_size(): `1m`, `1000`.
 * Any thread. */
void units_format_size(char text[UNITS_TEXT_MAX], int64_t bytes);

#endif
