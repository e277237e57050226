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

/*
 * Writes the text before the next range into PARTS_TEXT_MAX bytes, and returns
 * its size. *range is that range; after the last one the text is the end, and
 * *range NULL.
 */
size_t parts_next(struct parts *parts, char *text,
    const struct http_range **range);

#endif
