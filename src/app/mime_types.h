/* mime_types: the types of file names that an operator's file adds to ours. */
#ifndef MTASYNC_APP_MIME_TYPES_H
#define MTASYNC_APP_MIME_TYPES_H

#include "base/span.h"

/* Longer than any Content-Type of a file, its charset and NUL included. */
#define MIME_TYPE_MAX 112

struct mime_types;

/*
 * Reads a file in the format of /etc/mime.types: lines of a type and the
 * extensions that it has, `#` before comments. Of lines that name the same
 * extension the last counts; text types get a charset, UTF-8. Returns NULL, and
 * has said why, by file and line, where it can't be read, a line is none such,
 * or there is more than a sensible file has. Main thread; once read, it is
 * constant, so that any thread may look.
 */
struct mime_types *mime_types_read(const char *path);

/* Adds an owner, for whom one asks; who has read them is the first. Returns the
 * types. NULL is allowed. Any thread. */
struct mime_types *mime_types_hold(struct mime_types *types);

/* Takes an owner away; the last one frees them. NULL is allowed. Any thread. */
void mime_types_release(struct mime_types *types);

/* The type of an extension, in any case, which lives as long as the types; NULL:
 * the file names none. */
const char *mime_types_find(const struct mime_types *types,
    struct span extension);

#endif
