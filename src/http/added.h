/* added: fields that the operator adds to every answer. */
#ifndef MTASYNC_HTTP_ADDED_H
#define MTASYNC_HTTP_ADDED_H

#include "base/span.h"

/* All added field lines together, each with its CRLF. */
#define HTTP_ADDED_MAX 4096

struct http_added {
	char lines[HTTP_ADDED_MAX];
	size_t size;
};

/*
 * Adds `text`, as `Name: value`. Returns NULL; or, where the text is no field,
 * or one that we write ourselves, or too much, a constant sentence that says
 * so, and nothing is added. Any thread.
 */
const char *http_added_put(struct http_added *added, struct span text);

#endif
