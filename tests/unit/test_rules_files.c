/* test_rules_files: files of rules, and of times. */
#include "config.h"

#include "app/rules.h"

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

#include "base/clock.h"
#include "ruling.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static int
rules_setup(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
rules_teardown(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

static void
write_file(const char *name, const char *text, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_return_code(fclose(file), 0);
}

static void
write_text(const char *name, struct span text)
{
	write_file(name, text.data, text.size);
}

/* The pool of the rule for a path. */
static const struct pool *
pool_of(struct rules *rules, const char *path)
{
	const struct rule *rule = rules_find(rules, HTTP_GET, span_of(path));

	assert_non_null(rule);
	return behaviour_says(&rule->behaviour, WORD_POOL)
		   ? rule->behaviour.pool
		   : NULL;
}

static void
test_file(void **state)
{
	static const char text[] = "# of the shop\n"
				   "\n"
				   " \t\r\n"
				   "/a seed=1\r\n"
				   "  # /b seed=9\n"
				   "  /b seed=2\n"
				   "/a seed=3\n"
				   "/c seed=4";
	struct rules *rules = new_rules();
	struct rules_fault fault;

	(void)state;
	write_file("rules", text, strlen(text));
	add(rules, "/c seed=5");
	assert_true(rules_read(rules, "rules", &fault));
	assert_true(rules_end(rules));
	assert_int_equal(number(rules, HTTP_GET, "a"), 1);
	assert_int_equal(number(rules, HTTP_GET, "b"), 2);
	assert_int_equal(number(rules, HTTP_GET, "c"), 5);
	assert_int_equal(number(rules, HTTP_GET, "d"), 0);
	rules_release(rules);
	write_text("rules", SPAN(""));
	rules = new_rules();
	assert_true(rules_read(rules, "rules", &fault));
	assert_true(rules_are_empty(rules));
	rules_release(rules);
}

/* Lines that declare pools, wherever they stand, are for all rules. */
static void
test_pools(void **state)
{
	static const char text[] = "/a pool=db seed=1\n"
				   "# pool=no:slots=1\n"
				   "pool=db:slots=2,queue=1\r\n"
				   "/b pool=web seed=2\n"
				   " \tpool=web:slots=1\n"
				   "/c pool=of-option seed=3";
	struct rules *rules = new_rules();
	const struct pools *pools = rules_pools(rules);
	struct rules_fault fault;

	(void)state;
	write_file("rules", text, strlen(text));
	assert_true(rules_add_pool(rules, SPAN("of-option:slots=1"), &fault));
	if (!rules_read(rules, "rules", &fault))
		fail_msg("%u:%u: %s", fault.line, fault.column, fault.why);
	assert_true(rules_end(rules));
	assert_ptr_equal(pool_of(rules, "a"), pools_find(pools, SPAN("db")));
	assert_ptr_equal(pool_of(rules, "b"), pools_find(pools, SPAN("web")));
	assert_ptr_equal(pool_of(rules, "c"),
	    pools_find(pools, SPAN("of-option")));
	assert_non_null(pool_of(rules, "a"));
	assert_null(pools_find(pools, SPAN("no")));
	rules_release(rules);

	/* pools alone */
	write_text("rules", SPAN("pool=db:slots=1"));
	rules = new_rules();
	assert_true(rules_read(rules, "rules", &fault));
	assert_false(rules_are_empty(rules));
	rules_release(rules);
}

/* Reads a file that is wrong, and returns why. */
static struct rules_fault
fault_of(const char *path)
{
	struct rules *rules = new_rules();
	struct rules_fault fault = { 0 };

	assert_false(rules_read(rules, path, &fault));
	rules_release(rules);
	return fault;
}

static void
test_faults(void **state)
{
	static const struct {
		struct span text;
		unsigned line, column;
		const char *why;
	} rows[] = {
		{ SPAN("/a\n"), 1, 3, "/a: wants a word" },
		{ SPAN("/a seed=1\n\n#\n/b seed=x\n"), 4, 9, "seed=x: wants" },
		{ SPAN("/a seed=1\r\n/b seed=x\r\n"), 2, 9, "seed=x: wants" },
		{ SPAN("/a seed=1\nb"), 2, 1, "b: wants" },
		{ SPAN("/a seed=1\n/b\0 seed=1\n"), 2, 3,
		    "a control character" },
		{ SPAN("\0"), 1, 1, "a control character" },
		{ SPAN("/a seed=1\r\r\n"), 1, 10, "a control character" },
		/* of pools, which are read before the rules */
		{ SPAN("/a seed=x\npool=\n"), 2, 6,
		    ": wants a name, of a letter and up to 31" },
		{ SPAN("pool=db:slots=0\n"), 1, 15,
		    "db:slots=0: wants a whole number from 1 to 1000000000, "
		    "as in db:slots=16,queue=128,wait=2s" },
		{ SPAN(" \t pool=db:slots=0\n"), 1, 18, "db:slots=0: wants" },
		{ SPAN("\n\npool=db:slots=1,queue\r\n"), 3, 17,
		    "db:slots=1,queue: wants slots=N" },
		{ SPAN("pool=db:slots=1 \n"), 1, 15, "db:slots=1 : wants" },
		{ SPAN("pool=db:slots=1\r\r\n"), 1, 15, "db:slots=1" },
		{ SPAN("pool=db delay=1s\n"), 1, 6, "db delay=1s: wants a" },
		{ SPAN("pool=db:slots=1\n/a seed=1\npool=db:slots=2"), 3, 6,
		    "db:slots=2: wants each name but once" },
		{ SPAN("/a pool=db\n"), 1, 9,
		    "pool=db: wants the name of a pool that --pool declares, or, "
		    "within --rules, a line pool=, as in pool=db" },
		{ SPAN("pool=db:slots=1\n/a pool=web\n"), 2, 9,
		    "pool=web: wants the name of a pool" },
		{ SPAN("Pool=db:slots=1\n"), 1, 1, "Pool=db:slots=1: wants a" },
		{ SPAN("pool =db:slots=1\n"), 1, 1, "pool: wants " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules_fault fault;

		write_file("rules", rows[i].text.data, rows[i].text.size);
		fault = fault_of("rules");
		if (fault.line != rows[i].line ||
		    fault.column != rows[i].column ||
		    strncmp(fault.why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %u:%u: %s", rows[i].text.data, fault.line,
			    fault.column, fault.why);
	}
}

static void
test_unreadable(void **state)
{
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "none", ENOENT },
		{ ".", EINVAL },
		{ "fifo", EINVAL },
		{ "large", EFBIG },
	};
	char *text = calloc(1, (16 << 20) + 1);

	(void)state;
	assert_non_null(text);
	assert_return_code(mkfifo("fifo", 0600), errno);
	memset(text, '\n', (16 << 20) + 1);
	write_file("large", text, (16 << 20) + 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules_fault fault = fault_of(rows[i].path);

		assert_int_equal(fault.line, 0);
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
		assert_non_null(strstr(fault.why, strerror(rows[i].error)));
		assert_non_null(strstr(fault.why, "of up to 16 MiB"));
	}
	write_file("large", text, 16 << 20);
	memset(text, '#', 16 << 20);
	write_file("comment", text, 16 << 20); /* in one line */
	free(text);
	for (size_t i = 0; i < 2; i++) {
		struct rules *rules = new_rules();
		struct rules_fault fault;

		assert_true(
		    rules_read(rules, i > 0 ? "comment" : "large", &fault));
		rules_release(rules);
	}
}

/* As the kernel makes them: without a size. */
static void
test_file_without_a_size(void **state)
{
	struct rules_fault fault = fault_of("/proc/self/status");

	(void)state;
	assert_int_equal(fault.line, 1);
	assert_int_equal(fault.column, 1);
}

static void
test_too_many(void **state)
{
	static const char line[] = "/a seed=1\n";
	size_t size = strlen(line);
	char *text = malloc((RULES_MAX + 1) * size);
	struct rules *rules = new_rules();
	struct rules_fault fault;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i <= RULES_MAX; i++)
		(void)mempcpy(text + i * size, line, size);
	write_file("rules", text, RULES_MAX * size);
	assert_true(rules_read(rules, "rules", &fault));
	assert_true(rules_end(rules));
	assert_int_equal(number(rules, HTTP_GET, "a"), 1);
	rules_release(rules);
	write_file("rules", text, (RULES_MAX + 1) * size);
	fault = fault_of("rules");
	assert_int_equal(fault.line, RULES_MAX + 1);
	assert_non_null(strstr(fault.why, "one rule more than the 16384"));
	free(text);
}

/* ---- files of times ---- */

static void
check_times(const char *text, const char *path, int64_t longest)
{
	struct rules *rules = new_rules();
	struct rules_fault fault;

	if (text != NULL)
		add(rules, text);
	else if (!rules_read(rules, path, &fault))
		fail_msg("%u:%u: %s", fault.line, fault.column, fault.why);
	assert_true(rules_end(rules));
	assert_int_equal(when_longest(&rules_find(rules, HTTP_GET, SPAN("a"))
					   ->behaviour.delay),
	    longest);
	rules_release(rules);
}

static void
test_times(void **state)
{
	char text[TREE_PATH_MAX + 64], directory[TREE_PATH_MAX];
	FILE *file;

	(void)state;
	assert_return_code(mkdir("sub", 0700), errno);
	write_text("times", SPAN("1ms\n"));
	write_text("sub/times", SPAN("2ms\n3ms"));
	write_text("sub/rules", SPAN("/a delay=file:times"));
	write_text("rules", SPAN("/a delay=file:sub/times\n"));
	write_text("up", SPAN("/a delay=file:./sub/../times\n"));
	check_times("/a delay=file:times", NULL, CLOCK_MS);
	check_times("/a delay=file:sub/times", NULL, 3 * CLOCK_MS);
	check_times(NULL, "rules", 3 * CLOCK_MS);
	check_times(NULL, "./sub/rules", 3 * CLOCK_MS);
	check_times(NULL, "up", CLOCK_MS);
	assert_non_null(getcwd(directory, sizeof(directory)));
	snprintf(text, sizeof(text), "/a delay=file:%s/times", directory);
	check_times(text, NULL, CLOCK_MS);
	file = fopen("sub/absolute", "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	assert_return_code(fclose(file), 0);
	check_times(NULL, "sub/absolute", CLOCK_MS);
}

static void
test_faulty_times(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "/a delay=file:none",
		    "delay=file:none: wants a regular file of up to 16 MiB "
		    "that can be read (No such file or directory), as in "
		    "delay=file:times.txt" },
		{ "/a delay=file:.",
		    "delay=file:.: wants a regular file of up to 16 MiB that "
		    "can be read (Invalid argument), as in "
		    "delay=file:times.txt" },
		{ "/a delay=file:fifo", "delay=file:fifo: wants a regular" },
		{ "/a delay=file:empty",
		    "delay=file:empty: wants in line 1 of it, at column 1, at "
		    "least one time, as in 250ms" },
		{ "/a delay=file:bad",
		    "delay=file:bad: wants in line 3 of it, at column 4, a "
		    "time" },
		{ "/a delay=file:long",
		    "delay=file:long: wants in line 1 of it, at column 1, a "
		    "time" },
		{ "/a delay=file:nul",
		    "delay=file:nul: wants in line 1 of it, at column 4, a "
		    "time" },
	};

	(void)state;
	assert_return_code(mkfifo("fifo", 0600), errno);
	write_text("empty", SPAN(""));
	write_text("bad", SPAN("1ms\n#\n1.5x\n"));
	write_text("long", SPAN("11m\n"));
	write_text("nul", SPAN("1ms\0\n"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules *rules = new_rules();
		struct rules_fault fault = { 0 };

		assert_false(rules_add(rules, span_of(rows[i].text), &fault));
		if (fault.column != 15 ||
		    strncmp(fault.why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %u: %s", rows[i].text, fault.column,
			    fault.why);
		rules_release(rules);
	}
}

#define RULES_TEST(test) \
 cmocka_unit_test_setup_teardown(test, rules_setup, rules_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RULES_TEST(test_file),
		RULES_TEST(test_pools),
		RULES_TEST(test_faults),
		RULES_TEST(test_unreadable),
		cmocka_unit_test(test_file_without_a_size),
		RULES_TEST(test_too_many),
		RULES_TEST(test_times),
		RULES_TEST(test_faulty_times),
	};

	return cmocka_run_group_tests_name("rules of files", tests, NULL, NULL);
}
