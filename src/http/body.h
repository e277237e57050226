/*
 * body: finds the content and the end of a request body (RFC 9112 6, 7.1).
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
	uint8_t digits;    /* of the chunk size so far */
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
 * Takes the next bytes of the body, up to the end of the first run of content among
 * them; *used says how many, and *content is that run, a part of the input, without
 * the frame of its chunk; it may be empty. HTTP_OK: the body is complete, and what is
 * left of the input is the next request's. HTTP_MORE: more is to come, first of what is
 * left of the input, then of what follows it. HTTP_BAD: status and fault are set, 400
 * for what is malformed, 413 over the limit; close after the answer. May be split
 * anywhere. Chunk sizes are hexadecimal, of at most 16 digits and 2^63-1;
 * extensions and trailers may hold no control characters, are ignored, and are
 * together bounded by HTTP_HEAD_MAX (413). No allocation. Any thread.
 */
enum http_parse http_body_next(struct http_body *body, struct span input,
    size_t *used, struct span *content);

#endif
