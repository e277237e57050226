/* units: what people write for times and sizes, to numbers and back. */
#ifndef MTASYNC_BASE_UNITS_H
#define MTASYNC_BASE_UNITS_H

#include <stdint.h>

#include "base/span.h"

enum units_result {
	UNITS_OK,
	UNITS_MALFORMED, /* not a number with one of the known units */
	UNITS_TOO_LARGE, /* well-formed, but over what int64_t holds */
};

/* Room enough for what units_format_* write, NUL included. */
#define UNITS_TEXT_MAX 32

/*
 * A duration, as `250us`, `250ms`, `1.5s`, `2m`, `1h` (either case); a bare
 * number is seconds. Decimal digits, at most one point with digits on both
 * sides, no sign, no space. *nanoseconds is set only with UNITS_OK; what is
 * finer than a nanosecond is rounded up, so that nothing is ever early. Any
 * thread.
 */
enum units_result units_parse_duration(struct span text, int64_t *nanoseconds);

/*
 * A size, as `512`, `64k`, `1m`, `2g` (powers of 1024, either case).
 * *bytes is set only with UNITS_OK. Any thread.
 */
enum units_result units_parse_size(struct span text, int64_t *bytes);

/* A whole number without sign or unit. *count only with UNITS_OK. */
enum units_result units_parse_count(struct span text, int64_t *count);

/*
 * An exact text that units_parse_duration() reads back, in the largest unit
 * that makes it a whole number: `10m`, `1500ms`; what is finer than that, in
 * microseconds: `0.001us`. Not negative. Any thread.
 */
void units_format_duration(char text[UNITS_TEXT_MAX], int64_t nanoseconds);

/* The same for sizes, which are whole in bytes: `1m`, `1000`. */
void units_format_size(char text[UNITS_TEXT_MAX], int64_t bytes);

#endif
