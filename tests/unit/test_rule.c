/* test_rule: the texts of rules: what they say, and what is wrong with them. */
#include "config.h"

#include "app/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ALL UINT32_MAX
#define GET (RULE_METHOD(HTTP_GET) | RULE_METHOD(HTTP_HEAD))

/* A file of times that all have, but for `none`. */
static struct when_times *
read_times(struct span name, void *arg, struct complaint *why)
{
	(void)arg;
	if (!span_equal(name, SPAN("none")))
		return when_times_parse(SPAN("1ms\n"), CLOCK_S, why);
	(void)complain(why, name.data, "delay=file:times", "another file");
	return NULL;
}

static const struct words_limits limits = { { 600 * CLOCK_S, read_times, NULL },
	1 << 30, NULL };

static const struct {
	const char *text;
	const char *pattern;
	const char *value; /* of the word, the last of them */
	uint32_t methods;
	enum word word;
} accepted_rows[] = {
	{ "/a delay=1s", "a", "1s", ALL, WORD_DELAY },
	{ "/ status=503", "", "503", ALL, WORD_STATUS },
	{ "GET /a delay=1s", "a", "1s", GET, WORD_DELAY },
	{ "HEAD /a delay=1s", "a", "1s", RULE_METHOD(HTTP_HEAD), WORD_DELAY },
	{ "OPTIONS /a delay=1s", "a", "1s", RULE_METHOD(HTTP_OPTIONS),
	    WORD_DELAY },
	{ "POST /a delay=1s", "a", "1s", RULE_METHOD(HTTP_POST), WORD_DELAY },
	{ "PUT /a delay=1s", "a", "1s", RULE_METHOD(HTTP_PUT), WORD_DELAY },
	{ "DELETE /a delay=1s", "a", "1s", RULE_METHOD(HTTP_DELETE),
	    WORD_DELAY },
	{ "PATCH /a delay=1s", "a", "1s", RULE_METHOD(HTTP_PATCH), WORD_DELAY },
	{ "\t POST\t \t/a delay=1s \t", "a", "1s", RULE_METHOD(HTTP_POST),
	    WORD_DELAY },
	{ "\"/a b\" delay=1s", "a b", "1s", ALL, WORD_DELAY },
	{ "POST \"/a b\" delay=1s", "a b", "1s", RULE_METHOD(HTTP_POST),
	    WORD_DELAY },
	{ "\"/a\\\"\\\\\" delay=1s", "a\"\\", "1s", ALL, WORD_DELAY },
	{ "/a\\b delay=1s", "a\\b", "1s", ALL, WORD_DELAY },
	{ "/a=b delay=1s", "a=b", "1s", ALL, WORD_DELAY },
	{ "/#a delay=1s", "#a", "1s", ALL, WORD_DELAY },
	{ "/\xc3\xa9 delay=1s", "\xc3\xa9", "1s", ALL, WORD_DELAY },
	{ "/a delay=\"1s\"", "a", "1s", ALL, WORD_DELAY },
	{ "/a header=A:b header=C:d", "a", "C:d", ALL, WORD_HEADER },
	{ "/a header=\"A: b c\"", "a", "A: b c", ALL, WORD_HEADER },
	{ "/a header=\"ETag:\\\"1\\\"\"", "a", "ETag:\"1\"", ALL, WORD_HEADER },
	{ "/a header=\"A:\\\\\" status=200", "a", "A:\\", ALL, WORD_HEADER },
	{ "/a header=A:\\\\ status=200", "a", "A:\\\\", ALL, WORD_HEADER },
	{ "/a header=A:b=c", "a", "A:b=c", ALL, WORD_HEADER },
	{ "/a type=\"text/plain; charset=utf-8\"", "a",
	    "text/plain; charset=utf-8", ALL, WORD_TYPE },
	{ "/a status=503 retry-after=1s delay=10ms..20ms close=1", "a",
	    "10ms..20ms", ALL, WORD_DELAY },
	{ "/a key=\"a \\\"b\\\" \\\\\"", "a", "a \"b\" \\", ALL, WORD_KEY },
	{ "/a fail=2 key=header:X-Client", "a", "header:X-Client", ALL,
	    WORD_KEY },
	{ "/a down=30s/5m phase=1m retry-after=auto", "a", "30s/5m", ALL,
	    WORD_DOWN },
};

