/* test_access_log: every line is written whole and in order, or counted. */
#include "config.h"

#include "base/access_log.h"

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
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture.h"
#include "filler.h"

/* How long a log may take to be written at its end. */
#define PATIENCE (CLOCK_S / 2)

/* A directory for each test, in which it stays. */
static char directory[64];

static int
enter(void **state)
{
	(void)state;
	alarm(100); /* nothing here may wait for ever */
	snprintf(directory, sizeof(directory), "/tmp/mtasync-log-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	return chdir(directory);
}

static int
leave(void **state)
{
	static const char *const files[] = { "log", "old", "fifo" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (unlink(files[i]) < 0 && errno != ENOENT)
			return -1;
	return chdir("/") < 0 ? -1 : rmdir(directory);
}

static struct access_log *
open_and_start(const char *path, unsigned rings)
{
	struct access_log *log = access_log_open(path, NULL, rings);

	assert_non_null(log);
	assert_int_equal(access_log_start(log, &(struct sandbox){ 0 }), 0);
	return log;
}

/* As fillers append. */
static bool
append_line(void *log, unsigned ring, struct span line)
{
	return access_log_append(log, ring, line);
}

static bool
append_numbered(struct access_log *log, unsigned ring, unsigned number)
{
	char text[FILLER_LINE_MAX];

	return append_line(log, ring, filler_make_line(text, ring, number));
}

/* Returns the whole file, NUL-terminated, for the caller to free. */
static char *
read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *text;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*size = (size_t)status.st_size;
	text = calloc(1, *size + 1);
	assert_non_null(text);
	assert_int_equal(read(fd, text, *size), *size);
	close(fd);
	return text;
}

static void
check_file(struct filler_reading *reading, const char *path)
{
	size_t size;
	char *text = read_file(path, &size);

	filler_check(reading, text, size);
	free(text);
}

/* One for each ring. */
static void
start_fillers(struct filler fillers[FILLER_MAX], struct access_log *log,
    unsigned count, bool insist)
{
	for (unsigned i = 0; i < FILLER_MAX; i++) {
		fillers[i] = (struct filler){ .append = append_line,
			.to = log,
			.ring = i,
			.count = count,
			.insists = insist };
		filler_start(&fillers[i]);
	}
}

/* Returns how many lines they saw dropped. */
static uint64_t
join_fillers(struct filler fillers[FILLER_MAX])
{
	uint64_t dropped = 0;

	for (unsigned i = 0; i < FILLER_MAX; i++)
		dropped += filler_join(&fillers[i]);
	return dropped;
}

/* At full speed, far more than the rings hold: some lines may be dropped. */
static void
test_under_load(void **state)
{
	struct access_log *log = open_and_start("log", FILLER_MAX);
	struct filler fillers[FILLER_MAX];
	struct filler_reading reading = { 0 };
	uint64_t dropped;

	(void)state;
	start_fillers(fillers, log, 30000, false);
	dropped = join_fillers(fillers);
	assert_int_equal(access_log_close(log, PATIENCE), dropped);
	check_file(&reading, "log");
	assert_int_equal(reading.cut, 0);
	assert_int_equal(reading.lines + dropped, FILLER_MAX * 30000);
}

/* Waits for a file to appear; fails after some seconds. */
static void
await_file(const char *path)
{
	const int64_t deadline = clock_now() + 20 * CLOCK_S;

	while (access(path, F_OK) < 0) {
		assert_true(clock_now() < deadline);
		sched_yield();
	}
}

/* Renamed and opened anew while it is filled: both parts make the whole. */
static void
test_reopen(void **state)
{
	struct access_log *log = open_and_start("log", FILLER_MAX);
	struct filler fillers[FILLER_MAX];
	struct filler_reading reading = { 0 };

	(void)state;
	start_fillers(fillers, log, 10000, true);
	assert_int_equal(rename("log", "old"), 0);
	access_log_reopen(log);
	await_file("log");
	join_fillers(fillers);
	assert_true(append_numbered(log, 0, 10000));
	access_log_close(log, PATIENCE);
	check_file(&reading, "old");
	check_file(&reading, "log");
	assert_int_equal(reading.cut, 0);
	assert_int_equal(reading.lines, FILLER_MAX * 10000 + 1);
	assert_int_equal(reading.next[0], 10001);
}

/* A path that is gone leaves the old file in use. */
static void
test_reopen_fails(void **state)
{
	struct access_log *log = open_and_start("log", 1);
	struct filler_reading reading = { 0 };
	struct capture said;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	assert_int_equal(rename("log", "old"), 0);
	assert_int_equal(mkdir("log", 0700), 0);
	access_log_reopen(log);
	assert_string_equal(capture_read(&said, 20000),
	    "mtasync: access log log: Is a directory; the old file stays\n");
	assert_true(append_numbered(log, 0, 0));
	assert_int_equal(access_log_close(log, PATIENCE), 0);
	capture_end(&said);
	assert_int_equal(rmdir("log"), 0);
	check_file(&reading, "old");
	assert_int_equal(reading.lines, 1);
}

/* A reader's end that does not wait, so that a writer can open the other. */
static int
open_fifo(void)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	return open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Each line wakes a sleeping writer: the next is made when it has come. */
static void
test_wakes_up(void **state)
{
	int reader = open_fifo();
	struct access_log *log = open_and_start("fifo", 1);
	struct pollfd ready = { .fd = reader, .events = POLLIN };
	struct filler_reading reading = { 0 };
	char text[FILLER_LINE_MAX];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		ssize_t size;

		assert_true(append_numbered(log, 0, i));
		assert_int_equal(poll(&ready, 1, 20000), 1);
		size = read(reader, text, sizeof(text));
		assert_true(size > 0);
		filler_check(&reading, text, (size_t)size);
		assert_int_equal(reading.lines, i + 1);
	}
	assert_int_equal(access_log_close(log, PATIENCE), 0);
	close(reader);
}

