/* writer_thread: how the threads begin that write what the others log. */
#ifndef MTASYNC_BASE_WRITER_THREAD_H
#define MTASYNC_BASE_WRITER_THREAD_H

#include "base/sandbox.h"

/*
 * Starts a thread that has all signals blocked, confines itself as
 * ROLE_LOG_WRITER and then calls run(argument); returns once it is confined.
 * The thread is detached: who tells it to stop need not wait for its end.
 * Returns 0; or -1, and has said why: then `run` is never called. Main thread.
 */
int writer_thread_start(const struct sandbox *sandbox,
    void (*run)(void *argument), void *argument);

#endif
