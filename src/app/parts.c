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
	parts->frame_size = 0;
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

struct span
parts_frame(struct parts *parts)
{
	if (parts->frame_size == 0) {
		parts->frame_size = (uint16_t)parts_format(parts, parts->next,
		    parts->frame);
		parts->frame_sent = 0;
	}
	return (
	    struct span){ parts->frame + parts->frame_sent, parts->frame_size };
}

bool
parts_pass(struct parts *parts, size_t size, const struct http_range **range)
{
	parts->frame_sent += (uint16_t)size;
	parts->frame_size -= (uint16_t)size;
	if (parts->frame_size > 0)
		return false;
	*range = parts->next < parts->count ? &parts->list[parts->next] : NULL;
	parts->next++;
	return true;
}
