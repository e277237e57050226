/* test_rules: which rule is the one for a request. */
#include "config.h"

#include "app/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/pattern.h"
#include "ruling.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_first_that_matches(void **state)
{
	static const char *const texts[] = {
		"/api/orders seed=1",
		"POST /api/** seed=2",
		"/api/*/items seed=3",
		"HEAD /img/*.png seed=4",
		"GET /img/*.png seed=5",
		"/api/** seed=6",
		"/img/a.png seed=7",
		"/** seed=8",
		"/api/never seed=9",
	};
	static const struct {
		enum http_method method;
		const char *path;
		int64_t number;
	} rows[] = {
		{ HTTP_GET, "api/orders", 1 },
		{ HTTP_POST, "api/orders", 1 },
		{ HTTP_POST, "api/7/items", 2 },
		{ HTTP_POST, "api/", 2 },
		{ HTTP_GET, "api/7/items", 3 },
		{ HTTP_PATCH, "api/7/items", 3 },
		{ HTTP_HEAD, "img/a.png", 4 },
		{ HTTP_GET, "img/a.png", 5 },
		{ HTTP_GET, "api/7/8/items", 6 },
		{ HTTP_GET, "api/never", 6 },
		{ HTTP_PUT, "img/a.png", 7 },
		{ HTTP_OPTIONS, "img/a.png", 7 },
		{ HTTP_PUT, "img/b.png", 8 },
		{ HTTP_GET, "img/a.png/", 8 },
		{ HTTP_GET, "api", 8 },
		{ HTTP_GET, "", 8 },
		{ HTTP_METHOD_UNKNOWN, "x", 8 },
	};
	struct rules *rules = new_rules();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		add(rules, texts[i]);
	assert_true(rules_end(rules));
	for (size_t i = 0; i < COUNT(rows); i++)
		if (number(rules, rows[i].method, rows[i].path) !=
		    rows[i].number)
			fail_msg("%s", rows[i].path);
	rules_release(rules);
}

static void
test_none(void **state)
{
	struct rules *rules = new_rules();

	(void)state;
	assert_null(rules_find(NULL, HTTP_GET, SPAN("a")));
	assert_true(rules_are_empty(NULL));
	assert_true(rules_are_empty(rules));
	assert_true(rules_end(rules));
	assert_null(rules_find(rules, HTTP_GET, SPAN("a")));
	assert_false(rules_draw(rules));
	assert_false(rules_draw(NULL));
	assert_ptr_equal(rules_hold(rules), rules);
	rules_release(rules);
	assert_true(rules_are_empty(rules));
	rules_release(rules);
	rules_release(NULL);
	assert_null(rules_hold(NULL));
}

static void
test_draw(void **state)
{
	struct rules *rules = new_rules();

	(void)state;
	add(rules, "/a delay=1s status=503 close=100");
	assert_false(rules_draw(rules));
	add(rules, "/a close=1");
	assert_true(rules_draw(rules));
	add(rules, "/a delay=1s");
	assert_true(rules_draw(rules));
	rules_release(rules);
}

/* ---- the index finds what a look at all rules in turn finds ---- */

#define MANY 300

/* Writes a path of up to four short segments, or a pattern. */
static void
write_path(char text[64], bool pattern, uint64_t *random)
{
	static const char *const parts[] = { "a", "b", "ab", "a", "b", "*",
		"**", "a*" };
	size_t size = 0, segments;

	*random = *random * 6364136223846793005U + 1442695040888963407U;
	segments = *random >> 60 & 3;
	for (size_t i = 0; i <= segments; i++) {
		size_t part = *random >> (20 + 8 * i) & (pattern ? 7 : 3);

		size += (size_t)sprintf(text + size, "%s%s", i > 0 ? "/" : "",
		    parts[part]);
	}
	if (*random >> 57 & 1)
		(void)stpcpy(text + size, "/");
}

