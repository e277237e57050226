/* test_beneath: what is found below a directory, and that nothing else is. */
#include "config.h"

#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define NAME_50  "01234567890123456789012345678901234567890123456789"
#define NAME_300 NAME_50 NAME_50 NAME_50 NAME_50 NAME_50 NAME_50

/* The tree: `outside`, and beside it `root` with all that is found below. */
static char top[] = "/tmp/mtasync-beneath-XXXXXX";
static int root = -1;

static int
make_file(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, path, strlen(path)) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return close(fd);
}

static int
make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return close(fd);
}

/* Absolute links, which mostly lead in again; `%s` is the top. */
static const struct {
	const char *name, *target;
} absolute_links[] = {
	{ "in", "%s/root/index" },
	{ "in-dir", "%s/root/dir" },
	{ "in-root", "%s/root" },
	{ "in-slash", "%s/root/dir/" },
	{ "in-dots", "%s/./root/../root//dir/../index" },
	{ "in-via", "%s/current/dir/file" },
	{ "in-twice", "%s/root/in-dir/file" },
	{ "in-deep", "%s/root/dir/deep" },
	{ "in-nothing", "%s/root/nothing" },
	{ "in-loop", "%s/root/in-loop" },
	{ "in-up", "%s/root/../outside" },
	{ "out-file", "%s/outside" },
	{ "out-nothing", "%s/nothing" },
	{ "out-below", "%s/outside/x" },
	{ "out-slash", "/" },
	{ "../current", "%s/root" },
};

static int
make_links(void)
{
	for (size_t i = 0; i < COUNT(absolute_links); i++) {
		char target[PATH_MAX], name[PATH_MAX];
		const char *form = absolute_links[i].target;
		bool whole = strncmp(form, "%s", 2) != 0;

		snprintf(target, sizeof(target), "%s%s", whole ? "" : top,
		    whole ? form : form + 2);
		snprintf(name, sizeof(name), "root/%s", absolute_links[i].name);
		if (symlink(target, name) < 0)
			return -1;
	}
	return 0;
}

