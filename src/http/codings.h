/* codings: which content codings a client accepts (RFC 9110 12.5.3). */
#ifndef MTASYNC_HTTP_CODINGS_H
#define MTASYNC_HTTP_CODINGS_H

#include <stdint.h>

#include "http/request.h"

/* In the order in which we prefer them where the client has no preference. */
enum http_coding {
	HTTP_CODING_BR,
	HTTP_CODING_ZSTD,
	HTTP_CODING_GZIP, /* and x-gzip (8.4.1.3) */
	HTTP_CODING_IDENTITY,
	HTTP_CODINGS,
};

/*
 * Tells how much the client wants each coding, in thousandths; 0: it does not
 * accept it. By its Accept-Encoding lines, as one list, with q values and `*`.
 * An element that is malformed is ignored; of a coding that is named twice, the
 * lesser quality counts. Identity is acceptable unless it is forbidden; where
 * nothing names it, it has 1, so that any coding that is named goes first.
 * Without the field: identity alone, since not all who send none can decode.
 * Any thread.
 */
void http_codings_accepted(const struct http_request *request,
    uint16_t quality[HTTP_CODINGS]);

#endif
