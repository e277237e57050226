/* ranges: what a Range field asks for (RFC 9110 14). */
#ifndef MTASYNC_HTTP_RANGES_H
#define MTASYNC_HTTP_RANGES_H

#include <stdint.h>

#include "base/span.h"

/*
 * As many as clients that put a file together from an old one ask for at once;
 * and as many as may overlap, or come in any order, which more of them do for
 * an attacker alone.
 */
#define HTTP_RANGES_MAX       256
#define HTTP_RANGES_LOOSE_MAX 16

struct http_range {
	uint64_t first;
	uint64_t size; /* never 0 */
};

struct http_ranges {
	unsigned count;
	struct http_range list[HTTP_RANGES_MAX];
};

enum http_ranges_result {
	HTTP_RANGES_IGNORED,     /* another unit, malformed, or too much: 200 */
	HTTP_RANGES_SATISFIABLE, /* 206: *ranges has at least one */
	HTTP_RANGES_UNSATISFIABLE, /* 416: all start behind the end */
};

/*
 * Reads the value of a Range field for content of `size` bytes. Ranges come
 * out in the order asked for, clipped to the content, those that are not
 * satisfiable left out. Too much (14.2: a server may ignore what is egregious)
 * is more than HTTP_RANGES_MAX ranges (those left out count too); more than
 * HTTP_RANGES_LOOSE_MAX unless each begins behind the end of the one before;
 * or ranges that together, as they overlap, have more bytes than the content. A
 * suffix of empty content is ignored: it is satisfiable (14.1.2), but no
 * Content-Range can say so. Any thread.
 */
enum http_ranges_result http_ranges_parse(struct span value, uint64_t size,
    struct http_ranges *ranges);

#endif
