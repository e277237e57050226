/* test_privileges: users as they are written, and becoming them. */
#include "config.h"

#include "base/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Looks up, and returns what was said. */
static const char *
find(struct privileges *privileges, const char *text, int expected)
{
	static struct capture said;
	int result;

	capture_begin(&said, STDERR_FILENO);
	result = privileges_find(privileges, text);
	capture_end(&said);
	if (result != expected)
		fail_msg("%s: %s", text, said.text);
	return said.text;
}

/* Everybody has these: they are in every Debian's base-passwd. */
static void
test_found(void **state)
{
	static const struct {
		const char *text, *name;
		uid_t user;
		gid_t group;
	} rows[] = {
		{ "daemon", "daemon:daemon", 1, 1 },
		{ "daemon:bin", "daemon:bin", 1, 2 },
		{ "daemon:2", "daemon:bin", 1, 2 },
		{ "daemon:0", "daemon:root", 1, 0 },
		{ "1", "daemon:daemon", 1, 1 },
		{ "1:bin", "daemon:bin", 1, 2 },
		{ "3000000000:bin", "3000000000:bin", 3000000000, 2 },
		{ "3000000000:3000000001", "3000000000:3000000001", 3000000000,
		    3000000001 },
		{ "4294967294:1", "4294967294:daemon", 4294967294, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct privileges privileges;

		assert_string_equal(find(&privileges, rows[i].text, 0), "");
		assert_int_equal(privileges.user, rows[i].user);
		assert_int_equal(privileges.group, rows[i].group);
		assert_string_equal(privileges.name, rows[i].name);
		assert_true(privileges.group_count >= 1);
		privileges_free(&privileges);
	}
}

static void
test_not_found(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "no-such-user", "unknown user" },
		{ "no-such-user:bin", "unknown user" },
		{ "-1", "unknown user" },
		{ "1x", "unknown user" },
		{ "4294967295:1", "unknown user" }, /* means none */
		{ "4294967296:1", "unknown user" },
		{ "18446744073709551617:1", "unknown user" },
		{ "3000000000",
		    "unknown user: give a group, too, as in USER:GROUP" },
		{ "daemon:no-such-group", "unknown group" },
		{ "daemon:-1", "unknown group" },
		{ "daemon:4294967295", "unknown group" },
		{ "root", "would stay root: name another user" },
		{ "0:daemon", "would stay root: name another user" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct privileges privileges;
		char expected[200];

		snprintf(expected, sizeof(expected), "mtasync: --user=%s: %s\n",
		    rows[i].text, rows[i].why);
		assert_string_equal(find(&privileges, rows[i].text, -1),
		    expected);
		privileges_free(&privileges);
	}
}

static void
test_long_name(void **state)
{
	struct privileges privileges;
	char text[1000];
	const char *said;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	said = find(&privileges, text, -1);
	assert_non_null(strstr(said, "x: unknown user\n"));
	privileges_free(&privileges);
}

/* Runs in a process of its own, and returns its exit status. */
static int
in_child(int (*run)(void))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0)
		_exit(run());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A child that finds something wrong ends with the line's number. */
static void
check(bool fine, int line)
{
	if (!fine)
		_exit(line % 255 + 1);
}

#define CHECK(condition) check((condition), __LINE__)

