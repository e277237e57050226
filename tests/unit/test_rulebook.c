/* test_rulebook: the pools and rules of options and of their file. */
#include "config.h"

#include "rulebook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture.h"
#include "command_line.h"
#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct words_limits limits = { .when = { 600 * CLOCK_S, NULL,
						NULL },
	.max_size = 1 << 30 };

static int
rulebook_setup(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

static int
rulebook_teardown(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

static void
write_rules(const char *text)
{
	FILE *file = fopen("rules", "w");

	assert_non_null(file);
	assert_return_code(fputs(text, file), 0);
	assert_return_code(fclose(file), 0);
}

/* The pool of the rule for a path; the test fails where there is none. */
static const struct pool *
pool_of(struct rules *rules, const char *path)
{
	const struct rule *rule = rules_find(rules, HTTP_GET, span_of(path));

	assert_non_null(rule);
	assert_true(behaviour_says(&rule->behaviour, WORD_POOL));
	return rule->behaviour.pool;
}

/* Options whose rules are all known when they are parsed. */
static const struct {
	struct line line;
	const char *said; /* of what is refused; NULL: nothing */
} checked[] = {
	{ { { "--pool=db:slots=2" } }, NULL },
	{ { { "--pool=db:slots=2", "--rule=/a pool=db" } }, NULL },
	{ { { "--rule=/a pool=db", "--pool=db:slots=2" } }, NULL },
	{ { { "--pool=db:slots=2", "--pool=web:slots=1,queue=5,wait=1s",
	      "--rule=/a pool=web", "--rule=/b pool=db" } },
	    NULL },
	{ { { "--rule=/a pool=db" } },
	    "--rule='/a pool=db': column 9: pool=db: wants the name of a pool "
	    "that --pool declares, or, within --rules, a line pool=, as in pool=db" },
	{ { { "--pool=db:slots=2", "--rule=/a pool=DB" } },
	    "--rule='/a pool=DB': column 9: pool=DB: wants the name" },
	{ { { "--pool=db:slots=0" } },
	    "--pool='db:slots=0': column 10: db:slots=0: wants a whole number "
	    "from 1 to 1000000000, as in db:slots=16,queue=128,wait=2s" },
	{ { { "--pool=" } }, "--pool='': column 1: : wants a name" },
	{ { { "--pool=db" } }, "--pool='db': column 3: db: wants slots=N" },
	{ { { "--pool=db:slots=2", "--pool=db:slots=3" } },
	    "--pool='db:slots=3': column 1: db:slots=3: wants each name but "
	    "once" },
};

static void
test_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(checked); i++) {
		struct options options;
		const char *said = parse_and_listen(&options, &checked[i].line,
		    checked[i].said != NULL ? OPTIONS_USAGE : OPTIONS_RUN);

		if (strstr(said,
			checked[i].said != NULL ? checked[i].said : "") == NULL)
			fail_msg("%s", said);
	}
}

/* Reads; returns what was said. */
static const char *
read_rules(const struct line *line, const struct rules *before,
    struct rules **rules, int expected)
{
	static struct capture capture;
	struct options options;

	parse_and_listen(&options, line, OPTIONS_RUN);
	capture_begin(&capture, STDERR_FILENO);
	assert_int_equal(rulebook_read(&options, &limits, before, NULL, rules),
	    expected);
	capture_end(&capture);
	return capture.text;
}

/* The file's rules may name the options' pools. */
static void
test_read(void **state)
{
	static const struct line line = { { "--pool=db:slots=2",
	    "--rule=/a pool=db", "--rules=rules" } };
	struct rules *rules = NULL;

	(void)state;
	write_rules("/b pool=db\n/c pool=web\npool=web:slots=1\n");
	(void)read_rules(&line, NULL, &rules, 0);
	assert_non_null(rules);
	assert_true(span_equal(pool_name(pool_of(rules, "a")), SPAN("db")));
	assert_ptr_equal(pool_of(rules, "b"), pool_of(rules, "a"));
	assert_true(span_equal(pool_name(pool_of(rules, "c")), SPAN("web")));
	rules_release(rules);
}

/* There are none; there are pools alone. */
static void
test_none(void **state)
{
	static const struct line none = { { "--rules=rules" } };
	static const struct line pool = { { "--pool=db:slots=2" } };
	struct rules *rules = NULL;

	(void)state;
	write_rules("# none\n");
	(void)read_rules(&none, NULL, &rules, 0);
	assert_null(rules);
	(void)read_rules(&pool, NULL, &rules, 0);
	assert_non_null(rules);
	assert_non_null(pools_find(rules_pools(rules), SPAN("db")));
	rules_release(rules);
}

/* A pool of the same name goes on, whether options or the file declare it. */
static void
test_before(void **state)
{
	static const struct line line = { { "--pool=db:slots=2",
	    "--rules=rules" } };
	static const struct line moved = { { "--rules=rules" } };
	struct rules *first = NULL, *second = NULL, *third = NULL;

	(void)state;
	write_rules("pool=web:slots=1\n/a pool=db\n/b pool=web\n");
	(void)read_rules(&line, NULL, &first, 0);
	write_rules("/a pool=db\n/b pool=web\npool=web:slots=9\n");
	(void)read_rules(&line, first, &second, 0);
	assert_ptr_equal(pool_of(second, "a"), pool_of(first, "a"));
	assert_ptr_equal(pool_of(second, "b"), pool_of(first, "b"));
	rules_release(first);

	write_rules("/a pool=db\n/b pool=new\npool=new:slots=9\n"
		    "pool=db:slots=3\n");
	(void)read_rules(&moved, second, &third, 0);
	assert_ptr_equal(pool_of(third, "a"), pool_of(second, "a"));
	assert_ptr_not_equal(pool_of(third, "b"), pool_of(second, "b"));
	assert_null(pools_find(rules_pools(third), SPAN("web")));
	rules_release(second);
	rules_release(third);
}

static void
test_refused(void **state)
{
	static const struct line line = { { "--pool=db:slots=2",
	    "--rules=rules" } };
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "/a seed=1\npool=db:slots=1\n",
		    "rules:2:6: db:slots=1: wants each name but once" },
		{ "/a pool=web\n",
		    "rules:1:9: pool=web: wants the name of a pool" },
	};
	struct rules *rules = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said;

		write_rules(rows[i].text);
		said = read_rules(&line, NULL, &rules, -1);
		assert_null(rules);
		if (strstr(said, rows[i].said) == NULL)
			fail_msg("%s", said);
	}
}

#define RULEBOOK_TEST(test) \
 cmocka_unit_test_setup_teardown(test, rulebook_setup, rulebook_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checked),
		RULEBOOK_TEST(test_read),
		RULEBOOK_TEST(test_none),
		RULEBOOK_TEST(test_before),
		RULEBOOK_TEST(test_refused),
	};

	return cmocka_run_group_tests_name("rulebook", tests, NULL, NULL);
}
