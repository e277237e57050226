/* target: the path of a request target, to a path below the root. */
#ifndef MTASYNC_HTTP_TARGET_H
#define MTASYNC_HTTP_TARGET_H

#include <stddef.h>

#include "base/span.h"

enum http_target {
	HTTP_TARGET_OK,
	HTTP_TARGET_MALFORMED, /* '%' without two hex digits, or a NUL */
	HTTP_TARGET_ABOVE,     /* `..` climbs over the root */
	HTTP_TARGET_TOO_LONG,  /* does not fit */
};

/*
 * Decodes `path` (RFC 3986 2.1; it starts with '/') once, drops the slash at
 * its start, makes one slash of several, and resolves dot segments (5.2.4),
 * which may themselves be percent-encoded. A slash at the end stays: it says
 * directory. What %2f and %5c stand for stays data: %2f is refused as
 * HTTP_TARGET_MALFORMED, since no file name can hold it; a backslash is an
 * ordinary character. "/" gives "". `text` gets the result, NUL-terminated,
 * and *size its length. Any thread.
 */
enum http_target http_target_decode(struct span path, char *text, size_t room,
    size_t *size);

#endif
