/*
 * filter: the programs that the build has made; see src/make_filters.c. Owns
 * nothing; runs in whichever thread calls.
 */
#include "config.h"

#include "base/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP
# include "base/filter_programs.h"

# define FILTER_PROGRAM(code)                                     \
  {                                                               \
   sizeof(code) / sizeof((code)[0]), (struct sock_filter *)(code) \
  }

static const struct sock_fprog filter_programs[ROLE_COUNT] = {
	[ROLE_WORKER] = FILTER_PROGRAM(filter_worker),
	[ROLE_LOG_WRITER] = FILTER_PROGRAM(filter_log_writer),
	[ROLE_MAIN] = FILTER_PROGRAM(filter_main),
	[ROLE_CREW] = FILTER_PROGRAM(filter_crew),
};
#else
static const struct sock_fprog filter_programs[ROLE_COUNT];
#endif

const char *
filter_missing(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	if (filter_programs[ROLE_WORKER].len == 0)
		return FILTERS_MISSING;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return "this kernel has no seccomp";
	return NULL;
}

int
filter_enter(enum role role)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
	    &filter_programs[role]);
}
