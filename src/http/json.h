/*
 * json: what strings, numbers and times are made of as JSON (RFC 8259), in plain
 * ASCII. Each function writes to `out`, which has room, and returns the end of what
 * it wrote. Any thread.
 */
#ifndef MTASYNC_HTTP_JSON_H
#define MTASYNC_HTTP_JSON_H

#include <stdint.h>

#include "base/span.h"

/* Bytes of the longest character: two times \uXXXX. */
#define JSON_CHARACTER_MAX 12

/* Digits of UINT64_MAX. */
#define JSON_DIGITS_MAX 20

/* Bytes of a time: `2026-11-21T22:05:00.000000Z`. */
#define JSON_TIME_MAX 32

/* Returns the size of the character that the text, not empty, begins with in valid
 * UTF-8 (RFC 3629 3); or 0 where it begins with none. */
size_t json_decode(struct span text, uint32_t *character);

/* Whether all of a text is valid UTF-8. */
bool json_is_utf8(struct span text);

/* Writes a character of a string: as it is where it is printable ASCII, but for
 * \" and \\; else as \uXXXX, behind U+FFFF as two of them. */
char *json_put_character(char *out, uint32_t character);

/* Writes decimal digits, at least so many, with zeros in front. */
char *json_put_digits(char *out, uint64_t number, int least);

/* Writes a time, in ns since 1970, down to whole us (RFC 3339), without quotes. */
char *json_put_time(char *out, int64_t wall);

#endif
