/*
 * make_filters: a program of the build. It has libseccomp make a BPF program
 * for each role, and writes them as C to standard output; see base/filter.
 *
 * At run time it would be too late: where memory is short, libseccomp can leave
 * a rule out without a word, or fail badly.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/role.h"

#undef pread64 /* in musl, a name for pread(3) */

/* What libseccomp and the system's headers may not know yet; the number is the
 * same on any machine. */
#ifndef __NR_epoll_pwait2
# define __NR_epoll_pwait2 441
#endif
#ifndef __SNR_epoll_pwait2
# define __SNR_epoll_pwait2 __NR_epoll_pwait2
#endif

/* Who may make a call. */
enum filters_users {
	FILTERS_LOOP = 1 << ROLE_WORKER,
	FILTERS_LOG = 1 << ROLE_LOG_WRITER,
	FILTERS_MAIN = 1 << ROLE_MAIN,
	FILTERS_CREW = 1 << ROLE_CREW,
	FILTERS_WORKER = FILTERS_LOOP | FILTERS_CREW, /* of either kind */
	FILTERS_ALL = FILTERS_WORKER | FILTERS_LOG | FILTERS_MAIN,
};

/* The flags of open(2) that ask for more than reading. O_ACCMODE would not do:
 * that of musl has O_PATH in it. */
#define FILTERS_OPEN_WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

/* Arguments are ints: their upper halves may hold anything. */
#define FILTERS_WHOLE UINT32_MAX

struct filters_row {
	int call;
	unsigned users;
	unsigned conditions;      /* 0: whatever the arguments */
	struct scmp_arg_cmp only; /* where `argument & mask == value` */
};

#define FILTERS_CALL(name, users) \
 {                                \
  SCMP_SYS(name), (users), 0,     \
  {                               \
   0                              \
  }                               \
 }
#define FILTERS_IF(name, users, argument, mask, value)                  \
 {                                                                      \
  SCMP_SYS(name), (users), 1,                                           \
      SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (uint32_t)(mask), (value)) \
 }

