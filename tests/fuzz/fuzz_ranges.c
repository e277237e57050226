/*
 * fuzz_ranges: Range fields. Ranges lie within the content and the bounds on
 * what they may cost, and white space and empty elements say nothing.
 */
#include "config.h"

#include <stdlib.h>

#include "fuzz.h"
#include "http/ranges.h"

/* Bytes of content. */
static const uint64_t sizes[] = { 0, 1, 2, 1000, UINT32_MAX, UINT64_MAX };

static void
check_bounds(const struct http_ranges *ranges, uint64_t size)
{
	uint64_t left = size, end = 0;

	FUZZ_CHECK(ranges->count > 0 && ranges->count <= HTTP_RANGES_MAX);
	for (unsigned i = 0; i < ranges->count; i++) {
		const struct http_range *range = &ranges->list[i];

		FUZZ_CHECK(range->size > 0);
		FUZZ_CHECK(range->first < size);
		FUZZ_CHECK(range->size <= size - range->first);
		FUZZ_CHECK(range->size <= left);
		FUZZ_CHECK(ranges->count <= HTTP_RANGES_LOOSE_MAX ||
			   range->first >= end);
		left -= range->size;
		end = range->first + range->size;
	}
}

/* The same with what RFC 9110 5.6.1 allows beside each comma. */
static struct span
write_loosely(struct span value)
{
	static const char comma[] = "\t , ,, ";
	char *text = malloc(sizeof(comma) * value.size + 1), *p = text;

	FUZZ_CHECK(text != NULL);
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] == ',')
			p = stpcpy(p, comma);
		else
			*p++ = value.data[i];
	}
	return (struct span){ text, (size_t)(p - text) };
}

static void
check_same(const struct http_ranges *a, const struct http_ranges *b)
{
	FUZZ_CHECK(a->count == b->count);
	for (unsigned i = 0; i < a->count; i++) {
		FUZZ_CHECK(a->list[i].first == b->list[i].first);
		FUZZ_CHECK(a->list[i].size == b->list[i].size);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = fuzz_copy(data, size);
	struct span loose = write_loosely(input);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct http_ranges ranges, same;
		enum http_ranges_result result = http_ranges_parse(input,
		    sizes[i], &ranges);

		FUZZ_CHECK(http_ranges_parse(loose, sizes[i], &same) == result);
		if (result != HTTP_RANGES_SATISFIABLE)
			continue;
		check_bounds(&ranges, sizes[i]);
		check_same(&ranges, &same);
	}
	free((char *)loose.data);
	fuzz_free(input);
	return 0;
}
