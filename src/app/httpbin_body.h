/* httpbin_body: the body of a request, as httpbin's paths tell of it. Any thread. */
#ifndef MTASYNC_APP_HTTPBIN_BODY_H
#define MTASYNC_APP_HTTPBIN_BODY_H

#include "base/text.h"

/*
 * Writes members of a JSON object, each behind a comma, of a body of this
 * Content-Type: `data`, the body, of a type that is not known to be text as a data:
 * URL (RFC 2397); `files` and `form`, of a form, objects of lists; `json`, of JSON. A
 * body without data is not known: it was too large.
 */
void httpbin_body_write(struct span type, struct span body, struct text *text);

#endif