static void
test_index(void **state)
{
	static struct {
		char text[72];
		struct span pattern;
	} all[MANY];
	struct rules *rules = new_rules();
	uint64_t random = 1;
	int64_t hits = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		char rule[128], path[64];

		write_path(path, true, &random);
		snprintf(all[i].text, sizeof(all[i].text), "%s%s",
		    i < MANY / 2 ? "x" : "", path);
		all[i].pattern = span_of(all[i].text);
		snprintf(rule, sizeof(rule), "/%s seed=%d", all[i].text, i + 1);
		add(rules, rule);
	}
	assert_true(rules_end(rules));
	for (int i = 0; i < 100 * MANY; i++) {
		char text[72] = "x";
		int64_t wanted = 0;

		write_path(text + i % 2, false, &random);
		for (int j = 0; j < MANY && wanted == 0; j++)
			if (pattern_matches(all[j].pattern, span_of(text)))
				wanted = j + 1;
		hits += wanted > 0;
		if (number(rules, HTTP_GET, text) != wanted)
			fail_msg("%s: %jd", text, (intmax_t)wanted);
	}
	assert_true(hits > 100);
	rules_release(rules);
}

/* ---- as text ---- */

/* Parses a text; the fault is of line 0 where there is none. */
static struct rules *
parse(const char *text, struct rules_fault *fault)
{
	struct rules *rules = new_rules();

	*fault = (struct rules_fault){ 0, 0, "" };
	if (rules_parse(rules, span_of(text), fault))
		assert_int_equal(fault->line, 0);
	else
		assert_true(fault->line > 0);
	return rules;
}

/* Where a text is at fault; line 0: it is not. */
static const struct {
	const char *text;
	unsigned line, column;
} text_rows[] = {
	{ "", 0, 0 },
	{ "\n\n", 0, 0 },
	{ "# none\n  # none\n\t\n", 0, 0 },
	{ "/a seed=1", 0, 0 },
	{ "/a seed=1\r\n/b seed=2\r\n", 0, 0 },
	{ "/a pool=db\npool=db:slots=1\n", 0, 0 }, /* pools come first */
	{ "/a", 1, 3 },
	{ "/a seed=1\n\n# x\n/b sed=2\n", 4, 4 },
	{ "/a seed=1\n  /b seed=x\n", 2, 11 },
	{ "a seed=1\n", 1, 1 },
	{ "/a pool=db\n", 1, 9 },
	{ "/b sed=1\npool=db:slots=0\n", 2, 15 },
	{ "pool=db:slots=1\n\tpool=db:slots=2\n", 2, 7 },
};

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(text_rows); i++) {
		struct rules_fault fault;
		struct rules *rules = parse(text_rows[i].text, &fault);

		if (fault.line != text_rows[i].line ||
		    fault.column != text_rows[i].column)
			fail_msg("%s: %u:%u: %s", text_rows[i].text, fault.line,
			    fault.column, fault.why);
		assert_int_equal(fault.why[0] != '\0', fault.line > 0);
		rules_release(rules);
	}
}

/* Rules are told as they were read, comments too; another text is another tag. */
static void
test_text(void **state)
{
	static const char *const texts[] = { "", "\n", "# a\n/a seed=1\n",
		"# b\n/a seed=1\n", "/a seed=1", "/a seed=1\n",
		"pool=db:slots=1\n/a pool=db\r\n" };
	uint64_t tags[COUNT(texts)];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct rules_fault fault;
		struct rules *rules = parse(texts[i], &fault);
		struct rules *again = parse(texts[i], &fault);

		assert_true(span_equal(rules_text(rules), span_of(texts[i])));
		tags[i] = rules_tag(rules);
		assert_true(tags[i] == rules_tag(again));
		for (size_t j = 0; j < i; j++)
			assert_true(tags[i] != tags[j]);
		rules_release(rules);
		rules_release(again);
	}
	assert_int_equal(rules_text(NULL).size, 0);
	assert_true(rules_tag(NULL) == tags[0]);
}

/* What has been added otherwise is told as lines. */
static void
test_tell(void **state)
{
	struct rules *rules = new_rules(), *again;
	struct rules_fault fault;

	(void)state;
	add(rules, "/a seed=1");
	assert_int_equal(rules_text(rules).size, 0);
	assert_true(rules_tell(rules, "pool=", "db:slots=1"));
	assert_true(rules_tell(rules, "", "/a seed=1"));
	assert_true(rules_parse(rules, SPAN("/b seed=2\n"), &fault));
	assert_true(span_equal(rules_text(rules),
	    SPAN("pool=db:slots=1\n/a seed=1\n/b seed=2\n")));
	again = parse("pool=db:slots=1\n/a seed=1\n/b seed=2\n", &fault);
	assert_true(rules_tag(rules) == rules_tag(again));
	assert_true(rules_end(again));
	assert_int_equal(number(again, HTTP_GET, "b"), 2);
	rules_release(rules);
	rules_release(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_that_matches),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_draw),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_tell),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
