/* response: a response head, written a field at a time (RFC 9112 4, 5). */
#ifndef MTASYNC_HTTP_RESPONSE_H
#define MTASYNC_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/*
 * A head under construction in the caller's room. The first line that does not
 * fit and all that follow are left out, whole, and `overflow` is set: room is
 * chosen so that it does not happen. Any thread.
 */
struct http_head {
	char *data;
	size_t size; /* bytes so far */
	size_t room;
	bool overflow;
};

/* `Not Found` for 404; `Unknown` for a status that no RFC has a reason for. */
const char *http_reason(unsigned status);

/* Starts with the status line, in our own version, HTTP/1.1. */
void http_head_begin(struct http_head *head, char *data, size_t room,
    unsigned status);

/* `name: value`. Both are ours or checked: no control characters. */
void http_head_field(struct http_head *head, const char *name,
    struct span value);

/* The same with a decimal number. */
void http_head_number(struct http_head *head, const char *name, uint64_t n);

/* The same with printf's formatting. */
void http_head_printf(struct http_head *head, const char *name,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The bytes as they are: content, behind the empty line. */
void http_head_append(struct http_head *head, struct span bytes);

/* Takes the lines with a field's name out again. */
void http_head_remove(struct http_head *head, struct span name);

/* Appends whole field lines, which take the place of those with the same names
 * that are there. */
void http_head_replace(struct http_head *head, struct span lines);

/* The empty line. */
void http_head_end(struct http_head *head);

#endif