/* Fills until the ring is full and more, closes, and counts what the stuck
 * pipe has got: it holds whole lines, and all others were dropped. With that
 * read, the writer that was left behind comes back, and goes. */
static void
check_stuck(struct access_log *log, int reader)
{
	struct pollfd left = { .fd = reader }; /* by the writer: POLLHUP */
	struct filler_reading reading = { 0 };
	uint64_t dropped, appended = 0;
	int64_t begin, took;
	char *text;
	int size = 0;

	for (unsigned full = 0; full < 100; appended++)
		full += !append_numbered(log, 0, (unsigned)appended);
	begin = clock_now();
	dropped = access_log_close(log, PATIENCE);
	took = clock_now() - begin;
	assert_true(took >= PATIENCE && took < 10 * PATIENCE);
	assert_int_equal(ioctl(reader, FIONREAD, &size), 0);
	assert_true(size > 0);
	text = malloc((size_t)size);
	assert_non_null(text);
	assert_int_equal(read(reader, text, (size_t)size), size);
	assert_int_equal(poll(&left, 1, 20000), 1);
	close(reader);
	filler_check(&reading, text, (size_t)size);
	free(text);
	assert_int_equal(reading.cut, 0);
	assert_int_equal(reading.lines + dropped, appended);
}

static void
test_stuck_fifo(void **state)
{
	int reader = open_fifo();

	(void)state;
	check_stuck(open_and_start("fifo", 1), reader);
}

/* Standard output is as it is: here, a pipe whose writers wait. */
static void
test_stuck_standard_output(void **state)
{
	int saved = dup(STDOUT_FILENO), ends[2];
	struct access_log *log;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	log = open_and_start("-", 1);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	close(ends[1]);
	check_stuck(log, ends[0]);
}

/* The other end is gone: no SIGPIPE, but lines that are dropped. */
static void
test_broken_pipe(void **state)
{
	int reader = open_fifo();
	struct access_log *log = open_and_start("fifo", 1);
	struct capture said;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	close(reader);
	assert_true(append_numbered(log, 0, 0));
	assert_string_equal(capture_read(&said, 20000),
	    "mtasync: access log fifo: Broken pipe; lines are lost\n");
	assert_true(append_numbered(log, 0, 1));
	assert_int_equal(access_log_close(log, PATIENCE), 2);
	/* not twice in a second */
	assert_string_equal(capture_read(&said, 0), "");
	capture_end(&said);
}

static void
test_disk_full(void **state)
{
	struct access_log *log = open_and_start("/dev/full", 2);
	struct capture said;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	for (unsigned i = 0; i < 10; i++)
		assert_true(append_numbered(log, i % 2, i));
	assert_int_equal(access_log_close(log, PATIENCE), 10);
	assert_string_equal(capture_read(&said, 0),
	    "mtasync: access log /dev/full: No space left on device;"
	    " lines are lost\n");
	capture_end(&said);
}

