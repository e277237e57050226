/* landlock: a set of rights without any rule that grants one. Owns nothing;
 * runs in whichever thread calls. */
#include "config.h"

#include "base/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/syscalls.h"

/* The kernel's interface, of which system headers may know less. */
#define LANDLOCK_VERSION 1U /* landlock_create_ruleset: tell the version */

enum landlock_files {
	LANDLOCK_EXECUTE = 1 << 0,
	LANDLOCK_WRITE = 1 << 1,
	LANDLOCK_READ = 1 << 2,
	LANDLOCK_LIST = 1 << 3,
	LANDLOCK_REMOVE_FILE = 1 << 5,
	LANDLOCK_MAKE_REGULAR = 1 << 8,
};

/* struct landlock_ruleset_attr: what is refused where no rule allows it. */
struct landlock_rights {
	uint64_t files;
	uint64_t net;    /* bind and connect, of TCP */
	uint64_t scoped; /* abstract sockets of, and signals to, others */
};

/* The bits that each version has, all of them. */
static const struct landlock_rights landlock_known[] = {
	{ 0x1fff, 0, 0 },
	{ 0x3fff, 0, 0 },
	{ 0x7fff, 0, 0 },
	{ 0x7fff, 3, 0 },
	{ 0xffff, 3, 0 },
	{ 0xffff, 3, 3 },
};

#define LANDLOCK_KNOWN \
 ((int)(sizeof(landlock_known) / sizeof(landlock_known[0])))

/* What each role keeps of them. */
static const struct landlock_rights landlock_kept[ROLE_COUNT] = {
	[ROLE_WORKER] = { LANDLOCK_READ | LANDLOCK_LIST, 0, 0 },
	[ROLE_CREW] = { LANDLOCK_READ | LANDLOCK_LIST, 0, 0 },
	[ROLE_LOG_WRITER] = { 0, 0, 0 },
	/* the log is made anew, a unix socket's file removed; and a service
	 * manager may listen on an abstract socket (1) */
	[ROLE_MAIN] = { LANDLOCK_READ | LANDLOCK_LIST | LANDLOCK_WRITE |
			    LANDLOCK_MAKE_REGULAR | LANDLOCK_REMOVE_FILE,
	    0, 1 },
};

int
landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_VERSION);

	return version > 0 ? (int)version : 0;
}

int
landlock_enter(int version, enum role role)
{
	const struct landlock_rights *kept = &landlock_kept[role];
	struct landlock_rights rights = landlock_known
	    [(version < LANDLOCK_KNOWN ? version : LANDLOCK_KNOWN) - 1];
	int fd, saved;
	long result;

	rights.files &= ~kept->files;
	rights.net &= ~kept->net;
	rights.scoped &= ~kept->scoped;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights),
	    0);
	if (fd == -1)
		return -1;
	result = syscall(SYS_landlock_restrict_self, fd, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return (int)result;
}
