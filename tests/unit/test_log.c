/* test_log: what reaches standard error is one whole, harmless line. */
#include "config.h"

#include "base/log.h"

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

/* Standard error while a test runs: a pipe in packet mode, so that one read
 * gives back what one write wrote. */
static int saved = -1, reader = -1;

static int
capture(void **state)
{
	int ends[2];

	(void)state;
	if (pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC) < 0)
		return -1;
	saved = dup(STDERR_FILENO);
	reader = ends[0];
	if (saved < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	return close(ends[1]);
}

static int
release(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_INFO);
	if (dup2(saved, STDERR_FILENO) < 0)
		return -1;
	close(saved);
	return close(reader);
}

/* What one write wrote, NUL-terminated; "" where there was none. */
static const char *
next_write(void)
{
	static char text[4096];
	ssize_t size = read(reader, text, sizeof(text) - 1);

	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void
test_levels(void **state)
{
	static const struct {
		enum log_level level;
		const char *error, *info, *debug;
	} rows[] = {
		{ LOG_LEVEL_ERROR, "mtasync: e 1\n", "", "" },
		{ LOG_LEVEL_INFO, "mtasync: e 1\n", "mtasync: i 2\n", "" },
		{ LOG_LEVEL_DEBUG, "mtasync: e 1\n", "mtasync: i 2\n",
		    "mtasync: d 3\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_set_level(rows[i].level);
		log_error("e %d", 1);
		assert_string_equal(next_write(), rows[i].error);
		log_info("i %d", 2);
		assert_string_equal(next_write(), rows[i].info);
		log_debug("d %d", 3);
		assert_string_equal(next_write(), rows[i].debug);
	}
}

static void
test_text_in_one_write(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "", "mtasync: \n" },
		{ "two\nlines", "mtasync: two\\x0alines\n" },
		{ "\x1b[2J\r\t\x7f", "mtasync: \\x1b[2J\\x0d\\x09\\x7f\n" },
		{ "gr\xc3\xbc\xc3\x9f%s", "mtasync: gr\xc3\xbc\xc3\x9f%s\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_error("%s", rows[i].text);
		assert_string_equal(next_write(), rows[i].line);
	}
}

/* However long the text and however much of it is escaped: a whole line. */
static void
test_bound(void **state)
{
	static const char fills[] = { 'x', '\n' };
	char text[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(fills); i++) {
		const char *line;
		size_t size;

		memset(text, fills[i], sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		log_error("%s", text);
		line = next_write();
		size = strlen(line);
		assert_true(size >= 1000 && size <= 1024);
		assert_ptr_equal(strchr(line, '\n'), line + size - 1);
		assert_string_equal(next_write(), "");
	}
}

static void
test_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	log_error("%m");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(next_write(),
	    "mtasync: No such file or directory\n");

	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("nobody reads this");
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, capture, release),
		cmocka_unit_test_setup_teardown(test_text_in_one_write, capture,
		    release),
		cmocka_unit_test_setup_teardown(test_bound, capture, release),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, capture,
		    release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