static const struct filters_row filters_table[] = {
	/* connections; where the machine has recv and send, the C library may
	 * use them. A listener that could be shut down would be a fresh
	 * socket, which a sendto() with MSG_FASTOPEN connects. To look for that
	 * flag instead, the kernel would have to run the filter each time. */
	FILTERS_CALL(recv, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(recvfrom, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(send, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(sendto, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(epoll_wait, FILTERS_LOOP),
	FILTERS_CALL(accept4, FILTERS_WORKER),
	FILTERS_CALL(epoll_pwait, FILTERS_LOOP),
	FILTERS_CALL(epoll_pwait2, FILTERS_LOOP),
	FILTERS_CALL(sendfile, FILTERS_WORKER),
	FILTERS_IF(shutdown, FILTERS_WORKER, 1, FILTERS_WHOLE, SHUT_WR),
	FILTERS_IF(shutdown, FILTERS_MAIN, 1, FILTERS_WHOLE, SHUT_RD),
	FILTERS_CALL(epoll_ctl, FILTERS_LOOP | FILTERS_MAIN),
	FILTERS_CALL(getpeername, FILTERS_WORKER),
	FILTERS_CALL(eventfd2, FILTERS_CREW),
	FILTERS_CALL(getsockname, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(getsockopt, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(sendmsg, FILTERS_WORKER),
	FILTERS_CALL(setsockopt, FILTERS_MAIN),
	FILTERS_IF(setsockopt, FILTERS_WORKER, 2, FILTERS_WHOLE, SO_LINGER),
	FILTERS_CALL(timerfd_settime, FILTERS_LOOP | FILTERS_MAIN),

	/* a service manager, and the kernel's tables of sockets */
	FILTERS_IF(socket, FILTERS_MAIN, 0, FILTERS_WHOLE, AF_NETLINK),
	FILTERS_IF(socket, FILTERS_MAIN, 0, FILTERS_WHOLE, AF_UNIX),

	/* files; what openat2 asks for is out of sight here, and open(3) is
	 * openat, or as in musl open where the machine has that */
	FILTERS_CALL(faccessat, FILTERS_MAIN),
	FILTERS_CALL(faccessat2, FILTERS_MAIN),
	FILTERS_CALL(unlinkat, FILTERS_MAIN), /* a unix socket's file */
	FILTERS_CALL(open, FILTERS_MAIN),
	FILTERS_CALL(openat, FILTERS_MAIN),
	FILTERS_IF(openat, FILTERS_WORKER, 2, FILTERS_OPEN_WRITES, O_RDONLY),
	FILTERS_CALL(openat2, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_CALL(getdents64, FILTERS_WORKER | FILTERS_MAIN),
	FILTERS_IF(fcntl, FILTERS_WORKER, 1, FILTERS_WHOLE,
	    F_GETFL), /* musl's */
	FILTERS_IF(fcntl, FILTERS_WORKER, 1, FILTERS_WHOLE,
	    F_SETFD), /* opendir */
	FILTERS_CALL(lseek, FILTERS_WORKER),
	FILTERS_CALL(readlinkat, FILTERS_WORKER),
	FILTERS_CALL(pread64, FILTERS_WORKER),
	FILTERS_CALL(fstat, FILTERS_ALL),
	FILTERS_CALL(newfstatat, FILTERS_ALL),
	FILTERS_CALL(stat, FILTERS_MAIN), /* stat(3) of musl */
	FILTERS_CALL(statx, FILTERS_ALL),

	/* any descriptor */
	FILTERS_CALL(fcntl, FILTERS_MAIN),
	FILTERS_CALL(poll, FILTERS_CREW | FILTERS_LOG | FILTERS_MAIN),
	FILTERS_CALL(ppoll, FILTERS_CREW | FILTERS_LOG | FILTERS_MAIN),
	FILTERS_CALL(close, FILTERS_ALL),
	FILTERS_CALL(read, FILTERS_ALL),
	FILTERS_CALL(write, FILTERS_ALL),
	FILTERS_CALL(writev, FILTERS_ALL),

	/* memory, none of which is executed */
	FILTERS_CALL(brk, FILTERS_ALL),
	FILTERS_CALL(madvise, FILTERS_ALL),
	FILTERS_IF(mmap, FILTERS_ALL, 2, PROT_EXEC, 0),
	FILTERS_IF(mprotect, FILTERS_ALL, 2, PROT_EXEC, 0),
	FILTERS_CALL(mremap, FILTERS_ALL),
	FILTERS_CALL(munmap, FILTERS_ALL),

	/* threads, never processes; see filters_add_rows() for clone3 */
	FILTERS_IF(clone, FILTERS_CREW, 0, CLONE_THREAD, CLONE_THREAD),
	FILTERS_CALL(rseq, FILTERS_CREW),
	FILTERS_CALL(set_robust_list, FILTERS_CREW),

	/* time, threads, and what the C library asks on its own; without
	 * tgkill, by which it could also end others, abort(3) ends by a fault */
	FILTERS_CALL(clock_gettime, FILTERS_ALL),
	FILTERS_CALL(clock_nanosleep, FILTERS_ALL),
	FILTERS_CALL(exit, FILTERS_ALL),
	FILTERS_CALL(exit_group, FILTERS_ALL),
	FILTERS_CALL(futex, FILTERS_ALL),
	FILTERS_CALL(getpid, FILTERS_ALL),
	FILTERS_CALL(getrandom, FILTERS_ALL),
	FILTERS_CALL(gettimeofday, FILTERS_ALL),
	FILTERS_CALL(gettid, FILTERS_ALL),
	FILTERS_CALL(restart_syscall, FILTERS_ALL),
	FILTERS_CALL(rt_sigaction, FILTERS_ALL),
	FILTERS_CALL(rt_sigprocmask, FILTERS_ALL),
	FILTERS_CALL(rt_sigreturn, FILTERS_ALL),
	FILTERS_CALL(sched_getaffinity, FILTERS_ALL),
	FILTERS_CALL(sched_yield, FILTERS_ALL),
	FILTERS_CALL(sysinfo, FILTERS_WORKER), /* qsort(3): is there room? */
	FILTERS_CALL(time, FILTERS_ALL),
};

#define FILTERS_ROWS (sizeof(filters_table) / sizeof(filters_table[0]))

/* Returns 0, or an error number below 0, like all below. */
static int
filters_add_rows(scmp_filter_ctx context, enum role role)
{
	/* a binary tree, for there are many calls */
	int result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	for (size_t i = 0; i < FILTERS_ROWS && result == 0; i++) {
		const struct filters_row *row = &filters_table[i];

		if (row->users & 1U << role)
			result = seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
			    row->call, row->conditions, &row->only);
	}
	/* its flags are out of sight: the C library shall use clone instead */
	if (result == 0)
		result = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(clone3), 0);
	return result;
}

/* Writes the program that the file holds. */
static int
filters_print(FILE *file, const char *name)
{
	struct sock_filter step;

	rewind(file);
	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	while (fread(&step, sizeof(step), 1, file) == 1)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", step.code, step.jt,
		    step.jf, step.k);
	puts("};");
	return ferror(file) ? -EIO : 0;
}

static int
filters_make(scmp_filter_ctx context, enum role role, const char *name)
{
	int result = filters_add_rows(context, role);
	FILE *file = tmpfile();

	if (file == NULL)
		return -errno;
	if (result == 0)
		result = seccomp_export_bpf(context, fileno(file));
	if (result == 0)
		result = filters_print(file, name);
	fclose(file);
	return result;
}

int
main(void)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_WORKER] = "filter_worker",
		[ROLE_LOG_WRITER] = "filter_log_writer",
		[ROLE_MAIN] = "filter_main",
		[ROLE_CREW] = "filter_crew",
	};

	puts("/* Made by src/make_filters.c: what each role may call. */");
	for (int i = 0; i < ROLE_COUNT; i++) {
		scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
		int result = context != NULL
				 ? filters_make(context, (enum role)i, names[i])
				 : -ENOMEM;

		seccomp_release(context);
		if (result != 0) {
			errno = -result;
			perror(names[i]);
			return 1;
		}
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
