/*
 * models: the blocking ways to wait, a file for each, to be compared with the
 * event loop. Each function is for server_config.new_worker; there is one
 * worker, whatever it has threads, server_config.threads of them where it has a
 * number. Main thread.
 */
#ifndef MTASYNC_MODELS_MODELS_H
#define MTASYNC_MODELS_MODELS_H

#include "server/worker.h"

struct worker *serial_new(const struct worker_host *host, unsigned index);
struct worker *thread_new(const struct worker_host *host, unsigned index);
struct worker *pool_new(const struct worker_host *host, unsigned index);
struct worker *fork_join_new(const struct worker_host *host, unsigned index);

#endif
