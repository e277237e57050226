/*
 * log_queue: messages on their way to the thread that writes them, so that
 * whoever says something never waits for those who should read it.
 */
#ifndef MTASYNC_BASE_LOG_QUEUE_H
#define MTASYNC_BASE_LOG_QUEUE_H

#include <stdint.h>

#include "base/sandbox.h"
#include "base/span.h"

/*
 * Starts that thread. Until then messages are written by those who say them.
 * Returns 0; or -1, and has said why. Main thread, before there are others.
 */
int log_queue_start(const struct sandbox *sandbox);

/*
 * Writes `line` in a single write(2): its first byte is the descriptor to write
 * to, the rest a whole line. Once the thread runs, the line goes into a queue
 * of 256 KiB. One that finds no room is lost, and so are all others until the
 * queue is empty; then a message says how many. Any thread.
 */
void log_queue_put(struct span line);

/*
 * Has the thread write what the queue holds, and end; waits for `patience`
 * nanoseconds at most for those who should read it, and a second more where it
 * is only the thread that is late. What is said later, or has not been written
 * by then, is lost. Main thread.
 */
void log_queue_stop(int64_t patience);

#endif
