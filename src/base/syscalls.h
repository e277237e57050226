/* syscalls: numbers of system calls that the system's headers may be too old
 * to know; since Linux 5.4 a new call has the same number on any machine. */
#ifndef MTASYNC_BASE_SYSCALLS_H
#define MTASYNC_BASE_SYSCALLS_H

#include <sys/syscall.h>

#ifndef SYS_openat2
# define SYS_openat2 437
#endif
#ifndef SYS_landlock_create_ruleset
# define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_restrict_self
# define SYS_landlock_restrict_self 446
#endif

#endif
