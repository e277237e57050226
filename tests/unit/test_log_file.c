/* test_log_file: who opens the log's file, and what root never opens. */
#include "config.h"

#include "base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define UID 1
#define GID 2

static const struct privileges user = { .text = "daemon",
	.user = UID,
	.group = GID,
	.groups = (gid_t[]){ GID },
	.group_count = 1 };

static int
enter(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

/* Checks, and opens; returns the error, or 0. Both are to say the same, and the
 * check is to make nothing. */
static int
open_log(const char *path, const struct privileges *who)
{
	bool was_there = access(path, F_OK) == 0;
	int checked = log_file_check(path, who) == 0 ? 0 : errno, fd, error;

	if (!was_there && access(path, F_OK) == 0)
		fail_msg("%s was made by the check", path);
	fd = log_file_open(path, who);
	error = fd >= 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	if (checked != error)
		fail_msg("%s: error %d by the check, %d by the open", path,
		    checked, error);
	return error;
}

static void
check_owner(const char *path, uid_t owner)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, owner);
	assert_int_equal(status.st_mode & 07777, 0640);
}

/* Whoever we are, nobody is to be become. */
static void
test_of_nobody(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "-", 0 },
		{ "new", 0 },
		{ "new", 0 },
		{ "./other", 0 },
		{ "link", 0 },
		{ "no/such", ENOENT },
		{ "new/file", ENOTDIR },
		{ "directory", EISDIR },
		{ "absent/", EISDIR },
		{ "fifo", ENXIO },
		{ "/dev/null", 0 },
	};

	(void)state;
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("other", "link"), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int error = open_log(rows[i].path, NULL);

		if (error != rows[i].error)
			fail_msg("%s: error %d", rows[i].path, error);
	}
	check_owner("new", geteuid());
	assert_int_equal(open_log("old", &(struct privileges){ 0 }), 0);
}

static bool
is_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("not tried: only root becomes another user\n");
	return false;
}

static void
make_file(const char *path, uid_t owner)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, owner, owner), 0);
	assert_int_equal(fchmod(fd, 0640), 0);
	close(fd);
}

/* `theirs` is the user's, `ours` root's, and `secret` closed to others. */
static void
make_directories(void)
{
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(mkdir("theirs", 0755) + mkdir("ours", 0755) +
			     mkdir("secret", 0700),
	    0);
	assert_int_equal(chown("theirs", UID, GID), 0);
	make_file("ours/file", 0);
	make_file("ours/twice", 0);
	assert_int_equal(link("ours/twice", "ours/other"), 0);
	assert_int_equal(mkfifo("ours/fifo", 0600), 0);
	assert_int_equal(symlink("file", "ours/link"), 0);
	assert_int_equal(symlink("../ours/new", "theirs/new"), 0);
	assert_int_equal(symlink("../ours/file", "theirs/file"), 0);
	assert_int_equal(symlink("../ours", "theirs/ours"), 0);
	assert_int_equal(symlink("own", "theirs/link"), 0);
	assert_int_equal(link("ours/file", "theirs/hard"), 0);
	assert_int_equal(unlink("theirs/hard"), 0);
	assert_int_equal(link("ours/twice", "theirs/hard"), 0);
}

static void
test_for_a_user(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		/* as the user */
		{ "theirs/a", 0 },
		{ "theirs/link", 0 },
		{ "/dev/null", 0 },
		/* as root */
		{ "ours/a", 0 },
		{ "ours/file", 0 },
		{ "secret/a", 0 },
		{ "/dev/stdout", 0 },
		{ "/proc/self/fd/2", 0 },
		/* not even as root */
		{ "theirs/file", EPERM },
		{ "theirs/hard", EPERM },
		{ "theirs/ours/b", EPERM },
		{ "theirs/ours/file", EPERM },
		{ "ours/link", EPERM },
		{ "ours/twice", EPERM },
		{ "ours/fifo", ENXIO },
		{ "/dev/stdout/../kmsg", ENOTDIR },
		{ "ours/none/a", ENOENT },
		{ "secret/none/a", ENOENT },
	};

	(void)state;
	if (!is_root())
		return;
	make_directories();
	for (size_t i = 0; i < COUNT(rows); i++) {
		int error = open_log(rows[i].path, &user);

		if (error != rows[i].error)
			fail_msg("%s: error %d", rows[i].path, error);
		assert_int_equal(geteuid(), 0);
	}
	/* a link to nothing: see log_file_check() */
	assert_int_equal(log_file_open("theirs/new", &user), -1);
	assert_int_equal(errno, EPERM);
	check_owner("theirs/a", UID);
	check_owner("theirs/own", UID);
	check_owner("ours/a", UID);
	check_owner("secret/a", UID);
	check_owner("ours/file", 0);
	assert_int_equal(access("ours/new", F_OK), -1);
	assert_int_equal(access("ours/b", F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_of_nobody),
		TEST(test_for_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
