/* ranges: reads the Range field. Holds no state; any thread. */
#include "config.h"

#include "http/ranges.h"

#include "http/chars.h"
#include "http/fields.h"

static const struct span ranges_unit = { "bytes=", 6 };

/*
 * Reads digits. A number that is too large becomes UINT64_MAX, which is behind
 * the end of any content too (14.1.2).
 */
static uint64_t
ranges_read_number(const char *p, const char *end)
{
	uint64_t number = 0;

	for (; p < end; p++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *p - '0', &number))
			return UINT64_MAX;
	return number;
}

/* Sets the range to the last `length` of `size` bytes. */
static enum http_ranges_result
ranges_take_suffix(uint64_t length, uint64_t size, struct http_range *range)
{
	if (length == 0)
		return HTTP_RANGES_UNSATISFIABLE;
	if (size == 0)
		return HTTP_RANGES_IGNORED;
	range->size = length < size ? length : size;
	range->first = size - range->size;
	return HTTP_RANGES_SATISFIABLE;
}

/* Reads one range-spec: `first-last`, `first-` or `-length`. */
static enum http_ranges_result
ranges_take(struct span spec, uint64_t size, struct http_range *range)
{
	const char *p = spec.data, *end = p + spec.size;
	const char *dash = http_skip_chars(p, end, HTTP_CHAR_DIGIT);
	uint64_t first, last = UINT64_MAX;

	if (dash == end || *dash != '-' || spec.size == 1 ||
	    http_skip_chars(dash + 1, end, HTTP_CHAR_DIGIT) != end)
		return HTTP_RANGES_IGNORED;
	if (dash + 1 < end)
		last = ranges_read_number(dash + 1, end);
	if (dash == p)
		return ranges_take_suffix(last, size, range);
	first = ranges_read_number(p, dash);
	if (last < first)
		return HTTP_RANGES_IGNORED;
	if (first >= size)
		return HTTP_RANGES_UNSATISFIABLE;
	range->first = first;
	range->size = (last < size ? last + 1 : size) - first;
	return HTTP_RANGES_SATISFIABLE;
}

enum http_ranges_result
http_ranges_parse(struct span value, uint64_t size, struct http_ranges *ranges)
{
	struct span unit = { value.data, ranges_unit.size }, spec;
	uint64_t left = size, end = 0;
	unsigned seen = 0;
	bool rising = true; /* each begins behind the end of the one before */

	ranges->count = 0;
	if (value.size < unit.size || !span_equal_nocase(unit, ranges_unit))
		return HTTP_RANGES_IGNORED;
	value.data += unit.size;
	value.size -= unit.size;
	while (http_list_next(&value, &spec)) {
		struct http_range *range = &ranges->list[ranges->count];
		enum http_ranges_result result;

		if (seen++ == HTTP_RANGES_MAX)
			return HTTP_RANGES_IGNORED;
		result = ranges_take(spec, size, range);
		if (result == HTTP_RANGES_UNSATISFIABLE)
			continue;
		if (result == HTTP_RANGES_IGNORED || range->size > left)
			return HTTP_RANGES_IGNORED;
		left -= range->size;
		rising = rising && range->first >= end;
		end = range->first + range->size;
		ranges->count++;
	}
	if (seen == 0 || (seen > HTTP_RANGES_LOOSE_MAX && !rising))
		return HTTP_RANGES_IGNORED;
	return ranges->count > 0 ? HTTP_RANGES_SATISFIABLE
				 : HTTP_RANGES_UNSATISFIABLE;
}
