/* test_roles: what a confined thread may ask for, by its role, and what not. */
#include "config.h"

#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/filter.h"
#include "base/landlock.h"
#include "capture.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- attempts: each returns what the system call does ---- */

/* Made before anything is refused. */
static int tcp, pair[2];

static long
try_exec(void)
{
	char program[] = "true", *arguments[] = { program, NULL };

	return execv("/bin/true", arguments);
}

static long
try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static long
try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long
try_signal_another(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), SIGTERM);
}

static long
try_signal_oneself(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), SIGABRT);
}

static long
try_tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static long
try_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM, 0);
}

static long
try_tcp_bind(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };

	return bind(tcp, (const struct sockaddr *)&any, sizeof(any));
}

static long
try_tcp_connect(void)
{
	const struct sockaddr_in port = { .sin_family = AF_INET,
		.sin_port = htons(9) };

	return connect(tcp, (const struct sockaddr *)&port, sizeof(port));
}

static long
try_send(void)
{
	return send(pair[0], "x", 1, MSG_NOSIGNAL | MSG_MORE);
}

static long
try_finish(void)
{
	return shutdown(pair[0], SHUT_WR);
}

static long
try_shut_down(void)
{
	return shutdown(pair[0], SHUT_RDWR);
}

static long
try_socket_option(int option, const void *value, socklen_t size)
{
	return setsockopt(tcp, SOL_SOCKET, option, value, size);
}

static long
try_reset(void)
{
	const struct linger now = { .l_onoff = 1 };

	return try_socket_option(SO_LINGER, &now, sizeof(now));
}

static long
try_share_port(void)
{
	const int yes = 1;

	return try_socket_option(SO_REUSEPORT, &yes, sizeof(yes));
}

static long
try_receive(void)
{
	char byte;

	return recv(pair[0], &byte, 1, 0);
}

static long
try_read(void)
{
	return open("file", O_RDONLY);
}

static long
try_write(void)
{
	return open("file", O_WRONLY | O_APPEND);
}

static long
try_create(void)
{
	return open("new", O_WRONLY | O_CREAT, 0600);
}

static long
open_beneath(uint64_t flags, uint64_t mode)
{
	struct open_how how = { .flags = flags, .mode = mode };

	return syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how));
}

static long
try_read_beneath(void)
{
	return open_beneath(O_RDONLY, 0);
}

static long
try_write_beneath(void)
{
	return open_beneath(O_WRONLY, 0);
}

static long
try_truncate(void)
{
	return open_beneath(O_WRONLY | O_TRUNC, 0);
}

static long
try_mkdir(void)
{
	return mkdir("new", 0700);
}

static long
try_unlink(void)
{
	return unlink("file");
}

static long
try_rename(void)
{
	return rename("file", "new");
}

static long
try_symlink(void)
{
	return symlink("file", "new");
}

static long
try_chmod(void)
{
	return chmod("file", 0777);
}

static long
try_map(int protection)
{
	void *memory = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return memory == MAP_FAILED ? -1 : 0;
}

static long
try_map_memory(void)
{
	return try_map(PROT_READ | PROT_WRITE);
}

static long
try_map_code(void)
{
	return try_map(PROT_READ | PROT_EXEC);
}

static long
try_make_code(void)
{
	static _Alignas(65536) char page[65536];

	return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC);
}

static long
try_sleep(void)
{
	const struct timespec moment = { .tv_nsec = 1 };

	return clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

static long
try_setuid(void)
{
	return setuid(getuid());
}

static long
try_chroot(void)
{
	return chroot(".");
}

/* ---- in a child of its own, confined ---- */

/* An attempt, and how it ends, 0 or an error, for each role. */
struct row {
	const char *name;
	long (*attempt)(void);
	int expected[ROLE_COUNT]; /* worker, log writer, main */
};

static int
enter(void **state)
{
	(void)state;
	tree_enter();
	tree_write("file", 'x', 1);
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(tcp, errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       pair),
	    errno);
	assert_int_equal(write(pair[1], "x", 1), 1);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	close(tcp);
	close(pair[0]);
	close(pair[1]);
	tree_leave();
	return 0;
}

/*
 * Returns the error of the attempt in a process of its own, or 0; confined by
 * that version of Landlock alone, or with 0 by all there is.
 */
