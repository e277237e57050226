/* chars: which octets may stand where, by one table. */
#ifndef MTASYNC_HTTP_CHARS_H
#define MTASYNC_HTTP_CHARS_H

#include <stdbool.h>

/* Bits, to be combined. */
enum {
	HTTP_CHAR_TOKEN = 1,  /* tchar (RFC 9110 5.6.2) */
	HTTP_CHAR_VALUE = 2,  /* within a field value (RFC 9110 5.5) */
	HTTP_CHAR_TARGET = 4, /* within a request target; see chars.c */
	HTTP_CHAR_NAME = 8,   /* unreserved or sub-delim (RFC 3986 2) */
	HTTP_CHAR_ETAG = 16,  /* etagc (RFC 9110 8.8.3) */
	HTTP_CHAR_DIGIT = 32, /* 0 to 9 */
};

extern const unsigned char http_chars[256];

static inline bool
http_char_is(char c, unsigned class)
{
	return (http_chars[(unsigned char)c] & class) != 0;
}

static inline bool
http_char_is_space(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The end of the run of `class` that starts at `p`. Four at a time, for it is
 * what parsing spends its time on: 4 instructions a byte instead of 6.
 */
static inline const char *
http_skip_chars(const char *p, const char *end, unsigned class)
{
	for (; end - p >= 4; p += 4) {
		if (!http_char_is(p[0], class))
			return p;
		if (!http_char_is(p[1], class))
			return p + 1;
		if (!http_char_is(p[2], class))
			return p + 2;
		if (!http_char_is(p[3], class))
			return p + 3;
	}
	while (p < end && http_char_is(*p, class))
		p++;
	return p;
}

/* Past the SP and HTAB at `p`. */
static inline const char *
http_skip_spaces(const char *p, const char *end)
{
	while (p < end && http_char_is_space(*p))
		p++;
	return p;
}

/* The value of a hexadecimal digit, or -1. */
static inline int
http_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
