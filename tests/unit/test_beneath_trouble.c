/*
 * test_beneath_trouble: what is found below a directory while its entries are
 * renamed, and where the kernel has no openat2(2).
 */
#include "config.h"

#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/syscalls.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The directory, which the tests run in; `outside` lies beside it. */
static int root = -1;

static int
make_tree(void **state)
{
	char path[PATH_MAX], target[PATH_MAX + 4];

	(void)state;
	tree_enter();
	tree_write("outside", 'o', 1);
	assert_return_code(mkdir("root", 0755), errno);
	assert_return_code(chdir("root"), errno);
	assert_non_null(getcwd(path, sizeof(path)));
	snprintf(target, sizeof(target), "%s/dir", path);
	tree_write("index", 'i', 1);
	assert_return_code(mkdir("dir", 0755), errno);
	assert_return_code(symlink("index", "link"), errno);
	assert_return_code(symlink("../outside", "out"), errno);
	assert_return_code(symlink(target, "in-dir"), errno);
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int
remove_tree(void **state)
{
	(void)state;
	close(root);
	tree_leave();
	return 0;
}

/* Moves `dir` out of the root and in again, and makes `swap` a file and a link
 * out in turn, until it is killed, or the test has ended without that. */
static void
move_around(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		(void)!rename("dir", "../moved");
		(void)!rename("../moved", "dir");
		(void)!link("index", "next");
		(void)!rename("next", "swap");
		(void)!symlink("../outside", "next");
		(void)!rename("next", "swap");
	}
}

/* Returns whether a walk has found a file, which is to be this one. */
static bool
walk_finds(const char *path, const char *wanted)
{
	struct stat status;
	char text[2] = "";
	int fd = beneath_open_walk(root, path, &status);

	if (fd < 0)
		return false;
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, wanted);
	close(fd);
	return true;
}

/* Neither a directory that is moved out of the root while a way leads through
 * it takes the way with it, nor does a link that takes a file's place. */
static void
test_renames_do_not_lead_out(void **state)
{
	pid_t child;
	int found = 0, swaps = 0;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		move_around();
	for (int i = 0; i < 20000; i++) {
		assert_false(walk_finds("dir/../outside", ""));
		found += walk_finds("in-dir/../index", "i");
		swaps += walk_finds("swap", "i");
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)!rename("../moved", "dir");
	(void)!unlink("next");
	assert_return_code(unlink("swap"), errno);
	assert_true(found > 0 && swaps > 0);
}

/* From here on this process has an openat2() that fails so. */
static void
break_openat2(int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(99);
}

/* Returns the errno of opening `path`, in a child without openat2(). */
static int
open_without_openat2(int error, const char *path)
{
	struct stat status;
	int wait_status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		break_openat2(error);
		alarm(20);
		_exit(beneath_open(root, path, &status) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	return WEXITSTATUS(wait_status);
}

static void
test_without_openat2(void **state)
{
	static const struct {
		const char *path;
		int error, result;
	} rows[] = {
		{ "index", ENOSYS, 0 },
		{ "link", ENOSYS, 0 },
		{ "index", EPERM, 0 },
		{ "link", EPERM, 0 },
		{ "out", EPERM, EXDEV },
		{ "index", EAGAIN, EAGAIN }, /* tried again, but not for ever */
		{ "index", EIO, EIO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(open_without_openat2(rows[i].error,
				     rows[i].path),
		    rows[i].result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renames_do_not_lead_out),
		cmocka_unit_test(test_without_openat2),
	};

	return cmocka_run_group_tests_name("beneath_trouble", tests, make_tree,
	    remove_tree);
}
