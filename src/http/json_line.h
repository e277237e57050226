/* json_line: a line of the access log, as a JSON object (RFC 8259). */
#ifndef MTASYNC_HTTP_JSON_LINE_H
#define MTASYNC_HTTP_JSON_LINE_H

#include "http/record.h"

/*
 * Writes the line, newline included, to `line`: an object with the members time
 * (RFC 3339), peer, method, target, version, status, bytes, seconds, sleep_ms,
 * late_ms, did, left (seconds), worker, connection, request, referer and
 * user_agent, in this order. What is unknown, or is not so, is left out.
 *
 * All bytes are printable ASCII: other characters are written as \uXXXX, those
 * behind U+FFFF as two of them. Each byte that is not part of valid UTF-8 is
 * written as U+FFFD. A string of more than RECORD_FIELD_MAX bytes is cut, behind a
 * whole character. Returns the line. Any thread.
 */
struct span json_line_write(const struct record *record,
    const struct outcome *outcome, char line[RECORD_LINE_MAX]);

#endif
