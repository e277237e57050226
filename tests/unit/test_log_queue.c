/* test_log_queue: nobody waits for a reader; lines are whole, in order, and
 * counted where they are lost. */
#include "config.h"

#include "base/log_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture.h"

/* Long enough for a thread to get its turn on any machine. */
#define PATIENCE (20 * CLOCK_S)

#define THREADS 4
#define LINES   500

static const struct sandbox none;

/* Standard error while a test runs. */
static struct capture said;

static int
begin(void **state)
{
	(void)state;
	alarm(100); /* nothing here may wait for ever */
	return 0;
}

/* The pipe waits for its reader, as most do. */
static void
begin_capture(void)
{
	int flags;

	capture_begin(&said, STDERR_FILENO);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	assert_return_code(fcntl(STDERR_FILENO, F_SETFL, flags & ~O_NONBLOCK),
	    errno);
}

/* All that comes, up to `end`, which is to come. */
static char *
read_all(const char *end)
{
	static char text[1 << 20];
	const int64_t deadline = clock_now() + PATIENCE;
	size_t size = 0;

	text[0] = '\0';
	while (strstr(text, end) == NULL) {
		const char *more = capture_read(&said, 100);

		assert_true(clock_now() < deadline);
		assert_true(size + strlen(more) < sizeof(text));
		memcpy(text + size, more, strlen(more) + 1);
		size += strlen(more);
	}
	return text;
}

/* Takes the next number from the text, which goes on with a line's prefix. */
static long
take_number(const char **text)
{
	static const char prefix[] = "mtasync: ";
	long number;
	char *end;

	assert_memory_equal(*text, prefix, strlen(prefix));
	*text += strlen(prefix);
	number = strtol(*text, &end, 10);
	assert_ptr_not_equal(end, *text);
	*text = end;
	return number;
}

/* The text behind the line. */
static const char *
next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	assert_non_null(end);
	return end + 1;
}

/* Each line to its descriptor, in the order in which they were said. */
static void
test_order(void **state)
{
	struct capture out;

	(void)state;
	begin_capture();
	capture_begin(&out, STDOUT_FILENO);
	assert_int_equal(log_queue_start(&none), 0);
	log_error("one");
	log_report(STDOUT_FILENO, "two");
	log_error("three");
	log_report(STDERR_FILENO, "four\n");
	log_queue_stop(PATIENCE);
	capture_end(&out);
	capture_end(&said);
	assert_string_equal(out.text, "mtasync: two\n");
	assert_string_equal(said.text,
	    "mtasync: one\nmtasync: three\nmtasync: four\\x0a\n");
}

/* The longest line of a report is whole. */
static void
test_long_report(void **state)
{
	static char text[2 * LOG_REPORT_MAX];
	size_t size;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	begin_capture();
	assert_int_equal(log_queue_start(&none), 0);
	log_report(STDERR_FILENO, text);
	size = strlen(read_all("\n"));
	log_queue_stop(PATIENCE);
	capture_end(&said);
	assert_in_range(size, LOG_REPORT_MAX - 16, LOG_REPORT_MAX);
}

/* Until the thread runs, a message is there when log_error() returns; once it
 * has ended, nobody may wait any more. */
static void
test_before_and_after(void **state)
{
	(void)state;
	begin_capture();
	log_error("before");
	assert_string_equal(capture_read(&said, 0), "mtasync: before\n");
	assert_int_equal(log_queue_start(&none), 0);
	log_queue_stop(PATIENCE);
	log_error("after");
	log_queue_stop(PATIENCE); /* does nothing */
	assert_string_equal(capture_read(&said, 0), "");
	capture_end(&said);
}

static void *
say_lines(void *number)
{
	for (int i = 0; i < LINES; i++)
		log_error("%d %d", *(int *)number, i);
	return NULL;
}

/* Of many threads, each line is whole, and each thread's are in order. */
static void
test_many_threads(void **state)
{
	int numbers[THREADS], next[THREADS] = { 0 };
	pthread_t threads[THREADS];
	const char *text;

	(void)state;
	begin_capture();
	assert_int_equal(log_queue_start(&none), 0);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, say_lines,
				     &numbers[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	log_error("end");
	text = read_all("end\n");
	for (int i = 0; i < THREADS * LINES; i++) {
		long thread = take_number(&text);

		assert_in_range(thread, 0, THREADS - 1);
		assert_int_equal(strtol(text, NULL, 10), next[thread]++);
		text = next_line(text);
	}
	assert_string_equal(text, "mtasync: end\n");
	log_queue_stop(PATIENCE);
	capture_end(&said);
}

/* Says numbered lines of a kilobyte, 600 in all: a pipe and the queue have
 * room for half of them. */
static void
flood(void)
{
	char fill[900];

	memset(fill, '.', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	for (int i = 0; i < 600; i++)
		log_error("%d %s", i, fill);
}

/* While nobody reads, nobody waits; then what there was room for is there, in
 * order, and the number of what was lost; then all is as before. */
static void
test_unread(void **state)
{
	const char *text;
	long count = 0, number;

	(void)state;
	begin_capture();
	assert_int_equal(log_queue_start(&none), 0);
	flood();
	text = read_all("nobody read them\n");
	number = take_number(&text);
	while (strncmp(text, " .", 2) == 0) {
		assert_int_equal(number, count++);
		text = next_line(text);
		number = take_number(&text);
	}
	assert_memory_equal(text, " messages were lost", 19);
	assert_in_range(count, 250, 599);
	assert_int_equal(count + number, 600);
	log_error("again");
	assert_string_equal(read_all("again\n"), "mtasync: again\n");
	log_queue_stop(PATIENCE);
	capture_end(&said);
}

/* A pipe that somebody has made non-blocking loses no line. */
static void
test_unread_and_nonblocking(void **state)
{
	const char *text;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	assert_int_equal(log_queue_start(&none), 0);
	for (int i = 1; i <= 200; i++)
		log_error("%500d", i);
	text = read_all(" 200\n");
	for (int i = 1; i <= 200; i++) {
		assert_int_equal(take_number(&text), i);
		text = next_line(text);
	}
	log_queue_stop(PATIENCE);
	capture_end(&said);
}

/* The end does not wait longer than it is told to; last, since the thread is
 * left behind. */
static void
test_stop_unread(void **state)
{
	const int64_t patience = CLOCK_S / 10;
	int64_t began, took;

	(void)state;
	begin_capture();
	assert_int_equal(log_queue_start(&none), 0);
	flood();
	began = clock_now();
	log_queue_stop(patience);
	took = clock_now() - began;
	assert_true(took >= patience && took < PATIENCE);
	log_error("nobody waits");
	log_queue_stop(PATIENCE); /* nor again */
	assert_true(clock_now() - began < PATIENCE);
	capture_end(&said);
}

/* Where there is no room for a stack. */
static void
test_no_thread(void **state)
{
	struct rlimit limit, before;
	int result;

	(void)state;
	if (SANITIZED) {
		print_message("not tried: sanitizers take all addresses\n");
		return;
	}
	begin_capture();
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = 1 << 20;
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	result = log_queue_start(&none);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	capture_end(&said);
	assert_int_equal(result, -1);
	assert_string_equal(said.text,
	    "mtasync: a thread that writes the log can't be started: "
	    "Resource temporarily unavailable\n");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_thread),
		TEST(test_before_and_after),
		TEST(test_order),
		TEST(test_long_report),
		TEST(test_many_threads),
		TEST(test_unread),
		TEST(test_unread_and_nonblocking),
		TEST(test_stop_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
