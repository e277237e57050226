/* Tests of app/directory: which names it has, in which order, and how far it is
 * read. */
#include "config.h"

#include "app/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

static int
directory_setup(void **state)
{
	static int root;

	tree_enter();
	root = open(".", O_PATH);
	assert_return_code(root, 0);
	*state = &root;
	return 0;
}

static int
directory_teardown(void **state)
{
	close(*(int *)*state);
	tree_leave();
	return 0;
}

/* Reads a directory to its end, and asserts that it does so name by name. */
static void
read_all(struct directory *directory, int root, const char *path)
{
	size_t looked = 0;
	int result;

	assert_return_code(directory_open(directory, root, span_of(path)), 0);
	while ((result = directory_read(directory)) == 1)
		assert_int_equal(directory->looked, ++looked);
	assert_int_equal(result, 0);
	assert_int_equal(directory->looked, looked);
	assert_null(directory->reading);
}

/* Directories come first, each kind by name; what is not served is left out, and
 * has been looked at all the same. */
static void
test_names(void **state)
{
	static const struct {
		const char *name;
		int64_t size;
	} wanted[] = { { "aside", -1 }, { "z", -1 }, { "B", 512 }, { "a", 0 },
		{ "b", 1536 }, { "inside", 3 } };
	int root = *(int *)*state;
	struct directory directory;

	mkdir("sub", 0755);
	mkdir("sub/z", 0755);
	mkdir("sub/.hidden", 0755);
	mkdir("aside", 0755);
	tree_write("top", 't', 3);
	tree_write("sub/b", 'b', 1536);
	tree_write("sub/a", 'a', 0);
	tree_write("sub/B", 'B', 512);
	tree_write("sub/.hidden.txt", 'h', 1);
	assert_return_code(mkfifo("sub/fifo", 0644), 0);
	assert_return_code(symlink("../top", "sub/inside"), 0);
	assert_return_code(symlink("../aside", "sub/aside"), 0);
	assert_return_code(symlink("/etc/passwd", "sub/outside"), 0);
	assert_return_code(symlink("../../..", "sub/outside2"), 0);
	assert_return_code(symlink("none", "sub/nowhere"), 0);
	assert_return_code(symlink("loop", "sub/loop"), 0);

	read_all(&directory, root, "sub/");
	assert_int_equal(directory.looked, 13);
	assert_false(directory.cut);
	assert_int_equal(directory.count, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < directory.count; i++) {
		const struct directory_entry *entry = directory.entries[i];

		assert_string_equal(entry->name, wanted[i].name);
		assert_int_equal(entry->directory, wanted[i].size == -1);
		if (!entry->directory)
			assert_int_equal(entry->size, wanted[i].size);
		assert_in_range(entry->modified, 1700000000, INT64_MAX);
	}
	directory_close(&directory);
}

static void
make_file(const char *name)
{
	close(creat(name, 0644));
}

static void
make_dangling(const char *name)
{
	assert_return_code(symlink("nowhere", name), 0);
}

static void
make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, name, strlen(name));
	assert_return_code(bind(fd, (void *)&address, sizeof(address)), 0);
	close(fd);
}

/* As many names as may be looked at, and one more: whatever they are. */
static void
test_bound(void **state)
{
	static const struct {
		const char *prefix;
		void (*make)(const char *name);
	} kinds[] = {
		{ "file", make_file },
		{ ".hidden", make_file },
		{ "dangling", make_dangling },
		{ "socket", make_socket },
	};
	int root = *(int *)*state;
	struct directory directory;
	char name[32];

	for (unsigned i = 0; i < DIRECTORY_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%s%u", kinds[i % 4].prefix, i);
		kinds[i % 4].make(name);
	}
	for (int more = 0; more < 2; more++) {
		read_all(&directory, root, "");
		assert_int_equal(directory.cut, more);
		assert_int_equal(directory.looked, DIRECTORY_NAMES_MAX);
		assert_in_range(directory.count, DIRECTORY_NAMES_MAX / 4 - more,
		    DIRECTORY_NAMES_MAX / 4);
		directory_close(&directory);
		if (!more)
			make_socket("more");
	}
}

/* What is no directory below the root says why. */
static void
test_faults(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "none/", ENOENT },
		{ "file/", ENOTDIR },
		{ "out/", EXDEV },
		{ "loop/", ELOOP },
	};
	int root = *(int *)*state;
	struct directory directory;
	char longest[5000];

	tree_write("file", 'f', 1);
	assert_return_code(symlink("..", "out"), 0);
	assert_return_code(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(directory_open(&directory, root,
				     span_of(rows[i].path)),
		    -1);
		directory_close(&directory);
		assert_int_equal(errno, rows[i].error);
	}
	memset(longest, '/', sizeof(longest));
	assert_int_equal(directory_open(&directory, root,
			     (struct span){ longest, sizeof(longest) }),
	    -1);
	directory_close(&directory);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* One that is removed meanwhile has no more names. */
static void
test_removed(void **state)
{
	int root = *(int *)*state;
	struct directory directory;

	mkdir("sub", 0755);
	assert_return_code(directory_open(&directory, root, SPAN("sub/")), 0);
	assert_return_code(rmdir("sub"), 0);
	assert_int_equal(directory_read(&directory), -1);
	assert_int_equal(errno, ENOENT);
	directory_close(&directory);
}

#define DIRECTORY_TEST(test) \
 cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DIRECTORY_TEST(test_names),
		DIRECTORY_TEST(test_bound),
		DIRECTORY_TEST(test_faults),
		DIRECTORY_TEST(test_removed),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
