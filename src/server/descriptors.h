/* descriptors: how the process's file descriptors are shared out. */
#ifndef MTASYNC_SERVER_DESCRIPTORS_H
#define MTASYNC_SERVER_DESCRIPTORS_H

#include <stdint.h>

#include "server/server_config.h"

/*
 * Raises RLIMIT_NOFILE to its hard limit, before any socket is bound. Returns
 * how many descriptors there may be; 0, and has said why, where that can't be
 * found out. Main thread.
 */
uint64_t descriptors_raise(void);

/*
 * Where the operator has not said how many workers there are to be, lowers
 * config->workers, and what each address binds, until half of `all` is left for
 * connections, or as many as --max-conns says; to no less than one. Before any
 * socket is bound. Main thread.
 */
void descriptors_fit_workers(struct server_config *config, uint64_t all);

/* How many the operator's side takes, beside those on which it listens: these are
 * always left for it. Main thread. */
unsigned descriptors_of_admin(const struct server_config *admin);

/*
 * Returns how many connections there may be by descriptors_plan() where there are
 * `all` descriptors, after descriptors_fit_workers(): as many as --max-conns says, or
 * more where that is less than would be without it; 0: it would not start. `others` are
 * the descriptors of the operator's side. Beside unix sockets, it may be a few more.
 * Main thread.
 */
uint64_t descriptors_left(const struct server_config *config, uint64_t all,
    unsigned others);

/*
 * Shares out `all` where listening takes so many: sets config->max_conns where
 * it is 0, and how many files each worker's cache may hold open. Returns 0; or
 * -1, and has said why, where `all` is too little. Main thread.
 */
int descriptors_plan(struct server_config *config, uint64_t all,
    unsigned listening);

#endif
