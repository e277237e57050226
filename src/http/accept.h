/* accept: how much a client wants a media type (RFC 9110 12.5.1). */
#ifndef MTASYNC_HTTP_ACCEPT_H
#define MTASYNC_HTTP_ACCEPT_H

#include <stdint.h>

#include "http/request.h"

/* How closely a media range names a type. */
enum http_accept_match {
	HTTP_ACCEPT_NONE, /* not at all */
	HTTP_ACCEPT_ANY,  /* as any type */
	HTTP_ACCEPT_KIND, /* as any type of its kind, such as `text` */
	HTTP_ACCEPT_TYPE, /* by its name */
};

struct http_acceptance {
	uint16_t quality; /* in thousandths; 0: it is not acceptable */
	enum http_accept_match match; /* of the range that says so */
};

/*
 * Tells how much the client wants a media type, `type/subtype` in lower case,
 * by its Accept lines, as one list: the range that names the type most closely
 * says, and of several such the least quality. Parameters but q are not looked
 * at, and an element whose q is malformed is ignored. Without the field all
 * types are as good, and none is named. Any thread.
 */
struct http_acceptance http_accept_find(const struct http_request *request,
    struct span type);

#endif
