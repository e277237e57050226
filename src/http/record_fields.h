/*
 * record_fields: the fields of a request that a journal shows, as members of a line of
 * JSON: all, or those that are named.
 */
#ifndef MTASYNC_HTTP_RECORD_FIELDS_H
#define MTASYNC_HTTP_RECORD_FIELDS_H

#include "http/request.h"

/* Bytes of the longest members. */
#define RECORD_FIELDS_TEXT_MAX ((size_t)16 * 1024)

/* Whether a list names fields: `*`, or names with commas between. */
bool record_fields_check(const char *list);

/*
 * Writes `,"fields":[["Name","value"],...]`: those of the list, which has passed
 * record_fields_check(), in the order and form in which they came, each octet as the
 * character of its number. Those that have no room are counted by
 * `,"fields_left_out":N`. Nothing for a request whose head could not be read, or NULL.
 * Returns what it wrote, in `out`. Any thread.
 */
struct span record_fields_write(const struct http_request *request,
    const char *list, char out[RECORD_FIELDS_TEXT_MAX]);

#endif
