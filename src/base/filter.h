/* filter: which system calls a thread may make; all others fail with EPERM. */
#ifndef MTASYNC_BASE_FILTER_H
#define MTASYNC_BASE_FILTER_H

#include "base/role.h"

struct sock_filter;

/* A program for the kernel's seccomp. */
struct filter {
	struct sock_filter *code; /* NULL: there is none */
	unsigned short length;    /* instructions */
};

/* Returns NULL, or what has no seccomp: a constant text. Any thread. */
const char *filter_missing(void);

/*
 * Makes the filter of a role, for threads of this process, where none is
 * missing. Returns 0, or -1 with errno. Main thread.
 */
int filter_make(struct filter *filter, enum role role);

/*
 * Has it apply to the calling thread, and those that it starts later. Needs
 * no_new_privs. Returns 0, or -1 with errno. Any thread.
 */
int filter_enter(const struct filter *filter);

/* Main thread, when no other uses it any more. */
void filter_free(struct filter *filter);

#endif