/* Makes the tree, and stays in its root. */
static int
make_tree(void **state)
{
	(void)state;
	if (mkdtemp(top) == NULL || chdir(top) < 0 || chmod(".", 0755) < 0 ||
	    make_file("outside", 0644) < 0 || mkdir("root", 0755) < 0 ||
	    symlink(top, "root/absolute") < 0 || make_links() < 0 ||
	    chdir("root") < 0)
		return -1;
	if (make_file("index", 0644) < 0 || make_file(".hidden", 0644) < 0 ||
	    make_file("...", 0644) < 0 || make_file("secret", 0) < 0 ||
	    mkdir("dir", 0755) < 0 || mkdir("dir/sub", 0755) < 0 ||
	    make_file("dir/file", 0644) < 0 || mkdir("closed", 0755) < 0 ||
	    make_file("closed/file", 0644) < 0 || chmod("closed", 0) < 0)
		return -1;
	if (symlink("index", "link") < 0 || symlink("dir", "dirlink") < 0 ||
	    symlink("dir/../index", "around") < 0 ||
	    symlink("../outside", "out") < 0 || symlink("..", "up") < 0 ||
	    symlink("/etc", "etc") < 0 || symlink("loop", "loop") < 0 ||
	    symlink("b", "a") < 0 || symlink("a", "b") < 0 ||
	    symlink("nothing", "dangling") < 0 ||
	    symlink("../in-dir/../index", "dir/deep") < 0 ||
	    symlink("../root/dir/../index", "around-root") < 0)
		return -1;
	if (mkfifo("fifo", 0644) < 0 || make_socket("socket") < 0)
		return -1;
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int
remove_tree(void **state)
{
	static const char *const files[] = { "index", ".hidden", "...",
		"secret", "dir/file", "closed/file", "link", "dirlink",
		"around", "around-root", "out", "up", "etc", "loop", "a", "b",
		"dangling", "fifo", "socket", "absolute", "../outside" };

	(void)state;
	if (chmod("closed", 0700) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++)
		if (unlink(files[i]) < 0)
			return -1;
	for (size_t i = 0; i < COUNT(absolute_links); i++)
		if (unlink(absolute_links[i].name) < 0)
			return -1;
	if (unlink("dir/deep") < 0 || rmdir("dir/sub") < 0)
		return -1;
	if (rmdir("dir") < 0 || rmdir("closed") < 0 || chdir("/") < 0)
		return -1;
	close(root);
	root = open(top, O_PATH | O_DIRECTORY);
	if (unlinkat(root, "root", AT_REMOVEDIR) < 0)
		return -1;
	close(root);
	return rmdir(top);
}

/* What a row expects: a file with this text, or another type, or an errno. */
struct expected {
	const char *text;
	mode_t type;
	int error;
};

#define FILE_WITH(text) \
 {                      \
  text, S_IFREG, 0      \
 }
#define OTHER(type) \
 {                  \
  NULL, type, 0     \
 }
#define FAILS(error) \
 {                   \
  NULL, 0, error     \
 }

static void
check(int (*open_it)(int root, const char *path, struct stat *status),
    int directory, const char *path, const struct expected *expected)
{
	struct stat status = { 0 };
	char text[100] = "";
	int fd;

	errno = -1;
	fd = open_it(directory, path, &status);
	if ((fd >= 0) != (expected->text != NULL) ||
	    (fd < 0 && errno != expected->error))
		fail_msg("'%s': fd %d, errno %d", path, fd, errno);
	if (expected->error == 0)
		assert_int_equal(status.st_mode & S_IFMT, expected->type);
	if (fd < 0)
		return;
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, expected->text);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

/* Both ways find the same. */
static void
test_no_links(void **state)
{
	static const struct {
		const char *path;
		struct expected expected;
	} rows[] = {
		{ "index", FILE_WITH("index") },
		{ ".hidden", FILE_WITH(".hidden") },
		{ "...", FILE_WITH("...") },
		{ "dir/file", FILE_WITH("dir/file") },
		{ "./dir//./file", FILE_WITH("dir/file") },
		{ "", OTHER(S_IFDIR) },
		{ ".", OTHER(S_IFDIR) },
		{ "dir", OTHER(S_IFDIR) },
		{ "dir/", OTHER(S_IFDIR) },
		{ "fifo", OTHER(S_IFIFO) },
		{ "socket", OTHER(S_IFSOCK) },
		{ "nothing", FAILS(ENOENT) },
		{ "nothing/file", FAILS(ENOENT) },
		{ "dir/nothing", FAILS(ENOENT) },
		{ "index/", FAILS(ENOTDIR) },
		{ "index/file", FAILS(ENOTDIR) },
		{ "fifo/file", FAILS(ENOTDIR) },
		{ "..", FAILS(EXDEV) },
		{ "../outside", FAILS(EXDEV) },
		{ "./../outside", FAILS(EXDEV) },
		{ "dir/../../outside", FAILS(EXDEV) },
		{ "../root/index", FAILS(EXDEV) },
		{ "/", FAILS(EXDEV) },
		{ "/etc/passwd", FAILS(EXDEV) },
		{ NAME_300, FAILS(ENAMETOOLONG) },
		{ "dir/" NAME_300 "/file", FAILS(ENAMETOOLONG) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(beneath_open, root, rows[i].path, &rows[i].expected);
		check(beneath_open_walk, root, rows[i].path, &rows[i].expected);
	}
}

/* Both ways follow links that stay below the root. */
static void
test_links(void **state)
{
	static const struct {
		const char *path;
		struct expected expected;
	} rows[] = {
		{ "link", FILE_WITH("index") },
		{ "dirlink/file", FILE_WITH("dir/file") },
		{ "dirlink", OTHER(S_IFDIR) },
		{ "dirlink/", OTHER(S_IFDIR) },
		{ "link/", FAILS(ENOTDIR) },
		{ "link/file", FAILS(ENOTDIR) },
		{ "around", FILE_WITH("index") },
		{ "dir/../index", FILE_WITH("index") },
		{ "dir/sub/../file", FILE_WITH("dir/file") },
		{ "dir/sub/../../index", FILE_WITH("index") },
		{ "dirlink/../dir/./../dir/file", FILE_WITH("dir/file") },
		{ "around-root", FILE_WITH("index") },
		{ "out", FAILS(EXDEV) },
		{ "up", FAILS(EXDEV) },
		{ "up/outside", FAILS(EXDEV) },
		{ "up/root/index", FAILS(EXDEV) },
		{ "etc", FAILS(EXDEV) },
		{ "etc/passwd", FAILS(EXDEV) },
		{ "absolute/root/index", FAILS(EXDEV) },
		{ "loop", FAILS(ELOOP) },
		{ "a", FAILS(ELOOP) },
		{ "a/file", FAILS(ELOOP) },
		{ "dangling", FAILS(ENOENT) },
		{ "in", FILE_WITH("index") },
		{ "in-dir", OTHER(S_IFDIR) },
		{ "in-dir/file", FILE_WITH("dir/file") },
		{ "in-dir/../index", FILE_WITH("index") },
		{ "in-root", OTHER(S_IFDIR) },
		{ "in-root/", OTHER(S_IFDIR) },
		{ "in-root/index", FILE_WITH("index") },
		{ "in-root/../outside", FAILS(EXDEV) },
		{ "in-slash", OTHER(S_IFDIR) },
		{ "in-slash/file", FILE_WITH("dir/file") },
		{ "in-dots", FILE_WITH("index") },
		{ "in-via", FILE_WITH("dir/file") },
		{ "in-twice", FILE_WITH("dir/file") },
		{ "in-deep", FILE_WITH("index") },
		{ "in-root/in-root/dirlink/file", FILE_WITH("dir/file") },
		{ "in-nothing", FAILS(ENOENT) },
		{ "in-loop", FAILS(ELOOP) },
		{ "in-up", FAILS(EXDEV) },
		{ "in/", FAILS(ENOTDIR) },
		{ "out-file", FAILS(EXDEV) },
		{ "out-nothing", FAILS(EXDEV) },
		{ "out-below", FAILS(EXDEV) },
		{ "out-slash", FAILS(EXDEV) },
		{ "out-slash/etc/passwd", FAILS(EXDEV) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(beneath_open, root, rows[i].path, &rows[i].expected);
		check(beneath_open_walk, root, rows[i].path, &rows[i].expected);
	}
}

/* Where the root is the process's, each absolute link leads to below it. */
static void
test_links_below_slash(void **state)
{
	static const struct expected found = FILE_WITH("index");
	int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/root/in", top + 1);
	check(beneath_open, slash, path, &found);
	check(beneath_open_walk, slash, path, &found);
	close(slash);
}

/* Devices, and the links of /proc that are no paths; as paths, they lead out. */
static void
test_elsewhere(void **state)
{
	static const struct expected out = FAILS(EXDEV);
	static const struct {
		const char *root, *path;
		struct expected expected;
	} rows[] = {
		{ "/dev", "null", OTHER(S_IFCHR) },
		{ "/proc/self", "exe", FAILS(ELOOP) },
		{ "/proc/self", "root/etc/passwd", FAILS(ELOOP) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open(rows[i].root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		check(beneath_open, fd, rows[i].path, &rows[i].expected);
		check(beneath_open_walk, fd, rows[i].path,
		    rows[i].expected.error != 0 ? &out : &rows[i].expected);
		close(fd);
	}
}

/* To root nothing is forbidden, so it becomes somebody else for this test. */
static void
test_no_permission(void **state)
{
	static const struct expected refused = FAILS(EACCES);
	static const char *const paths[] = { "secret", "closed/file" };
	const uid_t self = geteuid(), nobody = 65534;

	(void)state;
	if (self == 0)
		assert_int_equal(seteuid(nobody), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		check(beneath_open, root, paths[i], &refused);
		check(beneath_open_walk, root, paths[i], &refused);
	}
	if (self == 0)
		assert_int_equal(seteuid(self), 0);
}

/* inotify tells of every open but those with O_PATH. */
static void
test_fifo_is_never_opened(void **state)
{
	static const struct expected fifo = OTHER(S_IFIFO);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char event[sizeof(struct inotify_event) + NAME_MAX + 1];

	(void)state;
	assert_true(inotify_add_watch(watch, "fifo", IN_OPEN) >= 0);
	check(beneath_open, root, "fifo", &fifo);
	check(beneath_open_walk, root, "fifo", &fifo);
	assert_int_equal(read(watch, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_links),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_links_below_slash),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_no_permission),
		cmocka_unit_test(test_fifo_is_never_opened),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
