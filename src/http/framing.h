/* framing: where a message ends, and what becomes of its connection. */
#ifndef MTASYNC_HTTP_FRAMING_H
#define MTASYNC_HTTP_FRAMING_H

#include "http/request.h"

/*
 * Sets framing, content_length, keep_alive and expects_continue of a request
 * whose lines have been read (RFC 9112 6, 9.3; RFC 9110 10.1.1). Returns
 * HTTP_OK; or HTTP_BAD: 400 for what is ambiguous or malformed, 417 and 501
 * for what we do not know. Any thread.
 */
enum http_parse http_framing_decide(struct http_request *request);

#endif
