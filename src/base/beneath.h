/* beneath: opens files below a directory, and never anything outside it. */
#ifndef MTASYNC_BASE_BENEATH_H
#define MTASYNC_BASE_BENEATH_H

#include <sys/stat.h>

/*
 * Opens `path` (relative, NUL-terminated, "" for the root itself) below the
 * directory `root`, which is an open descriptor, for reading. Only a regular
 * file is ever opened: what else is found (a directory, FIFO, socket, device)
 * is told by *status alone. Symbolic links are followed as long as each leads to
 * below the root, absolute ones from the root of the process; names of `path`
 * never lead on from outside. Uses openat2(2) with RESOLVE_BENEATH; where that
 * finds a way out, or the kernel or a sandbox refuses the call,
 * beneath_open_walk().
 *
 * Returns a descriptor that the caller owns (O_CLOEXEC); or -1 with errno = 0
 * where *status tells of something that is no regular file; or -1 with errno
 * (ENOENT, EACCES, EXDEV for a way out, ELOOP, ENAMETOOLONG, EMFILE, ...;
 * EAGAIN where renames kept disturbing a way with `..` in it). May wait for
 * the disk. Any thread.
 */
int beneath_open(int root, const char *path, struct stat *status);

/* The same by openat(2), name by name. */
int beneath_open_walk(int root, const char *path, struct stat *status);

/*
 * Opens a directory below `root` for reading its names, by the same ways.
 * Returns a descriptor that the caller owns, or -1 with errno (ENOTDIR, and as
 * above).
 */
int beneath_open_directory(int root, const char *path);

/* Looks at what is at a path below `root`, without opening it, by the same
 * ways. Returns 0, or -1 with errno. */
int beneath_stat(int root, const char *path, struct stat *status);

#endif
