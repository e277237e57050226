/*
 * access_log: one thread that writes the lines which many threads make.
 *
 * Each filling thread has a ring of its own that it alone writes to and the
 * writer thread alone reads from: no lock, and no wait for the disk. A line
 * that finds no room is dropped and counted.
 */
#ifndef MTASYNC_BASE_ACCESS_LOG_H
#define MTASYNC_BASE_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/span.h"

struct access_log;

/*
 * Opens `path` by log_file_open(), for a user to become (NULL: nobody else),
 * and makes `rings` rings of 256 KiB; the thread is not started yet. Returns
 * NULL with errno. Main thread.
 */
struct access_log *access_log_open(const char *path,
    const struct privileges *user, unsigned rings);

/*
 * Starts the writer thread, in which all signals are blocked, and waits until
 * it has confined itself by the sandbox. Returns 0; or -1, and has said why.
 * Main thread.
 */
int access_log_start(struct access_log *log, const struct sandbox *sandbox);

/*
 * Appends one whole line, its newline included and no other, to ring `ring`.
 * It is written some milliseconds later. Returns false where it was dropped
 * for want of room (and has been counted). Only the one thread that fills this
 * ring.
 */
bool access_log_append(struct access_log *log, unsigned ring, struct span line);

/* How many lines have been dropped so far. Any thread, until it is closed. */
uint64_t access_log_dropped(const struct access_log *log);

/* Counts a line as dropped that could not even be made. The same thread. */
void access_log_drop(struct access_log *log, unsigned ring);

/*
 * Opens the path anew, and has the writer, which may open nothing itself, take
 * that file soon, even while a pipe holds it up. Each line is whole in one of
 * the two. Returns 0; or -1, and has said why: the old file stays. Main thread.
 */
int access_log_reopen(struct access_log *log);

/*
 * Has the writer write what the rings hold, at most for `patience` nanoseconds
 * (a pipe that nobody reads must not hold the exit up), stops it, and frees
 * all. A writer that is stuck even then is left behind and frees all should it
 * ever come back; what it has not written is counted as dropped.
 * Returns how many lines were dropped in all, those that could not be written
 * included. NULL is allowed (0). Main thread, when no other thread fills a
 * ring any more.
 */
uint64_t access_log_close(struct access_log *log, int64_t patience);

#endif
