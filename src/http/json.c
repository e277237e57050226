/* JSON's characters, numbers and times; any thread. */
#include "config.h"

#include "http/json.h"

#include <time.h>

#include "base/clock.h"

size_t
json_decode(struct span text, uint32_t *character)
{
	static const struct {
		unsigned char mask, lead; /* of the first byte */
		uint32_t least;           /* a smaller one is overlong */
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	unsigned char first = (unsigned char)text.data[0];
	size_t i = 0;
	uint32_t c;

	while (i < 4 && (first & forms[i].mask) != forms[i].lead)
		i++;
	if (i == 4 || text.size <= i)
		return 0;
	c = first & (unsigned char)~forms[i].mask;
	for (size_t k = 1; k <= i; k++) {
		if ((text.data[k] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text.data[k] & 0x3f);
	}
	if (c < forms[i].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return i + 1;
}

bool
json_is_utf8(struct span text)
{
	uint32_t character;
	size_t size;

	while (text.size > 0 && (size = json_decode(text, &character)) > 0)
		span_skip(&text, size);
	return text.size == 0;
}

/* `\uXXXX`. */
static char *
json_put_unit(char *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	*out++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*out++ = digits[unit >> shift & 15];
	return out;
}

char *
json_put_character(char *out, uint32_t character)
{
	uint32_t c = character;

	if (c == '"' || c == '\\')
		*out++ = '\\';
	if (c >= ' ' && c <= '~') {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x10000)
		return json_put_unit(out, c);
	c -= 0x10000; /* as two surrogates (RFC 8259 7) */
	return json_put_unit(json_put_unit(out, 0xd800 | c >> 10),
	    0xdc00 | (c & 0x3ff));
}

char *
json_put_digits(char *out, uint64_t number, int least)
{
	char text[JSON_DIGITS_MAX], *const end = text + sizeof(text);
	char *first = end;

	while (number > 0 || end - first < least) {
		*--first = (char)('0' + number % 10);
		number /= 10;
	}
	return mempcpy(out, first, (size_t)(end - first));
}

char *
json_put_time(char *out, int64_t wall)
{
	time_t when = (time_t)(wall / CLOCK_S);
	struct tm tm;

	gmtime_r(&when, &tm);
	const struct {
		int number, digits;
		char behind;
	} parts[] = { { tm.tm_year + 1900, 4, '-' }, { tm.tm_mon + 1, 2, '-' },
		{ tm.tm_mday, 2, 'T' }, { tm.tm_hour, 2, ':' },
		{ tm.tm_min, 2, ':' }, { tm.tm_sec, 2, '.' },
		{ (int)(wall % CLOCK_S / CLOCK_US), 6, 'Z' } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		out = json_put_digits(out, (unsigned)parts[i].number,
		    parts[i].digits);
		*out++ = parts[i].behind;
	}
	return out;
}
