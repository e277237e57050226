/* target: the path of a request target to a path below the root, and back. */
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
 * directory. %2f is the slash that it stands for, as no file name can hold one;
 * a backslash is an ordinary character. "/" gives "". `text` gets the result,
 * NUL-terminated, and *size its length. Any thread.
 */
enum http_target http_target_decode(struct span path, char *text, size_t room,
    size_t *size);

/*
 * Writes a decoded path as a target has it: all but slashes and what RFC 3986
 * calls unreserved or sub-delims becomes %XX, so that nobody takes any of it
 * for a delimiter, a scheme or the end of a line. `text` has 3 * path.size
 * bytes. Returns the size. Any thread.
 */
size_t http_target_encode(struct span path, char *text);

#endif
