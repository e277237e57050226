/*
 * listing_page: a directory as text: for people as HTML, for programs as JSON.
 * It is written row by row, so that whoever writes it can do something else in
 * between; what has been written is never copied. One thread at a time.
 */
#ifndef MTASYNC_APP_LISTING_PAGE_H
#define MTASYNC_APP_LISTING_PAGE_H

#include "app/directory.h"

struct listing_page {
	bool json;
	bool failed;   /* memory was short */
	char **chunks; /* all but the last one are full */
	size_t size;   /* bytes of text */
};

/* Writes all before the first row, into a page that is zeroed but for `json`.
 * `path` is that of the directory, which has been read. */
void listing_page_begin(struct listing_page *page,
    const struct directory *directory, const char *path);

/* Writes the row of one of the directory's entries, which come in their
 * order. */
void listing_page_add(struct listing_page *page,
    const struct directory *directory, size_t index);

/* Writes all behind the last row. Returns 0; or -1 with errno where any of the
 * page could not be written. */
int listing_page_end(struct listing_page *page,
    const struct directory *directory);

/* The Content-Type; a constant. */
const char *listing_page_type(const struct listing_page *page);

/* The bytes from an offset below `size` on, as far as they lie in one place. */
struct span listing_page_at(const struct listing_page *page, uint64_t offset);

/* Frees the text. */
void listing_page_free(struct listing_page *page);

#endif
