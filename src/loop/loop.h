/*
 * loop: a worker that is a thread with its own event base, listening sockets
 * and connections. It shares nothing on the way of a request.
 */
#ifndef MTASYNC_LOOP_LOOP_H
#define MTASYNC_LOOP_LOOP_H

#include "server/worker.h"

/* For server_config.new_worker. */
struct worker *loop_new(const struct worker_host *host, unsigned index);

#endif
