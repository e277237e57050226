/* origin: whom a request is for: the forms of a target, and Host. */
#ifndef MTASYNC_HTTP_ORIGIN_H
#define MTASYNC_HTTP_ORIGIN_H

#include "http/request.h"

/*
 * Sets authority, path and query of a request whose lines have been read (RFC
 * 9112 3.2, 3.3). Returns HTTP_OK; or HTTP_BAD (400) where the target's form
 * does not suit the method, or an authority is not valid. Any thread.
 */
enum http_parse http_origin_decide(struct http_request *request);

/* Returns the path of a target in origin-form or absolute-form, as
 * http_origin_decide() would set it; empty: the target has none. Any thread. */
struct span http_origin_path(struct span target);

#endif