static void
test_accepted(void **state)
{
	struct rules_fault fault = { 0 };
	char value[WORDS_VALUE_MAX];
	struct guard guard;

	(void)state;
	guard_open(&guard, 256);
	for (size_t i = 0; i < COUNT(accepted_rows); i++) {
		struct span text = guard_at_end(&guard,
		    span_of(accepted_rows[i].text));
		struct rule *rule = rule_new(text, &limits, &fault);
		size_t size;

		if (rule == NULL) {
			fail_msg("%s: %u: %s", accepted_rows[i].text,
			    fault.column, fault.why);
			continue;
		}
		memset((char *)text.data, '?', text.size); /* not needed */
		assert_int_equal(rule->methods, accepted_rows[i].methods);
		assert_true(span_equal(rule->pattern,
		    span_of(accepted_rows[i].pattern)));
		size = words_format(&rule->behaviour, accepted_rows[i].word,
		    words_count(&rule->behaviour, accepted_rows[i].word) - 1,
		    value);
		if (!span_equal((struct span){ value, size },
			span_of(accepted_rows[i].value)))
			fail_msg("%s: %.*s", accepted_rows[i].text, (int)size,
			    value);
		rule_free(rule);
	}
	rule_free(NULL);
	guard_close(&guard);
}

static const struct {
	const char *text;
	unsigned column;
	const char *why; /* how it begins */
} refused_rows[] = {
	{ "", 1, ": wants a path that begins with a slash, as in " },
	{ "a/b delay=1s", 1, "a/b: wants a path that begins" },
	{ "TRACE /a delay=1s", 1,
	    "TRACE: wants GET, HEAD, OPTIONS, "
	    "POST, PUT, DELETE or PATCH, or a "
	    "path that begins with a slash, as in "
	    "POST /api/orders delay=250ms" },
	{ " get /a delay=1s", 2, "get: wants GET, HEAD" },
	{ "BREW /a delay=1s", 1, "BREW: wants GET" },
	{ "\"GET\" /a delay=1s", 2, "GET: wants a path" },
	{ "POST", 5, ": wants a path that begins" },
	{ "POST delay=1s", 6, "delay=1s: wants a path that begins" },
	{ "POST PUT /a delay=1s", 6, "PUT: wants a path that begins" },
	{ "/a//b delay=1s", 4, "/a//b: wants one slash" },
	{ "\"/\\\"a//b\" delay=1s", 7, "/\"a//b: wants one slash" },
	{ "/a", 3, "/a: wants a word, NAME=VALUE, behind it, as in " },
	{ "GET /a  ", 9, "/a: wants a word" },
	{ "/a delay", 4,
	    "delay: wants a word as NAME=VALUE, as in "
	    "delay=250ms" },
	{ "/a delay =1s", 4, "delay: wants a word as NAME=VALUE" },
	{ "/a =1s", 4, "=1s: wants a word that there is" },
	{ "/a delay=1s # slow", 13, "#: wants a word as NAME=VALUE" },
	{ "/a delays=1s", 4, "delays=1s: wants a word that there is" },
	{ "/a delay=", 10, "delay=: wants " },
	{ "/a delay=x", 10, "delay=x: wants " },
	{ "/a delay=1s close=101", 19, "close=101: wants " },
	{ "/a delay=1s..2x", 15, "delay=1s..2x: wants " },
	{ "/a delay=\"1s..2x\"", 16, "delay=1s..2x: wants " },
	{ "/a header=\"\\\"a:b\"", 12, "header=\"a:b: wants " },
	{ "/a header=\"a\\\\:b\"", 13, "header=a\\:b: wants " },
	{ "/a delay=1s delay=2s", 13, "delay=2s: wants this word but" },
	{ "/a delay=11m", 10, "delay=11m: wants " },
	{ "/a size=2g", 9, "size=2g: wants " },
	{ "/a delay=file:none", 15,
	    "delay=file:none: wants another file, as in "
	    "delay=file:times" },
	{ "/a delay=\"1s", 10, "delay=\"1s: wants a second quote" },
	{ "\"/a delay=1s", 1, "\"/a: wants a second quote" },
	{ "/a delay=\"1s\"s", 14, "delay=\"1s\"s: wants a blank" },
	{ "/a type=\"a\\b\"", 11, "type=\"a\\b\": wants \\\" or \\\\" },
	{ "/a type=\"a\\", 11, "type=\"a\\: wants \\\" or \\\\" },
	{ "/a header=a:\"1\"", 13,
	    "header=a:\"1\": wants quotes around "
	    "the whole value" },
	{ "/a \"delay=1s\"", 4, "\"delay=1s\": wants a word as" },
	{ "/a\"b\" delay=1s", 3, "/a\"b\": wants quotes around" },
	{ "/a delay=1s fill=1", 13, "fill=1: wants a size" },
	{ "/a after=\"1k\"  delay=1s", 4, "after=1k: wants a fault" },
	{ "/a over=1s delay=1s rate=1k", 21, "rate=1k: wants one of" },
	{ "/a delay=1s fail=2", 13,
	    "fail=2: wants a key, whose attempts fail" },
	{ "/a phase=1m key=a", 4, "phase=1m: wants down, which it shifts" },
	{ "/a key=\"\"", 9, "key=: wants a text of 1 to 64 bytes" },
	{ "/a key=\"header:a b\"", 16, "key=header:a b: wants the name of" },
	{ "/a down=30s/5x", 13, "down=30s/5x: wants a period" },
	{ "/a pool=db", 9, "pool=db: wants the name of a pool that --pool" },
	{ "/a delay=1s\x01", 12, "a control character: wants text" },
	{ "/\x7f delay=1s", 2, "a control character: wants text" },
	{ "/a\rdelay=1s", 3, "a control character: wants text" },
};

