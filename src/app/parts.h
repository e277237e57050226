/*
 * parts: several ranges of a file in one content, as multipart/byteranges
 * (RFC 9110 14.6): the texts between them, and their sum.
 */
#ifndef MTASYNC_APP_PARTS_H
#define MTASYNC_APP_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "app/file.h"
#include "http/ranges.h"

/* Longer than any text between two ranges. */
#define PARTS_TEXT_MAX 256

struct parts {
	const struct file *file;
	unsigned count;
	unsigned next; /* the one that comes next */
	char boundary[17];
	uint16_t frame_size; /* of the text that comes next: what is left, */
	uint16_t frame_sent; /* and what is not */
	char frame[PARTS_TEXT_MAX];
	struct http_range list[]; /* as many as `count` */
};

/*
 * To be freed by free(). The file outlives it. Returns NULL where memory is
 * short, or the system has no random number for a boundary that nobody can
 * foresee. Any thread.
 */
struct parts *parts_new(const struct http_ranges *ranges,
    const struct file *file);

/* Bytes of all ranges and of what stands between them. */
uint64_t parts_size(const struct parts *parts);

/* The text before the next range, or behind the last one: what is left of it. */
struct span parts_frame(struct parts *parts);

/*
 * Passes over `size` bytes of that text. Returns whether all of it has been; then
 * *range is the range that comes next, or NULL: it was the end.
 */
bool parts_pass(struct parts *parts, size_t size,
    const struct http_range **range);

#endif
