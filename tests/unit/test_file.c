/* Tests of app/file: what it is told of, and what it is read from. */
#include "config.h"

#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tree.h"

static const struct moment moment = { .now = CLOCK_S,
	.wall = 784111777,
	.date = "Sun, 06 Nov 1994 08:49:37 GMT" };

static int
file_setup(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
file_teardown(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

/* Each coding has its own entity tag (RFC 9110 8.8.3.3), the longest too. */
static void
test_tags(void **state)
{
	const struct stat status = { .st_size = INT64_MAX,
		.st_mode = S_IFREG,
		.st_mtim = { .tv_sec = -1, .tv_nsec = 999999999 },
		.st_ctim = { .tv_sec = -1, .tv_nsec = 999999999 } };
	char tags[HTTP_CODINGS][FILE_ETAG_MAX];

	(void)state;
	tree_write("page", 'p', 1);
	for (int i = 0; i < HTTP_CODINGS; i++) {
		struct file_facts facts = { .type = "text/plain",
			.coding = (enum http_coding)i };
		struct file *file = file_open(open("page", O_RDONLY), &status,
		    &facts, &moment);

		assert_non_null(file);
		assert_int_equal(file->etag[strlen(file->etag) - 1], '"');
		snprintf(tags[i], sizeof tags[i], "%s", file->etag);
		file_release(file);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(tags[i], tags[j]);
	}
}

/*
 * A file that has fewer bytes than its size promises, like those of sysfs, is
 * not served with what happens to be in memory behind them.
 */
static void
test_short_file(void **state)
{
	const struct file_facts facts = { .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY };
	int fd = open("/sys/kernel/uevent_seqnum", O_RDONLY);
	struct stat status;

	(void)state;
	if (fd == -1)
		skip();
	assert_return_code(fstat(fd, &status), 0);
	assert_null(file_open(fd, &status, &facts, &moment));
	assert_int_equal(errno, EAGAIN);
}

/* Whether a version can be told from a later one, by its ctime, however
 * strange: seconds from now. */
static void
test_strange_ctimes(void **state)
{
	static const struct {
		int64_t seconds;
		bool settled;
	} rows[] = {
		{ -3, true },
		{ -300 * INT64_C(31556952), true }, /* three centuries */
		{ -(INT64_C(1) << 61), true },
		{ 3, false },
		{ 300 * INT64_C(31556952), false },
		{ INT64_C(1) << 61, false },
	};
	const struct file_facts facts = { .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stat status = { .st_size = FILE_MEMORY_MAX + 1,
			.st_ctim.tv_sec = time(NULL) + rows[i].seconds };
		struct file *file = file_open(open("/dev/null", O_RDONLY),
		    &status, &facts, &moment);

		assert_non_null(file);
		assert_int_equal(file->settled, rows[i].settled);
		file_release(file);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tags, file_setup,
		    file_teardown),
		cmocka_unit_test(test_short_file),
		cmocka_unit_test(test_strange_ctimes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
