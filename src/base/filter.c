/*
 * filter: one table of system calls. libseccomp makes programs of it, once, in
 * the main thread; each thread loads its own.
 */
#include "config.h"

#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if HAVE_SECCOMP
# include <seccomp.h>

/* Who may make a call. */
enum filter_users {
	FILTER_WORKER = 1 << ROLE_WORKER,
	FILTER_LOG = 1 << ROLE_LOG_WRITER,
	FILTER_MAIN = 1 << ROLE_MAIN,
	FILTER_ALL = FILTER_WORKER | FILTER_LOG | FILTER_MAIN,
};

/* The flags of open(2) that ask for more than reading. */
# define FILTER_OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC)

struct filter_row {
	int call;
	unsigned users;
	/* NULL: any arguments; else only where `argument & mask == value` */
	const struct scmp_arg_cmp *only;
};

# define FILTER_IF(argument, mask, value)                    \
  &(const struct scmp_arg_cmp)                               \
  {                                                          \
   (argument), SCMP_CMP_MASKED_EQ, (unsigned)(mask), (value) \
  }

static const struct filter_row filter_table[] = {
	/* connections */
	{ SCMP_SYS(accept4), FILTER_WORKER, NULL },
	{ SCMP_SYS(epoll_pwait), FILTER_WORKER, NULL },
	{ SCMP_SYS(epoll_pwait2), FILTER_WORKER, NULL },
	{ SCMP_SYS(epoll_wait), FILTER_WORKER, NULL },
	{ SCMP_SYS(sendfile), FILTER_WORKER, NULL },
	{ SCMP_SYS(shutdown), FILTER_WORKER, NULL },
	{ SCMP_SYS(epoll_ctl), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(getsockname), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(getsockopt), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(recvfrom), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(recvmsg), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(sendmsg), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(sendto), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(setsockopt), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(timerfd_settime), FILTER_WORKER | FILTER_MAIN, NULL },

	/* a service manager, and the kernel's tables of sockets */
	{ SCMP_SYS(bind), FILTER_MAIN, NULL },
	{ SCMP_SYS(connect), FILTER_MAIN, NULL },
	{ SCMP_SYS(socket), FILTER_MAIN, FILTER_IF(0, -1, AF_NETLINK) },
	{ SCMP_SYS(socket), FILTER_MAIN, FILTER_IF(0, -1, AF_UNIX) },

	/* files; what openat2 asks for is out of sight here */
	{ SCMP_SYS(faccessat), FILTER_MAIN, NULL },
	{ SCMP_SYS(faccessat2), FILTER_MAIN, NULL },
	{ SCMP_SYS(openat), FILTER_MAIN, NULL },
	{ SCMP_SYS(openat), FILTER_WORKER,
	    FILTER_IF(2, FILTER_OPEN_WRITES, O_RDONLY) },
	{ SCMP_SYS(openat2), FILTER_WORKER | FILTER_MAIN, NULL },
	{ SCMP_SYS(lseek), FILTER_WORKER, NULL },
	{ SCMP_SYS(pread64), FILTER_WORKER, NULL },
	{ SCMP_SYS(fstat), FILTER_ALL, NULL },
	{ SCMP_SYS(newfstatat), FILTER_ALL, NULL },
	{ SCMP_SYS(statx), FILTER_ALL, NULL },

	/* any descriptor */
	{ SCMP_SYS(fcntl), FILTER_MAIN, NULL },
	{ SCMP_SYS(poll), FILTER_LOG | FILTER_MAIN, NULL },
	{ SCMP_SYS(ppoll), FILTER_LOG | FILTER_MAIN, NULL },
	{ SCMP_SYS(close), FILTER_ALL, NULL },
	{ SCMP_SYS(read), FILTER_ALL, NULL },
	{ SCMP_SYS(write), FILTER_ALL, NULL },
	{ SCMP_SYS(writev), FILTER_ALL, NULL },

	/* memory, none of which is executed */
	{ SCMP_SYS(brk), FILTER_ALL, NULL },
	{ SCMP_SYS(madvise), FILTER_ALL, NULL },
	{ SCMP_SYS(mmap), FILTER_ALL, FILTER_IF(2, PROT_EXEC, 0) },
	{ SCMP_SYS(mprotect), FILTER_ALL, FILTER_IF(2, PROT_EXEC, 0) },
	{ SCMP_SYS(mremap), FILTER_ALL, NULL },
	{ SCMP_SYS(munmap), FILTER_ALL, NULL },

	/* time, threads, and what the C library asks on its own */
	{ SCMP_SYS(clock_gettime), FILTER_ALL, NULL },
	{ SCMP_SYS(clock_nanosleep), FILTER_ALL, NULL },
	{ SCMP_SYS(exit), FILTER_ALL, NULL },
	{ SCMP_SYS(exit_group), FILTER_ALL, NULL },
	{ SCMP_SYS(futex), FILTER_ALL, NULL },
	{ SCMP_SYS(getpid), FILTER_ALL, NULL },
	{ SCMP_SYS(getrandom), FILTER_ALL, NULL },
	{ SCMP_SYS(gettimeofday), FILTER_ALL, NULL },
	{ SCMP_SYS(gettid), FILTER_ALL, NULL },
	{ SCMP_SYS(restart_syscall), FILTER_ALL, NULL },
	{ SCMP_SYS(rt_sigaction), FILTER_ALL, NULL },
	{ SCMP_SYS(rt_sigprocmask), FILTER_ALL, NULL },
	{ SCMP_SYS(rt_sigreturn), FILTER_ALL, NULL },
	{ SCMP_SYS(sched_getaffinity), FILTER_ALL, NULL },
	{ SCMP_SYS(sched_yield), FILTER_ALL, NULL },
	{ SCMP_SYS(time), FILTER_ALL, NULL },
};

