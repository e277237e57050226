/*
 * log_file: the file that the access log goes to, and who opens it. Of a path
 * in which somebody else may lay links, root must not open what they lead to.
 */
#ifndef MTASYNC_BASE_LOG_FILE_H
#define MTASYNC_BASE_LOG_FILE_H

#include "base/privileges.h"

/*
 * The descriptor that a path names: `-`, /dev/stdout, /dev/stderr, /dev/fd/N and
 * /proc/self/fd/N; -1: it is the path of a file. Any thread.
 */
int log_file_descriptor(const char *path);

/*
 * Opens `path` for appending; what names a descriptor is a copy of that, whoever
 * it belongs to and however often it is opened. A new file has
 * mode 0640. Nothing waits: a FIFO that nobody reads is ENXIO.
 *
 * With a user to become, it is opened as that user. Where they may not, root
 * opens it: a new file, which is given to the user, or a regular one with one
 * link, and through no link on the whole way; anything else is EPERM. NULL is
 * nobody else, as in struct privileges.
 *
 * Returns a descriptor, or -1 with errno. Main thread; with a user, before
 * there are others.
 */
int log_file_open(const char *path, const struct privileges *user);

/*
 * Whether log_file_open() would find or make it; makes no file. Of a link that
 * leads to nothing yet, it looks at the link's own directory. Returns 0, or -1
 * with errno. Like log_file_open().
 */
int log_file_check(const char *path, const struct privileges *user);

#endif
