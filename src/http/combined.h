/* combined: a line of the access log, in the combined log format. */
#ifndef MTASYNC_HTTP_COMBINED_H
#define MTASYNC_HTTP_COMBINED_H

#include "http/record.h"

/*
 * Writes the line, newline included, to `line`. Quotes, backslashes, controls and
 * bytes over 126 are written as \xHH, so that a line stays a line. Returns the
 * line. Any thread.
 */
struct span combined_write(const struct record *record,
    const struct outcome *outcome, char line[RECORD_LINE_MAX]);

#endif