# define FILTER_ROWS (sizeof(filter_table) / sizeof(filter_table[0]))

/* Returns 0, or an error number below 0, as libseccomp does. */
static int
filter_add_rows(scmp_filter_ctx context, enum role role)
{
	/* to end by abort(3): a signal to ourselves */
	const struct scmp_arg_cmp own = SCMP_A0(SCMP_CMP_EQ,
	    (scmp_datum_t)getpid());
	int result = seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
	    SCMP_SYS(tgkill), 1, &own);

	for (size_t i = 0; i < FILTER_ROWS && result == 0; i++) {
		const struct filter_row *row = &filter_table[i];

		if (row->users & 1U << role)
			result = seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
			    row->call, row->only != NULL, row->only);
	}
	return result;
}

/* Takes the program out of the file that it was written to. */
static int
filter_read(struct filter *filter, int fd)
{
	struct stat status;
	size_t size;

	if (fstat(fd, &status) == -1)
		return -1;
	size = (size_t)status.st_size;
	filter->code = malloc(size);
	filter->length = (unsigned short)(size / sizeof(struct sock_filter));
	if (filter->code == NULL)
		return -1;
	return pread(fd, filter->code, size, 0) == (ssize_t)size ? 0 : -1;
}

/* Whether the program asks for a system call by its number. */
static bool
filter_asks_for(const struct filter *filter, int call)
{
	for (unsigned i = 0; i < filter->length; i++)
		if (filter->code[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
		    filter->code[i].k == (unsigned)call)
			return true;
	return false;
}

/* Whether all rows have come to be in it: what libseccomp finds no memory for,
 * it may leave out without a word. */
static bool
filter_is_whole(const struct filter *filter, enum role role)
{
	for (size_t i = 0; i < FILTER_ROWS; i++)
		if ((filter_table[i].users & 1U << role) &&
		    !filter_asks_for(filter, filter_table[i].call))
			return false;
	return true;
}

static int
filter_compile(struct filter *filter, scmp_filter_ctx context, enum role role)
{
	int result = filter_add_rows(context, role), fd;

	if (result < 0) {
		errno = -result;
		return -1;
	}
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	result = seccomp_export_bpf(context, fd);
	if (result < 0)
		errno = -result;
	else
		result = filter_read(filter, fd);
	close(fd);
	return result < 0 ? -1 : 0;
}

const char *
filter_missing(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return NULL;
	return "this kernel has no seccomp";
}

int
filter_make(struct filter *filter, enum role role)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (context == NULL) {
		errno = ENOMEM;
		return -1;
	}
	result = filter_compile(filter, context, role);
	seccomp_release(context);
	if (result == 0 && !filter_is_whole(filter, role)) {
		errno = ENOMEM;
		return -1;
	}
	return result;
}

#else

const char *
filter_missing(void)
{
	return "this build has no seccomp";
}

int
filter_make(struct filter *filter, enum role role)
{
	(void)filter;
	(void)role;
	errno = ENOSYS;
	return -1;
}

#endif

int
filter_enter(const struct filter *filter)
{
	const struct sock_fprog program = { filter->length, filter->code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

void
filter_free(struct filter *filter)
{
	free(filter->code);
	*filter = (struct filter){ 0 };
}
