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

/* When an mtime is told, in seconds before now, or as itself; and that the
 * ready-made head tells the same as the file. */
static void
test_modified(void **state)
{
	static const struct {
		time_t mtime; /* from `now` on where it is not over 0 */
		bool told;
	} rows[] = {
		{ INT64_MIN + 1, false },
		{ -100 * INT64_C(31556952), false },
		{ 1, false },
		{ 315532800, false }, /* 1980-01-01 */
		{ 499162500, false }, /* 1985-10-26 */
		{ 631151999, false },
		{ 631152000, true }, /* 1990-01-01 */
		{ -3, true },
		{ -2, true },
		{ -1, false },
		{ 0, false },
		{ INT64_C(1) << 40, false },
	};
	const struct file_facts facts = { .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		time_t mtime = rows[i].mtime;
		struct stat status = { .st_size = FILE_MEMORY_MAX + 1,
			.st_mtim.tv_sec = mtime > 0 ? mtime
						    : moment.wall + mtime };
		struct file *file = file_open(open("/dev/null", O_RDONLY),
		    &status, &facts, &moment);
		struct span head = file_plain_head(file, &moment);

		print_message("# %zu\n", i);
		assert_int_equal(file_modified(file, &moment),
		    rows[i].told ? status.st_mtim.tv_sec : HTTP_DATE_NONE);
		assert_int_equal(memmem(head.data, head.size, "Last-Modified",
				     13) != NULL,
		    rows[i].told);
		file_release(file);
	}
}

/* A head that is ready made gains Last-Modified when that may be told, in front
 * of the same content. */
static void
test_head_gains_modified(void **state)
{
	const struct file_facts facts = { .type = "text/plain",
		.fields = SPAN("X: y\r\n"),
		.coding = HTTP_CODING_IDENTITY };
	struct moment later = moment;
	struct stat status;
	struct file *file;
	struct span young, old;
	size_t size = strlen("Last-Modified: \r\n") + HTTP_DATE_SIZE;

	(void)state;
	tree_write("page", 'p', 3);
	assert_return_code(stat("page", &status), 0);
	later.wall = status.st_mtim.tv_sec + 1;
	file = file_open(open("page", O_RDONLY), &status, &facts, &later);
	assert_non_null(file);
	young = file_plain_head(file, &later);
	assert_null(memmem(young.data, young.size, "Last-Modified", 13));
	later.wall++;
	memcpy(later.date, "Sun, 06 Nov 1994 08:49:39 GMT", HTTP_DATE_SIZE);
	old = file_plain_head(file, &later);
	assert_int_equal(old.size, young.size + size);
	assert_non_null(memmem(old.data, old.size, "\r\nLast-Modified: ", 17));
	assert_non_null(memmem(old.data, old.size, "08:49:39", 8));
	assert_memory_equal(old.data + old.size - 8, "X: y\r\n\r\nppp", 11);
	assert_ptr_equal(file_content(file), old.data + old.size);
	file_release(file);
}

/* What is done to a large file while it is sent. */
enum done {
	NOTHING,
	TOUCHED,     /* another mtime */
	LONGER,      /* by one byte */
	MUCH_LONGER, /* by two */
	CUT,         /* as long as at first, */
	SHORTER,     /* and one less */
};

static void
do_to(const char *name, enum done done)
{
	const off_t size = FILE_MEMORY_MAX + 1;
	static const off_t more
	    [] = { [LONGER] = 1, [MUCH_LONGER] = 2, [CUT] = 0, [SHORTER] = -1 };

	if (done == TOUCHED)
		assert_return_code(utimensat(AT_FDCWD, name, NULL, 0), 0);
	else if (done != NOTHING)
		assert_return_code(truncate(name, size + more[done]), 0);
}

/* A file that only grows still has what it had. */
static void
test_unwritten(void **state)
{
	static const struct {
		enum done done[3];
		bool unwritten; /* at the end */
	} rows[] = {
		{ { NOTHING }, true },
		{ { TOUCHED }, false },
		{ { SHORTER }, false },
		{ { LONGER }, true },
		{ { LONGER, TOUCHED }, true },
		{ { LONGER, MUCH_LONGER, MUCH_LONGER }, true },
		{ { LONGER, CUT }, false },
		{ { MUCH_LONGER, LONGER }, false },
		{ { LONGER, SHORTER }, false },
	};
	const struct file_facts facts = { .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stat status;
		struct file *file;
		bool unwritten = true;

		print_message("# %zu\n", i);
		tree_write("log", 'l', (size_t)FILE_MEMORY_MAX + 1);
		assert_return_code(stat("log", &status), 0);
		file = file_open(open("log", O_RDONLY), &status, &facts,
		    &moment);
		assert_non_null(file);
		for (int k = 0; k < 3 && rows[i].done[k] != NOTHING; k++) {
			assert_true(unwritten);
			do_to("log", rows[i].done[k]);
			unwritten = file_is_unwritten(file);
		}
		assert_int_equal(unwritten, rows[i].unwritten);
		assert_false(file_is_whole(file) && rows[i].done[0]);
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
		cmocka_unit_test(test_modified),
		cmocka_unit_test_setup_teardown(test_head_gains_modified,
		    file_setup, file_teardown),
		cmocka_unit_test_setup_teardown(test_unwritten, file_setup,
		    file_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
