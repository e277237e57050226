/*
 * parser: the bytes of a request head to a struct http_request. Strict: what
 * is malformed or ambiguous is refused.
 */
#ifndef MTASYNC_HTTP_PARSER_H
#define MTASYNC_HTTP_PARSER_H

#include "http/request.h"

/*
 * Parses the head at the start of `input`. `seen` says how many bytes of it a
 * former call has answered HTTP_MORE to (0 the first time): the verdict is the
 * same as for the whole input at once, whatever the split, and a head that
 * comes byte by byte costs no more than linear time per line. The first fault
 * in the lines decides; what the fields mean is judged when all are there.
 * A head that has not ended within HTTP_HEAD_MAX bytes is HTTP_BAD: the caller
 * needs no more room than that. *request is zeroed before its first use; the
 * next requests may be parsed into it too, and if their Host is the same, it
 * is not checked again.
 *
 * HTTP_OK: *request is filled; what follows head_size is body or the next
 * request. HTTP_BAD: status and fault are set, and so are method_name,
 * target and version as far as known, for the log; the connection must close after the
 * answer, since its framing is lost. No allocation. Any thread.
 */
enum http_parse http_request_parse(struct http_request *request,
    struct span input, size_t seen);

#endif