/* From root and with capabilities that an exec would keep. */
static int
drop(void)
{
	gid_t many[] = { 0, 4, 9 }, groups[64];
	struct privileges privileges = { .text = "x",
		.user = 1,
		.group = 2,
		.groups = (gid_t[]){ 2, 5, 7 },
		.group_count = 3 };
	uid_t users[3];

	CHECK(setgroups(3, many) == 0);
	CHECK(privileges_drop(&privileges) == 0);
	CHECK(getresuid(&users[0], &users[1], &users[2]) == 0);
	CHECK(users[0] == 1 && users[1] == 1 && users[2] == 1);
	CHECK(getgid() == 2 && getegid() == 2);
	CHECK(getgroups(COUNT(groups), groups) == 3);
	CHECK(groups[0] == 2 && groups[1] == 5 && groups[2] == 7);
	CHECK(setuid(0) == -1 && seteuid(0) == -1 && setgid(0) == -1);
	CHECK(setgroups(3, many) == -1);
	CHECK(open("/etc/shadow", O_RDONLY) == -1 && errno == EACCES);
	CHECK(chroot("/") == -1);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

/* With SECBIT_KEEP_CAPS, new ids leave the capabilities permitted. */
static int
drop_kept(void)
{
	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	return drop();
}

static int
drop_of_nobody(void)
{
	const struct privileges privileges = { 0 };
	uid_t before = geteuid();

	CHECK(privileges_drop(&privileges) == 0);
	CHECK(geteuid() == before);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

/* One who is not root is refused, and told so. */
static int
drop_twice(void)
{
	struct privileges privileges = { .text = "daemon",
		.user = 1,
		.group = 1,
		.groups = (gid_t[]){ 1 },
		.group_count = 1 };
	struct capture said;

	CHECK(geteuid() != 0 || privileges_drop(&privileges) == 0);
	privileges.user = 2;
	capture_begin(&said, STDERR_FILENO);
	CHECK(privileges_drop(&privileges) == -1);
	capture_end(&said);
	CHECK(strcmp(said.text, "mtasync: --user=daemon: Operation not"
				" permitted: start as root\n") == 0);
	capture_begin(&said, STDERR_FILENO);
	CHECK(privileges_enter("/") == -1);
	capture_end(&said);
	CHECK(strcmp(said.text, "mtasync: --chroot=/: Operation not permitted:"
				" start as root\n") == 0);
	return 0;
}

static int
enter_directory(void)
{
	char path[64];

	CHECK(mkdir("inside", 0700) == 0);
	tree_write("inside/file", 'x', 1);
	CHECK(privileges_enter("inside") == 0);
	CHECK(strcmp(getcwd(path, sizeof(path)), "/") == 0);
	CHECK(access("/file", F_OK) == 0 && access("file", F_OK) == 0);
	CHECK(access("/../inside", F_OK) == -1);
	return 0;
}

static int
enter_nothing(void)
{
	struct capture said;

	capture_begin(&said, STDERR_FILENO);
	CHECK(privileges_enter("missing") == -1);
	capture_end(&said);
	CHECK(strcmp(said.text, "mtasync: --chroot=missing: No such file or"
				" directory: name a directory\n") == 0);
	return 0;
}

/* For a while: what root may not be refused, the user is; and all is back. */
static int
assume(void)
{
	gid_t many[] = { 0, 4, 9 }, groups[64];
	const struct privileges privileges = { .text = "x",
		.user = 1,
		.group = 2,
		.groups = (gid_t[]){ 2, 5, 7 },
		.group_count = 3 };
	struct privileges_before before;

	CHECK(setgroups(3, many) == 0);
	CHECK(privileges_assume(&privileges, &before) == 0);
	CHECK(geteuid() == 1 && getegid() == 2 && getuid() == 0);
	CHECK(getgroups(COUNT(groups), groups) == 3 && groups[2] == 7);
	CHECK(open("/etc/shadow", O_RDONLY) == -1 && errno == EACCES);
	CHECK(chroot("/") == -1);
	CHECK(privileges_resume(&before) == 0);
	CHECK(geteuid() == 0 && getegid() == 0);
	CHECK(getgroups(COUNT(groups), groups) == 3 && groups[2] == 9);
	CHECK(open("/etc/shadow", O_RDONLY) >= 0);
	return drop();
}

/* One who has root's capabilities, but not the id, lays them down too. Not where
 * a sanitizer has a thread of its own, whose capabilities are others. */
static int
assume_without_root(void)
{
	const struct privileges privileges = { .text = "x",
		.user = 1,
		.group = 1,
		.groups = (gid_t[]){ 1 },
		.group_count = 1 };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[2];
	struct privileges_before before;

	if (SANITIZED)
		return 0;
	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(setresgid(3, 3, 3) == 0 && setresuid(3, 3, 3) == 0);
	CHECK(syscall(SYS_capget, &header, sets) == 0);
	for (size_t i = 0; i < 2; i++)
		sets[i].effective = sets[i].permitted;
	CHECK(syscall(SYS_capset, &header, sets) == 0);
	CHECK(privileges_assume(&privileges, &before) == 0);
	CHECK(geteuid() == 1);
	CHECK(open("/etc/shadow", O_RDONLY) == -1 && errno == EACCES);
	CHECK(privileges_resume(&before) == 0);
	CHECK(geteuid() == 3 && getegid() == 3);
	CHECK(open("/etc/shadow", O_RDONLY) >= 0);
	return 0;
}

/* Who may not become the user is told so, and stays who they are. */
static int
try_in_vain(void)
{
	struct privileges privileges = { .text = "daemon",
		.user = 1,
		.group = 1,
		.groups = (gid_t[]){ 1 },
		.group_count = 1 };
	const struct privileges nobody = { 0 };
	struct capture said;

	CHECK(privileges_try(&nobody) == 0);
	CHECK(geteuid() != 0 || privileges_try(&privileges) == 0);
	CHECK(geteuid() != 0 || privileges_drop(&privileges) == 0);
	privileges.user = 2;
	capture_begin(&said, STDERR_FILENO);
	CHECK(privileges_try(&privileges) == -1);
	capture_end(&said);
	CHECK(geteuid() != 2);
	CHECK(strcmp(said.text, "mtasync: --user=daemon: Operation not"
				" permitted: start as root\n") == 0);
	return 0;
}

static void
test_as_anybody(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_of_nobody), 0);
	assert_int_equal(in_child(drop_twice), 0);
	assert_int_equal(in_child(try_in_vain), 0);
}

static void
test_as_root(void **state)
{
	static int (*const runs[])(void) = { drop, drop_kept, enter_directory,
		enter_nothing, assume, assume_without_root };

	(void)state;
	if (geteuid() != 0) {
		print_message("not tried: only root can drop what root may\n");
		return;
	}
	tree_enter();
	for (size_t i = 0; i < COUNT(runs); i++) {
		int status = in_child(runs[i]);

		if (status != 0)
			fail_msg("run %zu: line %d", i, status - 1);
	}
	tree_leave();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_as_anybody),
		cmocka_unit_test(test_as_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
