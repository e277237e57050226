/*
 * loop: a worker that is a thread with its own event base, listening sockets
 * and connections. It shares nothing on the way of a request.
 */
#ifndef MTASYNC_LOOP_LOOP_H
#define MTASYNC_LOOP_LOOP_H

#include <stddef.h>

#include "server/worker.h"

/* For server_config.new_worker. */
struct worker *loop_new(const struct worker_host *host, unsigned index);

/* `2.1.12-stable (epoll)`: the event library and how it waits. Main thread. */
void loop_describe_library(char *text, size_t room);

#endif
