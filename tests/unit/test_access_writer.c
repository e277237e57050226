/* test_access_writer: a pipe that nobody reads, and a file in its place: each
 * line is whole in one of them. */
#include "config.h"

#include "base/access_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/access_log.h"
#include "base/clock.h"
#include "tree.h"

/* How long a log may take to be written at its end. */
#define PATIENCE (20 * CLOCK_S)

static int
enter(void **state)
{
	(void)state;
	alarm(100); /* nothing here may wait for ever */
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

/* A reader's end that does not wait, so that a writer can open the other. */
static int
open_fifo(void)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	return open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* The log that goes to the FIFO, with its writer. */
static struct access_log *
start_log(void)
{
	struct access_log *log = access_log_open("fifo", NULL, 1);

	assert_non_null(log);
	assert_int_equal(access_log_start(log, &(struct sandbox){ 0 }), 0);
	return log;
}

/* Appends `size` bytes and a newline, and waits until the FIFO holds as many as
 * `expected` or more. */
static void
append_and_await(struct access_log *log, size_t size, int reader, int expected)
{
	const int64_t deadline = clock_now() + 20 * CLOCK_S;
	char *line = malloc(size + 1);
	int held = 0;

	assert_non_null(line);
	memset(line, 'z', size);
	line[size] = '\n';
	assert_true(access_log_append(log, 0, (struct span){ line, size + 1 }));
	free(line);
	while (held < expected) {
		assert_true(clock_now() < deadline);
		sched_yield();
		assert_int_equal(ioctl(reader, FIONREAD, &held), 0);
	}
}

/*
 * A FIFO that nobody reads holds the writer up, in its midst of a line or not;
 * that line and all behind it go to the new file, whole, and are not dropped.
 */
static void
test_stuck_fifo_is_left(void **state)
{
	/* a FIFO holds 64 KiB; PIPE_BUF bytes are written whole or not at all */
	static const struct {
		size_t first, second; /* sizes of lines */
		int held;             /* bytes that the FIFO takes */
		off_t file;           /* bytes of the new file */
	} rows[] = {
		{ 65535, 99, 65536, 100 },      /* full at the end of a line */
		{ 63999, 2999, 64000, 3000 },   /* the second finds no room */
		{ 70999, 99, 65536, 71100 },    /* full within the first */
		{ 59999, 29999, 65000, 30000 }, /* full within the second */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int reader = open_fifo();
		struct access_log *log = start_log();
		struct stat status;

		append_and_await(log, rows[i].first, reader,
		    rows[i].first < 65536 ? (int)rows[i].first + 1 : 65536);
		append_and_await(log, rows[i].second, reader, rows[i].held);
		assert_int_equal(rename("fifo", "old"), 0);
		access_log_reopen(log);
		assert_int_equal(access_log_close(log, PATIENCE), 0);
		assert_int_equal(stat("fifo", &status), 0);
		assert_int_equal(status.st_size, rows[i].file);
		close(reader);
		assert_int_equal(unlink("fifo") + unlink("old"), 0);
	}
}

/* How many descriptors of the FIFO this process has. They are looked at by name:
 * the writer may close one meanwhile. */
static unsigned
count_descriptors(void)
{
	struct stat fifo, status;
	unsigned count = 0;

	assert_int_equal(stat("fifo", &fifo), 0);
	for (int fd = 0; fd < 256; fd++) {
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		count += stat(name, &status) == 0 &&
			 status.st_ino == fifo.st_ino &&
			 status.st_dev == fifo.st_dev;
	}
	return count;
}

/* Returns when the writer has taken the file and closed the one before, so that
 * there is one beside the reader's again. */
static void
reopen_and_await(struct access_log *log)
{
	const int64_t deadline = clock_now() + 20 * CLOCK_S;

	assert_int_equal(access_log_reopen(log), 0);
	while (count_descriptors() != 2) {
		assert_true(clock_now() < deadline);
		sched_yield();
	}
}

/* The same FIFO again: what it has of the line ends, and the line comes whole. */
static void
test_stuck_fifo_is_opened_anew(void **state)
{
	const size_t first = 65536, size = 71000;
	int reader = open_fifo();
	struct access_log *log = start_log();
	struct pollfd ready = { .fd = reader, .events = POLLIN };
	char *text = malloc(first + 1 + size);
	size_t held = 0;

	(void)state;
	assert_non_null(text);
	append_and_await(log, size - 1, reader, (int)first);
	reopen_and_await(log);
	while (held < first + 1 + size) {
		ssize_t more;

		assert_int_equal(poll(&ready, 1, 20000), 1);
		more = read(reader, text + held, first + 1 + size - held);
		assert_true(more > 0);
		held += (size_t)more;
	}
	assert_int_equal(text[first - 1], 'z');
	assert_int_equal(text[first], '\n');
	assert_ptr_equal(memchr(text + first + 1, '\n', size),
	    text + first + size);
	assert_int_equal(access_log_close(log, PATIENCE), 0);
	free(text);
	close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stuck_fifo_is_left),
		TEST(test_stuck_fifo_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
