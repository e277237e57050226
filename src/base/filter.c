/*
 * filter: one table of system calls, and the BPF program that is made of it.
 * Owns nothing; runs in whichever thread calls.
 */
#include "config.h"

#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How the kernel names the processor; on any other there is no filter. */
#if defined __x86_64__
# define FILTER_MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __LITTLE_ENDIAN__
# define FILTER_MACHINE AUDIT_ARCH_AARCH64
#else
# define FILTER_MACHINE 0
#endif

/* Who may make a call. */
enum filter_users {
	FILTER_WORKER = 1 << ROLE_WORKER,
	FILTER_LOG = 1 << ROLE_LOG_WRITER,
	FILTER_MAIN = 1 << ROLE_MAIN,
	FILTER_ALL = FILTER_WORKER | FILTER_LOG | FILTER_MAIN,
};

/* The flags of open(2) that ask for more than reading. */
#define FILTER_OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC)

/* Users may make this call where `argument & mask == value`; an argument's
 * number is from 0 on, and its lower 32 bits are looked at. */
struct filter_row {
	unsigned call;
	unsigned users;
	unsigned argument;
	uint32_t mask; /* 0: whatever the arguments */
	uint32_t value;
};

#define FILTER_CALL(name, users) \
 {                               \
  SYS_##name, (users), 0, 0, 0   \
 }

