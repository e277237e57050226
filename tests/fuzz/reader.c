/* Reads JSON for fuzz targets; what is none is a finding. */
#include "config.h"

#include "reader.h"

#include <string.h>

#include "fuzz.h"

bool
reader_take_text(struct reader *r, const char *text)
{
	size_t size = strlen(text);

	if ((size_t)(r->end - r->next) < size ||
	    memcmp(r->next, text, size) != 0)
		return false;
	r->next += size;
	return true;
}

static char
reader_take_byte(struct reader *r)
{
	FUZZ_CHECK(r->next < r->end);
	return *r->next++;
}

/* Four hexadecimal digits. */
static uint32_t
reader_take_unit(struct reader *r)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, reader_take_byte(r));

		FUZZ_CHECK(digit != NULL && *digit != '\0');
		unit = unit << 4 | (uint32_t)(digit - digits);
	}
	return unit;
}

uint32_t
reader_take_character(struct reader *r)
{
	char c = reader_take_byte(r);
	uint32_t unit, low;

	FUZZ_CHECK(c >= ' ' && c <= '~' && c != '"');
	if (c != '\\')
		return (unsigned char)c;
	c = reader_take_byte(r);
	if (c != 'u') {
		FUZZ_CHECK(c == '"' || c == '\\');
		return (unsigned char)c;
	}
	unit = reader_take_unit(r);
	FUZZ_CHECK(unit < 0xdc00 || unit > 0xdfff);
	if (unit < 0xd800 || unit > 0xdbff)
		return unit;
	FUZZ_CHECK(reader_take_text(r, "\\u"));
	low = reader_take_unit(r);
	FUZZ_CHECK(low >= 0xdc00 && low <= 0xdfff);
	return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

size_t
reader_encode(uint32_t c, char text[4])
{
	static const unsigned char leads[] = { 0, 0xc0, 0xe0, 0xf0 };
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	for (size_t i = more; i > 0; i--, c >>= 6)
		text[i] = (char)(0x80 | (c & 0x3f));
	text[0] = (char)(leads[more] | c);
	return more + 1;
}
