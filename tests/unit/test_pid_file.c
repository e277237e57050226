/* test_pid_file: it comes to its path whole, and goes only if it is ours. */
#include "config.h"

#include "base/pid_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

static int
set_up(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

static long
read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[32];

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_int_equal(line[strlen(line) - 1], '\n');
	return strtol(line, NULL, 10);
}

/* Nobody finds it before it is published. */
static void
test_published(void **state)
{
	struct pid_file file;

	(void)state;
	assert_return_code(pid_file_open(&file, "./x"), errno);
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(read_number(file.temporary), getpid());
	assert_return_code(pid_file_publish(&file), errno);
	assert_int_equal(read_number("x"), getpid());
	assert_int_equal(access(file.temporary, F_OK), -1);
	pid_file_close(&file);
	assert_int_equal(access("x", F_OK), -1);
	pid_file_close(&file);
}

/* A file that has not been published goes, and what has the name stays. */
static void
test_abandoned(void **state)
{
	struct pid_file file;

	(void)state;
	tree_write("x", '7', 3);
	assert_return_code(pid_file_open(&file, "x"), errno);
	pid_file_close(&file);
	assert_int_equal(access(file.temporary, F_OK), -1);
	assert_return_code(access("x", F_OK), errno);
}

/* Another one has come to the name. */
static void
test_replaced(void **state)
{
	struct pid_file old, new;

	(void)state;
	assert_return_code(pid_file_open(&old, "x"), errno);
	assert_return_code(pid_file_publish(&old), errno);
	assert_return_code(pid_file_open(&new, "x"), errno);
	assert_return_code(pid_file_publish(&new), errno);
	pid_file_close(&old);
	assert_int_equal(read_number("x"), getpid());
	pid_file_close(&new);
	assert_int_equal(access("x", F_OK), -1);
}

static void
test_left(void **state)
{
	struct pid_file file;

	(void)state;
	assert_return_code(pid_file_open(&file, "x"), errno);
	assert_return_code(pid_file_publish(&file), errno);
	pid_file_leave(&file);
	pid_file_close(&file);
	assert_int_equal(read_number("x"), getpid());
}

/* The longest name beside which a temporary one can be. */
static void
test_longest(void **state)
{
	char name[NAME_MAX - 8] = { 0 };
	struct pid_file file;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_return_code(pid_file_open(&file, name), errno);
	assert_return_code(pid_file_publish(&file), errno);
	assert_int_equal(read_number(name), getpid());
	pid_file_close(&file);
	assert_int_equal(access(name, F_OK), -1);
}

static void
test_refused(void **state)
{
	char name_most[NAME_MAX + 1], directory_most[PATH_MAX + 2];
	const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "directory", EISDIR },
		{ "directory/", EISDIR },
		{ "/", EISDIR },
		{ "link", EEXIST },
		{ "no/x", ENOENT },
		{ "file/x", ENOTDIR },
		{ name_most, ENAMETOOLONG },
		{ directory_most, ENAMETOOLONG },
	};

	(void)state;
	memset(name_most, 'x', NAME_MAX);
	name_most[NAME_MAX] = '\0';
	memset(directory_most, '/', PATH_MAX);
	memcpy(directory_most + PATH_MAX, "x", 2);
	assert_return_code(mkdir("directory", 0700), errno);
	assert_return_code(symlink("file", "link"), errno);
	tree_write("file", 'x', 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pid_file file;

		assert_int_equal(pid_file_open(&file, rows[i].path), -1);
		assert_int_equal(errno, rows[i].error);
		pid_file_close(&file);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_published, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_abandoned, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_longest, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
