/* combined: a line of the access log, in the combined log format. */
#ifndef MTASYNC_HTTP_COMBINED_H
#define MTASYNC_HTTP_COMBINED_H

#include <stdint.h>
#include <time.h>

#include "http/request.h"

/* Bytes of a method, target, Referer or User-Agent in a line; longer ones are
 * cut. */
#define COMBINED_FIELD_MAX 4096

/* Room for the longest line. */
#define COMBINED_LINE_MAX (4 * COMBINED_FIELD_MAX + 256)

/* What a line says of a request, kept until its answer is known. */
struct combined;

/*
 * Returns how many bytes of memory the record of a request takes, for
 * combined_take(). NULL for `request`: none that could be read.
 */
size_t combined_size(const struct http_request *request);

/*
 * Takes down a request that came at `when`, in combined_size() bytes, aligned
 * as malloc() does: a copy, since the request is gone when the line is written.
 */
void combined_take(struct combined *record, time_t when,
    const struct http_request *request);

/*
 * Writes the line, newline included, for an answer with this status and this
 * many bytes of content, to `line`. `peer` is the client's address, or NULL.
 * Quotes, backslashes, controls and bytes over 126 are written as \xHH, so that
 * a line stays a line. Returns the line.
 */
struct span combined_write(const struct combined *record, const char *peer,
    unsigned status, uint64_t bytes, char line[COMBINED_LINE_MAX]);

#endif