static void
test_refused(void **state)
{
	struct rules_fault fault;
	struct guard guard;

	(void)state;
	guard_open(&guard, 256);
	for (size_t i = 0; i < COUNT(refused_rows); i++) {
		struct span text = guard_at_end(&guard,
		    span_of(refused_rows[i].text));

		memset(&fault, 0, sizeof(fault));
		if (rule_new(text, &limits, &fault) != NULL)
			fail_msg("%s is accepted", refused_rows[i].text);
		if (fault.line != 1 || fault.column != refused_rows[i].column ||
		    strncmp(fault.why, refused_rows[i].why,
			strlen(refused_rows[i].why)) != 0)
			fail_msg("%s: column %u: %s", refused_rows[i].text,
			    fault.column, fault.why);
	}
	assert_null(
	    rule_new((struct span){ "/a\0 delay=1s", 12 }, &limits, &fault));
	assert_int_equal(fault.column, 3);
	guard_close(&guard);
}

/* A rule's scope is that of its text: the same in the next process, and another
 * one where anything of the text is another. */
static void
test_scopes(void **state)
{
	static const struct {
		const char *text;
		uint64_t scope;
	} rows[] = {
		{ "/a key=b", 0x945fc54226ff1f51 },
		{ "/a  key=b", 0xe6b9b8ad70c094a3 },
		{ "/b key=b", 0x5380843ac7757ee0 },
		{ "GET /a key=b", 0x291073faf48aba21 },
	};
	struct rules_fault fault;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rule *rule = rule_new(span_of(rows[i].text), &limits,
		    &fault);

		assert_non_null(rule);
		assert_int_equal(rule->scope, rows[i].scope);
		rule_free(rule);
	}
}

/* A text as long as it may be, and one byte longer. */
static void
test_bounds(void **state)
{
	static const char start[] = "/a delay=1s";
	char *text = malloc(RULE_TEXT_MAX + 1);
	struct rules_fault fault;
	struct rule *rule;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', RULE_TEXT_MAX + 1);
	(void)mempcpy(text, start, strlen(start));
	rule = rule_new((struct span){ text, RULE_TEXT_MAX }, &limits, &fault);
	assert_non_null(rule);
	rule_free(rule);
	assert_null(rule_new((struct span){ text, RULE_TEXT_MAX + 1 }, &limits,
	    &fault));
	assert_int_equal(fault.column, RULE_TEXT_MAX + 1);
	assert_string_equal(fault.why, "so long a rule: wants at most 65536 "
				       "bytes, as in /api/** delay=250ms");
	/* a long value is shown in part */
	memset(text, 'x', RULE_TEXT_MAX);
	(void)mempcpy(text, "/a delay=", 9);
	assert_null(
	    rule_new((struct span){ text, RULE_TEXT_MAX }, &limits, &fault));
	assert_non_null(strstr(fault.why, "xxx...: wants "));
	memset(text + 3, 'y', RULE_TEXT_MAX - 3);
	text[RULE_TEXT_MAX - 1] = '=';
	assert_null(
	    rule_new((struct span){ text, RULE_TEXT_MAX }, &limits, &fault));
	assert_non_null(strstr(fault.why, "yyy=: wants "));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
