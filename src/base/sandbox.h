/*
 * sandbox: what a thread may ask of the kernel, by its role, once it serves.
 * A system call that the role has no use for fails with EPERM (seccomp); and
 * writing, making, removing and executing files, with EACCES (Landlock).
 */
#ifndef MTASYNC_BASE_SANDBOX_H
#define MTASYNC_BASE_SANDBOX_H

#include <stdbool.h>

#include "base/role.h"

enum sandbox_mode {
	SANDBOX_AUTO,    /* what there is here */
	SANDBOX_REQUIRE, /* all, or no start */
	SANDBOX_OFF,
};

/* What is in force. Constant while threads use it; zeroed, nothing is. */
struct sandbox {
	bool seccomp;
	int landlock;        /* its version in this kernel; 0: none */
	const char *missing; /* what keeps it from being all; or NULL */
};

/*
 * Finds out what build and kernel have. Returns 0; or -1, and has said why,
 * where that is less than SANDBOX_REQUIRE asks for. Any thread.
 */
int sandbox_plan(struct sandbox *sandbox, enum sandbox_mode mode);

/*
 * Confines the calling thread, and those that it starts later, for good.
 * Needs no_new_privs. Returns 0; or -1, and has said why. Any thread.
 */
int sandbox_enter(const struct sandbox *sandbox, enum role role);

/* `confined by seccomp and Landlock`, or what else is in force; constant. Why
 * it is less, where that was not asked for, is told by `missing`. */
const char *sandbox_describe(const struct sandbox *sandbox);

#endif
