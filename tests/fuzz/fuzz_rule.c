/*
 * fuzz_rule: the texts of rules and of pools, and patterns. What is accepted prints as a rule
 * that comes to the same; a fault is of a byte of the text, or of its end. The
 * pattern is found by the index as it is matched alone, in few steps. An input is
 * a rule, or a pool's declaration, and behind the first line's end a path.
 */
#include "config.h"

#include <stdlib.h>

#include "app/pattern.h"
#include "app/rules.h"
#include "base/clock.h"
#include "fuzz.h"

/* What any file holds. */
static struct when_times *
read_times(struct span name, void *arg, struct complaint *why)
{
	(void)name;
	(void)arg;
	return when_times_parse(SPAN("3ms\n1s\n"), 60 * CLOCK_S, why);
}

/* With pools of their own; see open_pools(). */
static struct words_limits limits = { { 60 * CLOCK_S, read_times, NULL },
	1 << 20, NULL };

static const struct span pool = SPAN("db:slots=2");

static void
open_pools(void)
{
	static struct pools *pools;
	struct complaint why;

	if (pools != NULL)
		return;
	pools = pools_new();
	FUZZ_CHECK(pools != NULL);
	FUZZ_CHECK(pools_add(pools, pool, NULL, &why));
	limits.pools = pools;
}

/* Adds what stands in quotes; returns its end. */
static char *
put_quoted(char *to, const char *value, size_t size)
{
	*to++ = '"';
	for (size_t i = 0; i < size; i++) {
		if (value[i] == '"' || value[i] == '\\')
			*to++ = '\\';
		*to++ = value[i];
	}
	*to++ = '"';
	return to;
}

static char *
put_words(char *to, const struct behaviour *behaviour, enum word word)
{
	char value[WORDS_VALUE_MAX];

	for (unsigned i = 0; i < words_count(behaviour, word); i++) {
		size_t size = words_format(behaviour, word, i, value);

		FUZZ_CHECK(size <= sizeof(value));
		/* the name of a file is gone */
		if (span_equal((struct span){ value, size }, SPAN("file:")))
			value[size++] = 'a';
		to = stpcpy(stpcpy(stpcpy(to, " "), words_name(word)), "=");
		to = put_quoted(to, value, size);
	}
	return to;
}

/* Writes a rule; the caller frees it. */
static struct span
print(const struct rule *rule, struct span *pattern)
{
	char *text = malloc((size_t)2 * (PATTERN_MAX + 64 * WORDS_VALUE_MAX));
	char path[PATTERN_MAX + 1] = "/", *to = text;

	FUZZ_CHECK(text != NULL);
	FUZZ_CHECK(rule->pattern.size < PATTERN_MAX);
	memcpy(path + 1, rule->pattern.data, rule->pattern.size);
	to = put_quoted(to, path, rule->pattern.size + 1);
	for (enum word word = 0; word < WORDS; word++)
		to = put_words(to, &rule->behaviour, word);
	*pattern = rule->pattern;
	return (struct span){ text, (size_t)(to - text) };
}

static void
check_same(const struct rule *rule)
{
	struct rules_fault fault;
	struct span pattern, text = print(rule, &pattern), again;
	struct rule *same = rule_new(text, &limits, &fault);

	FUZZ_CHECK(same != NULL);
	FUZZ_CHECK(span_equal(same->pattern, rule->pattern));
	FUZZ_CHECK(same->behaviour.given == rule->behaviour.given);
	again = print(same, &pattern);
	FUZZ_CHECK(span_equal(text, again));
	free((char *)text.data);
	free((char *)again.data);
	rule_free(same);
}

static void
check_found(struct span text, const struct rule *rule, struct span path)
{
	struct rules *rules = rules_new(&limits);
	struct rules_fault fault;
	bool matches = pattern_matches(rule->pattern, path);

	FUZZ_CHECK(rules != NULL);
	FUZZ_CHECK(rules_add_pool(rules, pool, &fault));
	FUZZ_CHECK(rules_add(rules, text, &fault));
	FUZZ_CHECK(rules_end(rules));
	for (enum http_method method = 0; method <= HTTP_METHOD_UNKNOWN;
	     method++)
		FUZZ_CHECK((rules_find(rules, method, path) != NULL) ==
			   (matches && (rule->methods & RULE_METHOD(method))));
	FUZZ_CHECK(pattern_count_steps(rule->pattern, path) <=
		   2 * (rule->pattern.size + 1) * (path.size + 1));
	rules_release(rules);
}

/* A fault is of a byte of the text, or of its end, and is told whole. */
static void
check_fault(struct span text, const struct rules_fault *fault)
{
	FUZZ_CHECK(fault->line == 1);
	FUZZ_CHECK(fault->column >= 1 && fault->column <= text.size + 1);
	FUZZ_CHECK(strlen(fault->why) > 0);
	FUZZ_CHECK(strlen(fault->why) < sizeof(fault->why) - 1);
}

/* The text as the declaration of a pool; it is never read beyond its end. */
static void
check_pool(struct span text)
{
	struct rules *rules = rules_new(&limits);
	struct rules_fault fault = { 0 };

	FUZZ_CHECK(rules != NULL);
	if (rules_add_pool(rules, text, &fault)) {
		const struct pools *pools = rules_pools(rules);
		struct span rest = text, name = span_take(&rest, SPAN(":"));

		FUZZ_CHECK(!pools_are_empty(pools));
		FUZZ_CHECK(pools_find(pools, name) != NULL);
		pools_apply(pools);
	} else {
		check_fault(text, &fault);
	}
	rules_release(rules);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = fuzz_copy(data, size), path = input,
		    text = span_take(&path, SPAN("\n"));
	struct rules_fault fault = { 0 };
	struct rule *rule;

	open_pools();
	rule = rule_new(text, &limits, &fault);
	span_skip(&path, path.size > 0);
	if (rule != NULL) {
		check_same(rule);
		check_found(text, rule, path);
	} else {
		check_fault(text, &fault);
	}
	rule_free(rule);
	check_pool(text);
	fuzz_free(input);
	return 0;
}
