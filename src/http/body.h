/*
 * body: finds the end of a request body that nobody reads (RFC 9112 6, 7.1).
 */
#ifndef MTASYNC_HTTP_BODY_H
#define MTASYNC_HTTP_BODY_H

#include "http/request.h"

struct http_body {
	uint64_t left;     /* bytes of the body or of this chunk yet to come */
	uint64_t room;     /* content bytes that the limit still allows */
	uint32_t overhead; /* bytes of extensions and trailers so far */
	uint16_t status;   /* HTTP_BAD: the status to answer with */
	uint8_t step;      /* where in the grammar of 7.1; private */
	const char *fault; /* HTTP_BAD: what is wrong, a constant sentence */
};

/*
 * Prepares for the body of `request`, whose content may have up to `limit`
 * bytes. Returns HTTP_OK where there is no body to wait for, HTTP_MORE where
 * there is, HTTP_BAD (413) where Content-Length already says too much.
 */
enum http_parse http_body_begin(struct http_body *body,
    const struct http_request *request, uint64_t limit);

/*
 * Takes the next bytes of the body and forgets them; *used says how many, the
 * rest being the next request's. HTTP_OK: the body is complete. HTTP_MORE: all
 * of the input was used. HTTP_BAD: status and fault are set, 400 for what is
 * malformed, 413 over the limit; close after the answer. May be split
 * anywhere. Chunk sizes are hexadecimal and at most 2^63-1; extensions and
 * trailers are checked, ignored, and together bounded by HTTP_HEAD_MAX. No
 * allocation.
 */
enum http_parse http_body_skip(struct http_body *body, struct span input,
    size_t *used);

#endif