static void
limit_files(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The limit cuts a line in its midst: the next one begins on a fresh line. */
static void
test_cut_line(void **state)
{
	struct access_log *log = open_and_start("log", 1);
	struct filler_reading reading = { 0 };
	char *text, *fragment;
	unsigned appended = 0;
	struct capture said;
	size_t size;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	limit_files(99999);
	for (; appended < 1500; appended++)
		assert_true(append_numbered(log, 0, appended));
	assert_string_not_equal(capture_read(&said, 20000), "");
	limit_files(RLIM_INFINITY);
	assert_true(append_numbered(log, 0, appended++));
	assert_true(append_numbered(log, 0, appended++));
	size = access_log_close(log, PATIENCE);
	capture_end(&said);

	reading.lines = size;
	text = read_file("log", &size);
	filler_check(&reading, text, 99999);
	assert_int_equal(reading.cut, 1);
	fragment = text + 99999;
	assert_int_equal(fragment[0], '\n');
	filler_check(&reading, fragment + 1, size - 100000);
	free(text);
	assert_int_equal(reading.lines, appended);
	assert_int_equal(reading.next[0], appended);
}

/* Before the thread runs, a ring's size is all the room there is. */
static void
test_room(void **state)
{
	struct access_log *log = access_log_open("log", NULL, 1);
	const size_t size = 256 << 10;
	char *line = malloc(size + 1);
	struct stat status;

	(void)state;
	assert_non_null(log);
	assert_non_null(line);
	memset(line, 'x', size + 1);
	line[size] = '\n';
	assert_false(
	    access_log_append(log, 0, (struct span){ line, size + 1 }));
	assert_true(access_log_append(log, 0, (struct span){ line + 1, size }));
	assert_false(access_log_append(log, 0, SPAN("\n")));
	assert_int_equal(access_log_start(log, &(struct sandbox){ 0 }), 0);
	assert_int_equal(access_log_close(log, PATIENCE), 2);
	assert_int_equal(stat("log", &status), 0);
	assert_int_equal(status.st_size, size);
	free(line);
}

/* On a pipe, lines longer than PIPE_BUF go out, too, and end batches. */
static void
test_long_lines_on_a_pipe(void **state)
{
	int reader = open_fifo();
	struct access_log *log = open_and_start("fifo", 1);
	char line[6000], text[40000];
	ssize_t size;

	(void)state;
	memset(line, 'y', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_true(append_numbered(log, 0, 0));
	assert_true(
	    access_log_append(log, 0, (struct span){ line, sizeof(line) }));
	assert_true(append_numbered(log, 0, 1));
	assert_int_equal(access_log_close(log, PATIENCE), 0);
	size = read(reader, text, sizeof(text));
	assert_int_equal(size, 5 + sizeof(line) + 124);
	assert_memory_equal(text, "0 0 \n", 5);
	assert_memory_equal(text + 5, line, sizeof(line));
	close(reader);
}

static void
test_open_and_close(void **state)
{
	struct access_log *log = access_log_open("log", NULL, 3);

	(void)state;
	assert_non_null(log);
	assert_int_equal(access_log_close(log, PATIENCE), 0);
	assert_int_equal(access_log_close(NULL, PATIENCE), 0);
	assert_null(access_log_open("no/such/directory", NULL, 1));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_null(access_log_open("fifo", NULL, 1)); /* nobody reads it */
	assert_int_equal(errno, ENXIO);
	log = open_and_start("log", 1);
	assert_int_equal(access_log_close(log, PATIENCE), 0);
}

/* A file that is there already is gone on with. */
static void
test_appends(void **state)
{
	struct filler_reading reading = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct access_log *log = open_and_start("log", 1);

		assert_true(append_numbered(log, 0, i));
		assert_int_equal(access_log_close(log, PATIENCE), 0);
	}
	check_file(&reading, "log");
	assert_int_equal(reading.lines, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_and_close),
		TEST(test_appends),
		TEST(test_room),
		TEST(test_under_load),
		TEST(test_wakes_up),
		TEST(test_long_lines_on_a_pipe),
		TEST(test_reopen),
		TEST(test_reopen_fails),
		TEST(test_stuck_fifo),
		TEST(test_stuck_standard_output),
		TEST(test_broken_pipe),
		TEST(test_disk_full),
		TEST(test_cut_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
