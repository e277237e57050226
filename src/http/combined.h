/* combined: a line of the access log, in the combined log format. */
#ifndef MTASYNC_HTTP_COMBINED_H
#define MTASYNC_HTTP_COMBINED_H

#include <stdint.h>
#include <time.h>

#include "http/request.h"

/* What a line says of a request, kept until its answer is known. */
struct combined;

/*
 * Takes down a request that came from `peer` at `when`: a copy, since the
 * request is gone when the line is written. NULL for `request`: none that
 * could be read. Quotes, backslashes, controls and bytes over 126 are written
 * as \xHH, so that a line stays a line. Returns NULL where memory is short;
 * free() it.
 */
struct combined *combined_take(
    const char *peer, time_t when, const struct http_request *request);

/*
 * The line, newline included, for an answer with this status and this many
 * bytes of content. It lives as long as the record, and is asked for once.
 */
struct span combined_line(
    struct combined *record, unsigned status, uint64_t bytes);

#endif
