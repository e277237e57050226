/* test_roles: what a confined thread may ask for, by its role, and what not. */
#include "config.h"

#include "base/sandbox.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attempts.h"
#include "base/filter.h"
#include "base/landlock.h"
#include "capture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- in a child of its own, confined ---- */

/* An attempt, and how it ends, 0 or an error, for each role. */
struct row {
	const char *name;
	long (*attempt)(void);
	int expected[ROLE_CREW]; /* worker, log writer, main */
};

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

/* The crew may do what a worker may, and start threads. */
static int
expected_of(const struct row *row, int role)
{
	if (role != ROLE_CREW)
		return row->expected[role];
	return row->attempt == try_thread ? 0 : row->expected[ROLE_WORKER];
}

static void
check_rows(int landlock, const struct row *rows, size_t count)
{
	static const char *const roles[] = { "worker", "log writer", "main",
		"crew" };

	for (size_t i = 0; i < count; i++)
		for (int role = 0; role < ROLE_COUNT; role++) {
			int error;

			attempts_enter();
			error = attempt_confined(landlock, (enum role)role,
			    rows[i].attempt);
			attempts_leave();
			if (error != expected_of(&rows[i], role))
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
	/* musl says EAGAIN whatever kept it from starting a thread */
#ifdef __GLIBC__
	const int thread_refused = EPERM;
#else
	const int thread_refused = EAGAIN;
#endif
	/* stat(2), which musl calls where the machine has it, is main's alone */
#if defined(__GLIBC__) || !defined(SYS_stat)
	const int look_refused = 0;
#else
	const int look_refused = EPERM;
#endif
	const struct row rows[] = {
		{ "exec", try_exec, ALL(EPERM) },
		{ "fork", try_fork, ALL(EPERM) },
		{ "thread", try_thread, ALL(thread_refused) },
		{ "ptrace", try_ptrace, ALL(EPERM) },
		{ "signal another", try_signal_another, ALL(EPERM) },
		{ "signal oneself", try_signal_oneself, ALL(EPERM) },
		{ "TCP socket", try_tcp_socket, ALL(EPERM) },
		{ "Unix socket", try_unix_socket, { EPERM, EPERM, 0 } },
		{ "netlink socket", try_netlink_socket, { EPERM, EPERM, 0 } },
		{ "TCP bind", try_tcp_bind, ALL(EPERM) },
		{ "TCP connect", try_tcp_connect, ALL(EPERM) },
		{ "send", try_send, { 0, EPERM, 0 } },
		{ "finish", try_finish, { 0, EPERM, EPERM } },
		{ "refuse", try_refuse, { EPERM, EPERM, 0 } },
		{ "shut down", try_shut_down, ALL(EPERM) },
		{ "reset", try_reset, { 0, EPERM, 0 } },
		{ "share a port", try_share_port, { EPERM, EPERM, 0 } },
		{ "receive", try_receive, { 0, EPERM, 0 } },
		{ "look", try_look, { look_refused, look_refused, 0 } },
		{ "read", try_read, { 0, EPERM, 0 } },
		{ "write", try_write, { EPERM, EPERM, 0 } },
		{ "create", try_create, { EPERM, EPERM, 0 } },
		{ "list", try_list, { 0, EPERM, 0 } },
		{ "read by openat2", try_read_beneath, { 0, EPERM, 0 } },
		{ "write by openat2", try_write_beneath, { EACCES, EPERM, 0 } },
		{ "truncate", try_truncate, { EACCES, EPERM, EACCES } },
		{ "mkdir", try_mkdir, ALL(EPERM) },
		{ "unlink", try_unlink, { EPERM, EPERM, 0 } },
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
	/* of TCP it knows since its version 4 */
	const bool knows_tcp = landlock_version() >= 4;
	const struct row rows[] = {
		{ "TCP bind", try_tcp_bind, ALL(knows_tcp ? EACCES : 0) },
		{ "TCP connect", try_tcp_connect,
		    ALL(knows_tcp ? EACCES : ECONNREFUSED) },
		{ "exec", try_exec, ALL(EACCES) },
		{ "read", try_read, { 0, EACCES, 0 } },
		{ "write", try_write, { EACCES, EACCES, 0 } },
		{ "create", try_create, { EACCES, EACCES, 0 } },
		{ "truncate", try_truncate, ALL(EACCES) },
		{ "mkdir", try_mkdir, ALL(EACCES) },
		{ "unlink", try_unlink, { EACCES, EACCES, 0 } },
		{ "rename", try_rename, { EACCES, EACCES, 0 } },
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
