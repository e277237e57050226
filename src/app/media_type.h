/* media_type: what kind of content a file name promises. */
#ifndef MTASYNC_APP_MEDIA_TYPE_H
#define MTASYNC_APP_MEDIA_TYPE_H

#include "app/mime_types.h"
#include "base/span.h"
#include "http/codings.h"

/*
 * The Content-Type for a file's path, by what follows the last dot but one of
 * its name, or else the last, in any case; by the operator's types, which may
 * be NULL, or else by our own. Text types name their charset.
 * `application/octet-stream` where the name says nothing. Shorter than
 * MIME_TYPE_MAX; it lives as long as `types`. Any thread.
 */
const char *media_type_of(const struct mime_types *types, struct span path);

/* How a file is coded as it lies there, by its name: `.svgz` is an SVG in gzip.
 * Archives and the like are not coded, but what they are. Any thread. */
enum http_coding media_type_coding(struct span path);

#endif
