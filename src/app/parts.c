/* Frames several ranges; the thread that asks. */
#include "config.h"

#include "app/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct parts *
parts_new(const struct http_ranges *ranges, const struct file *file)
{
	size_t size = ranges->count * sizeof(*ranges->list);
	struct parts *parts = malloc(sizeof(*parts) + size);
	uint64_t secret;

	if (parts == NULL ||
	    getrandom(&secret, sizeof(secret), 0) != sizeof(secret)) {
		free(parts);
		return NULL;
	}
	parts->file = file;
	parts->count = ranges->count;
	parts->next = 0;
	memcpy(parts->list, ranges->list, size);
	snprintf(parts->boundary, sizeof(parts->boundary), "%016" PRIx64,
	    secret);
	return parts;
}

/* Writes what stands before range `number`, or behind the last one; returns its
 * size. */
static size_t
parts_format(const struct parts *parts, unsigned number, char *text)
{
	const struct http_range *range = &parts->list[number];
	int size;

	if (number == parts->count)
		size = snprintf(text, PARTS_TEXT_MAX, "\r\n--%s--\r\n",
		    parts->boundary);
	else
		size = snprintf(text, PARTS_TEXT_MAX,
		    "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes "
		    "%" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
		    parts->boundary, parts->file->facts.type, range->first,
		    range->first + range->size - 1, file_size(parts->file));
	return (size_t)size;
}

uint64_t
parts_size(const struct parts *parts)
{
	char text[PARTS_TEXT_MAX];
	uint64_t size = 0;

	for (unsigned i = 0; i <= parts->count; i++) {
		size += parts_format(parts, i, text);
		if (i < parts->count)
			size += parts->list[i].size;
	}
	return size;
}

size_t
parts_next(struct parts *parts, char *text, const struct http_range **range)
{
	unsigned number = parts->next++;

	*range = number < parts->count ? &parts->list[number] : NULL;
	return parts_format(parts, number, text);
}