static const struct filter_row filter_table[] = {
	/* connections; what is called most, first */
	FILTER_CALL(recvfrom, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(sendto, FILTER_WORKER | FILTER_MAIN),
#ifdef SYS_epoll_wait
	FILTER_CALL(epoll_wait, FILTER_WORKER),
#endif
	FILTER_CALL(accept4, FILTER_WORKER),
	FILTER_CALL(epoll_pwait, FILTER_WORKER),
#ifdef SYS_epoll_pwait2
	FILTER_CALL(epoll_pwait2, FILTER_WORKER),
#endif
	FILTER_CALL(sendfile, FILTER_WORKER),
	FILTER_CALL(shutdown, FILTER_WORKER),
	FILTER_CALL(epoll_ctl, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(getsockname, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(getsockopt, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(recvmsg, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(sendmsg, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(setsockopt, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(timerfd_settime, FILTER_WORKER | FILTER_MAIN),

	/* a service manager, and the kernel's tables of sockets */
	FILTER_CALL(bind, FILTER_MAIN),
	FILTER_CALL(connect, FILTER_MAIN),
	{ SYS_socket, FILTER_MAIN, 0, UINT32_MAX, AF_NETLINK },
	{ SYS_socket, FILTER_MAIN, 0, UINT32_MAX, AF_UNIX },

	/* files; what openat2 asks for is out of sight here */
	FILTER_CALL(faccessat, FILTER_MAIN),
	FILTER_CALL(faccessat2, FILTER_MAIN),
	FILTER_CALL(openat, FILTER_MAIN),
	{ SYS_openat, FILTER_WORKER, 2, FILTER_OPEN_WRITES, O_RDONLY },
	FILTER_CALL(openat2, FILTER_WORKER | FILTER_MAIN),
	FILTER_CALL(lseek, FILTER_WORKER),
	FILTER_CALL(pread64, FILTER_WORKER),
	FILTER_CALL(fstat, FILTER_ALL),
	FILTER_CALL(newfstatat, FILTER_ALL),
	FILTER_CALL(statx, FILTER_ALL),

	/* any descriptor */
	FILTER_CALL(fcntl, FILTER_MAIN),
#ifdef SYS_poll
	FILTER_CALL(poll, FILTER_LOG | FILTER_MAIN),
#endif
	FILTER_CALL(ppoll, FILTER_LOG | FILTER_MAIN),
	FILTER_CALL(close, FILTER_ALL),
	FILTER_CALL(read, FILTER_ALL),
	FILTER_CALL(write, FILTER_ALL),
	FILTER_CALL(writev, FILTER_ALL),

	/* memory, none of which is executed */
	FILTER_CALL(brk, FILTER_ALL),
	FILTER_CALL(madvise, FILTER_ALL),
	{ SYS_mmap, FILTER_ALL, 2, PROT_EXEC, 0 },
	{ SYS_mprotect, FILTER_ALL, 2, PROT_EXEC, 0 },
	FILTER_CALL(mremap, FILTER_ALL),
	FILTER_CALL(munmap, FILTER_ALL),

	/* time, threads, and what the C library asks on its own */
	FILTER_CALL(clock_gettime, FILTER_ALL),
	FILTER_CALL(clock_nanosleep, FILTER_ALL),
	FILTER_CALL(exit, FILTER_ALL),
	FILTER_CALL(exit_group, FILTER_ALL),
	FILTER_CALL(futex, FILTER_ALL),
	FILTER_CALL(getpid, FILTER_ALL),
	FILTER_CALL(getrandom, FILTER_ALL),
	FILTER_CALL(gettimeofday, FILTER_ALL),
	FILTER_CALL(gettid, FILTER_ALL),
	FILTER_CALL(restart_syscall, FILTER_ALL),
	FILTER_CALL(rt_sigaction, FILTER_ALL),
	FILTER_CALL(rt_sigprocmask, FILTER_ALL),
	FILTER_CALL(rt_sigreturn, FILTER_ALL),
	FILTER_CALL(sched_getaffinity, FILTER_ALL),
	FILTER_CALL(sched_yield, FILTER_ALL),
#ifdef SYS_time
	FILTER_CALL(time, FILTER_ALL),
#endif
};

#define FILTER_ROWS (sizeof(filter_table) / sizeof(filter_table[0]))

/* Instructions: of a row, and of what surrounds them. */
#define FILTER_ROW_MAX 6
#define FILTER_FRAME   16

struct filter {
	struct sock_filter code[FILTER_ROWS * FILTER_ROW_MAX + FILTER_FRAME];
	unsigned short length;
};

static void
filter_put(struct filter *filter, struct sock_filter instruction)
{
	filter->code[filter->length++] = instruction;
}

static void
filter_put_load(struct filter *filter, size_t offset)
{
	filter_put(filter,
	    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		(uint32_t)offset));
}

/* Skips so many instructions unless what was loaded last is `value`. */
static void
filter_put_unless(struct filter *filter, uint32_t value, uint8_t skipped)
{
	filter_put(filter,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
		skipped));
}

static void
filter_put_return(struct filter *filter, uint32_t action)
{
	filter_put(filter,
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Between the rows, the call's number is what was loaded last. */
static void
filter_put_row(struct filter *filter, const struct filter_row *row)
{
	if (row->mask == 0) {
		filter_put_unless(filter, row->call, 1);
		filter_put_return(filter, SECCOMP_RET_ALLOW);
		return;
	}
	filter_put_unless(filter, row->call, FILTER_ROW_MAX - 1);
	filter_put_load(filter, offsetof(struct seccomp_data, args) +
				    row->argument * sizeof(uint64_t));
	filter_put(filter,
	    (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row->mask));
	filter_put_unless(filter, row->value, 1);
	filter_put_return(filter, SECCOMP_RET_ALLOW);
	filter_put_load(filter, offsetof(struct seccomp_data, nr));
}

/* Calls of another machine have other numbers: none of them is allowed. */
static void
filter_make(struct filter *filter, enum role role)
{
	/* for abort(3): a signal to ourselves */
	const struct filter_row own = { SYS_tgkill, FILTER_ALL, 0, UINT32_MAX,
		(uint32_t)getpid() };

	filter->length = 0;
	filter_put_load(filter, offsetof(struct seccomp_data, arch));
	filter_put_unless(filter, FILTER_MACHINE, 1);
	filter_put(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
	filter_put_return(filter, SECCOMP_RET_ERRNO | EPERM);
	filter_put_load(filter, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < FILTER_ROWS; i++)
		if (filter_table[i].users & 1U << role)
			filter_put_row(filter, &filter_table[i]);
	filter_put_row(filter, &own);
	filter_put_return(filter, SECCOMP_RET_ERRNO | EPERM);
}

const char *
filter_missing(void)
{
	const uint32_t action = SECCOMP_RET_ERRNO;

	if (FILTER_MACHINE == 0)
		return "no seccomp filter is made for this processor";
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return "this kernel has no seccomp";
	return NULL;
}

int
filter_enter(enum role role)
{
	struct filter filter;
	struct sock_fprog program = { .filter = filter.code };

	filter_make(&filter, role);
	program.len = filter.length;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
