/* descriptors: how the process's file descriptors are shared out. */
#ifndef MTASYNC_SERVER_DESCRIPTORS_H
#define MTASYNC_SERVER_DESCRIPTORS_H

#include "server/server_config.h"

/*
 * Raises RLIMIT_NOFILE to its hard limit, and plans for so many sockets that
 * listen: sets config->max_conns where it is 0, and how many files each
 * worker's cache may hold open. Returns 0; or -1, and has said why, where
 * there are too few for the max_conns that was asked for. Main thread.
 */
int descriptors_plan(struct server_config *config, unsigned sockets);

#endif
