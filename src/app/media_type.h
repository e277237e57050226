/* media_type: what kind of content a file name promises. */
#ifndef MTASYNC_APP_MEDIA_TYPE_H
#define MTASYNC_APP_MEDIA_TYPE_H

#include "base/span.h"

/*
 * The Content-Type for a file name, by what follows its last dot, in any case;
 * text types name their charset. `application/octet-stream` where the name
 * says nothing. The text is a constant. Any thread.
 */
const char *media_type_of(struct span name);

#endif
