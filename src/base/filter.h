/* filter: which system calls a thread may make; all others fail with EPERM. */
#ifndef MTASYNC_BASE_FILTER_H
#define MTASYNC_BASE_FILTER_H

#include "base/role.h"

/* Returns NULL, or what has no seccomp: a constant text. Any thread. */
const char *filter_missing(void);

/*
 * Has the filter of a role apply to the calling thread, and to those that it
 * starts later. Needs no_new_privs. Returns 0, or -1 with errno. Any thread.
 */
int filter_enter(enum role role);

#endif
