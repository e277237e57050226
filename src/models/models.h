/*
 * models: the blocking ways to wait, a file for each, to be compared with the
 * event loop. Each function is for server_config.new_worker. A model is one
 * worker, however many threads it has; pool and fork_join have
 * server_config.threads. Main thread.
 */
#ifndef MTASYNC_MODELS_MODELS_H
#define MTASYNC_MODELS_MODELS_H

#include "server/worker.h"

struct worker *models_new_serial(const struct worker_host *host,
    unsigned index);
struct worker *models_new_thread(const struct worker_host *host,
    unsigned index);
struct worker *models_new_pool(const struct worker_host *host, unsigned index);
struct worker *models_new_fork_join(const struct worker_host *host,
    unsigned index);

#endif