static int
attempt_confined(int landlock, enum role role, long (*attempt)(void))
{
	struct sandbox sandbox = { .landlock = landlock };
	int status = 0;
	pid_t child = fork();

	assert_return_code(child, errno);
	if (child == 0) {
		if ((landlock == 0 &&
			sandbox_plan(&sandbox, SANDBOX_AUTO) == -1) ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		    sandbox_enter(&sandbox, role) == -1)
			_exit(255);
		_exit(attempt() == -1 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
check_rows(int landlock, const struct row *rows, size_t count)
{
	static const char *const roles[] = { "worker", "log writer", "main" };

	for (size_t i = 0; i < count; i++)
		for (int role = 0; role < ROLE_COUNT; role++) {
			int error;

			assert_int_equal(enter(NULL), 0);
			error = attempt_confined(landlock, (enum role)role,
			    rows[i].attempt);
			leave(NULL);
			if (error != rows[i].expected[role])
				fail_msg("%s as %s: error %d", rows[i].name,
				    roles[role], error);
		}
}

/* Whether there is all that is tried; says what is not. */
static bool
has_all(void)
{
	const char *missing = filter_missing();

	if (SANITIZED)
		missing = "sanitizers can't be confined";
	if (missing == NULL && landlock_version() < 3)
		missing = "this kernel's Landlock knows not of truncating";
	if (missing != NULL)
		print_message("not tried: %s\n", missing);
	return missing == NULL;
}

#define ALL(error)    \
 {                    \
  error, error, error \
 }

static void
test_roles(void **state)
{
	/* the main thread gets to TCP where Landlock does not know of it */
	const int tcp_bind = landlock_version() < 4 ? 0 : EACCES;
	const int tcp_connect = landlock_version() < 4 ? ECONNREFUSED : EACCES;
	const struct row rows[] = {
		{ "exec", try_exec, ALL(EPERM) },
		{ "fork", try_fork, ALL(EPERM) },
		{ "ptrace", try_ptrace, ALL(EPERM) },
		{ "signal another", try_signal_another, ALL(EPERM) },
		{ "signal oneself", try_signal_oneself, ALL(EPERM) },
		{ "TCP socket", try_tcp_socket, ALL(EPERM) },
		{ "Unix socket", try_unix_socket, { EPERM, EPERM, 0 } },
		{ "netlink socket", try_netlink_socket, { EPERM, EPERM, 0 } },
		{ "TCP bind", try_tcp_bind, { EPERM, EPERM, tcp_bind } },
		{ "TCP connect", try_tcp_connect,
		    { EPERM, EPERM, tcp_connect } },
		{ "send", try_send, { 0, EPERM, 0 } },
		{ "finish", try_finish, { 0, EPERM, EPERM } },
		{ "shut down", try_shut_down, ALL(EPERM) },
		{ "reset", try_reset, { 0, EPERM, 0 } },
		{ "share a port", try_share_port, { EPERM, EPERM, 0 } },
		{ "receive", try_receive, { 0, EPERM, 0 } },
		{ "read", try_read, { 0, EPERM, 0 } },
		{ "write", try_write, { EPERM, EPERM, 0 } },
		{ "create", try_create, { EPERM, EPERM, 0 } },
		{ "read by openat2", try_read_beneath, { 0, EPERM, 0 } },
		{ "write by openat2", try_write_beneath, { EACCES, EPERM, 0 } },
		{ "truncate", try_truncate, { EACCES, EPERM, EACCES } },
		{ "mkdir", try_mkdir, ALL(EPERM) },
		{ "unlink", try_unlink, ALL(EPERM) },
		{ "rename", try_rename, ALL(EPERM) },
		{ "symlink", try_symlink, ALL(EPERM) },
		{ "chmod", try_chmod, ALL(EPERM) },
		{ "map memory", try_map_memory, ALL(0) },
		{ "map code", try_map_code, ALL(EPERM) },
		{ "make code", try_make_code, ALL(EPERM) },
		{ "sleep", try_sleep, ALL(0) },
		{ "setuid", try_setuid, ALL(EPERM) },
		{ "chroot", try_chroot, ALL(EPERM) },
	};

	(void)state;
	if (has_all())
		check_rows(0, rows, COUNT(rows));
}

/* What is left where the build has no seccomp. */
static void
test_landlock_alone(void **state)
{
	static const struct row rows[] = {
		{ "exec", try_exec, ALL(EACCES) },
		{ "read", try_read, { 0, EACCES, 0 } },
		{ "write", try_write, { EACCES, EACCES, 0 } },
		{ "create", try_create, { EACCES, EACCES, 0 } },
		{ "truncate", try_truncate, ALL(EACCES) },
		{ "mkdir", try_mkdir, ALL(EACCES) },
		{ "unlink", try_unlink, ALL(EACCES) },
		{ "rename", try_rename, ALL(EACCES) },
		{ "symlink", try_symlink, ALL(EACCES) },
	};

	(void)state;
	if (landlock_version() >= 3)
		check_rows(landlock_version(), rows, COUNT(rows));
}

/* A kernel of each version would take what it is asked for. */
static void
test_landlock_versions(void **state)
{
	(void)state;
	for (int version = 1; version <= landlock_version(); version++)
		assert_int_equal(attempt_confined(version, ROLE_WORKER,
				     try_mkdir),
		    EACCES);
}

/* The kernel bears 16 of them on top of each other. */
static long
try_many_landlocks(void)
{
	const struct sandbox sandbox = { .landlock = 1 };

	for (int i = 0; i < 20; i++)
		if (sandbox_enter(&sandbox, ROLE_WORKER) == -1)
			return -1;
	return 0;
}

static void
test_failure_is_told(void **state)
{
	struct capture said;

	(void)state;
	if (landlock_version() == 0)
		return;
	capture_begin(&said, STDERR_FILENO);
	assert_int_equal(attempt_confined(landlock_version(), ROLE_WORKER,
			     try_many_landlocks),
	    E2BIG);
	capture_end(&said);
	assert_string_equal(said.text, "mtasync: a thread can't be confined by"
				       " Landlock: Argument list too long\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_landlock_alone),
		cmocka_unit_test(test_landlock_versions),
		cmocka_unit_test(test_failure_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
