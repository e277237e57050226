/* landlock: file access that the kernel refuses a thread, see landlock(7). */
#ifndef MTASYNC_BASE_LANDLOCK_H
#define MTASYNC_BASE_LANDLOCK_H

#include "base/role.h"

/* The version of the kernel's interface, or 0: there is none. Any thread. */
int landlock_version(void);

/*
 * Refuses the calling thread, and those that it starts later, all but reading
 * files; to ROLE_MAIN it leaves writing to regular files, and making them.
 * `version` is landlock_version(). Returns 0, or -1 with errno. Any thread.
 */
int landlock_enter(int version, enum role role);

#endif
