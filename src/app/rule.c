/* Makes rules of their texts; any thread. */
#include "config.h"

#include "app/rule.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/pattern.h"
#include "app/roll.h"
#include "app/rule_text.h"

/* How much of a value is shown where it is wrong. */
#define RULE_SHOWN_MAX 200

/* The methods of a rule that names none. */
#define RULE_METHODS_ALL UINT32_MAX

/* A rule that is being made. */
struct rule_draft {
	struct rule *rule;
	const struct words_limits *limits;
	struct span whole;
	struct rule_text text;
	const char *places[WORDS]; /* where in `whole` each word is said */
	struct rules_fault *fault;
};

struct rule_method {
	const char *name;
	uint32_t methods;
};

/* CONNECT and TRACE are always refused. */
static const struct rule_method rule_methods[] = {
	{ "GET", RULE_METHOD(HTTP_GET) | RULE_METHOD(HTTP_HEAD) },
	{ "HEAD", RULE_METHOD(HTTP_HEAD) },
	{ "OPTIONS", RULE_METHOD(HTTP_OPTIONS) },
	{ "POST", RULE_METHOD(HTTP_POST) },
	{ "PUT", RULE_METHOD(HTTP_PUT) },
	{ "DELETE", RULE_METHOD(HTTP_DELETE) },
	{ "PATCH", RULE_METHOD(HTTP_PATCH) },
};

#define RULE_METHODS (sizeof(rule_methods) / sizeof(rule_methods[0]))

/* Tells what is wrong at `at`, a place in the text; `shown` stands before it,
 * and a part of `value`. Returns false. */
static bool
rule_blame(struct rule_draft *draft, const char *at, const char *shown,
    struct span value, const struct complaint *why)
{
	int size = (int)(value.size < RULE_SHOWN_MAX ? value.size
						     : RULE_SHOWN_MAX);

	draft->fault->line = 1;
	draft->fault->column = (unsigned)(at - draft->whole.data) + 1;
	snprintf(draft->fault->why, sizeof(draft->fault->why),
	    "%s%.*s%s: wants %s, as in %s", shown, size, value.data,
	    value.size > RULE_SHOWN_MAX ? "..." : "", why->wanted,
	    why->example);
	return false;
}

/* Tells what is wrong with a word. */
static bool
rule_blame_word(struct rule_draft *draft, const char *at, struct span name,
    struct span value, const struct complaint *why)
{
	char shown[RULE_SHOWN_MAX + 2];

	snprintf(shown, sizeof(shown), "%.*s=",
	    (int)(name.size < RULE_SHOWN_MAX ? name.size : RULE_SHOWN_MAX),
	    name.data);
	return rule_blame(draft, at, shown, value, why);
}

/* Tells what is wrong with how the text goes on from `start`. */
static bool
rule_blame_text(struct rule_draft *draft, const char *start,
    const struct complaint *why)
{
	struct span rest = { start,
		(size_t)(draft->whole.data + draft->whole.size - start) };

	return rule_blame(draft, why->at, "", span_take(&rest, SPAN(" \t")),
	    why);
}

static bool
rule_check_text(struct rule_draft *draft)
{
	struct complaint why;

	if (draft->whole.size > RULE_TEXT_MAX) {
		(void)complain(&why, draft->whole.data + RULE_TEXT_MAX,
		    "/api/** delay=250ms", "at most %d bytes", RULE_TEXT_MAX);
		return rule_blame(draft, why.at, "so long a rule", SPAN(""),
		    &why);
	}
	for (size_t i = 0; i < draft->whole.size; i++) {
		unsigned char c = (unsigned char)draft->whole.data[i];

		if ((c >= ' ' && c != 0x7f) || c == '\t')
			continue;
		(void)complain(&why, draft->whole.data + i,
		    "/api/** delay=250ms", "text alone");
		return rule_blame(draft, why.at, "a control character",
		    SPAN(""), &why);
	}
	return true;
}

/* Whether a token is to be a method: it looks like no path. */
static bool
rule_is_method(const struct rule_token *token)
{
	struct span rest = token->value;

	if (token->quoted || rest.size == 0)
		return false;
	while (rest.size > 0 && ((rest.data[0] | ' ') >= 'a') &&
	       (rest.data[0] | ' ') <= 'z')
		span_skip(&rest, 1);
	return rest.size == 0;
}

static bool
rule_set_method(struct rule_draft *draft, const struct rule_token *token)
{
	struct complaint why;

	for (size_t i = 0; i < RULE_METHODS; i++)
		if (span_equal(span_of(rule_methods[i].name), token->value)) {
			draft->rule->methods = rule_methods[i].methods;
			return true;
		}
	(void)complain(&why, token->place, "POST /api/orders delay=250ms",
	    "GET, HEAD, OPTIONS, POST, PUT, DELETE or PATCH, or a path that "
	    "begins with a slash");
	return rule_blame(draft, why.at, "", token->value, &why);
}

/* Reads one value in front of the words. */
static bool
rule_take(struct rule_draft *draft, struct rule_token *token)
{
	struct complaint why;
	const char *start;

	(void)rule_text_goes_on(&draft->text);
	start = draft->text.rest.data;
	return rule_text_take_value(&draft->text, token, &why) ||
	       rule_blame_text(draft, start, &why);
}

/* Reads the method, where there is one, and the pattern. */
static bool
rule_take_pattern(struct rule_draft *draft)
{
	struct rule_token token;
	struct complaint why;

	if (!rule_take(draft, &token))
		return false;
	draft->rule->methods = RULE_METHODS_ALL;
	if (rule_is_method(&token) &&
	    (!rule_set_method(draft, &token) || !rule_take(draft, &token)))
		return false;
	if (!pattern_check(token.value, &why))
		return rule_blame(draft, rule_text_find(&token, why.at), "",
		    token.value, &why);
	draft->rule->pattern = token.value;
	span_skip(&draft->rule->pattern, 1);
	return true;
}

/* Reads one word. */
static bool
rule_take_word(struct rule_draft *draft)
{
	struct behaviour *behaviour = &draft->rule->behaviour;
	const char *start = draft->text.rest.data;
	uint32_t before = behaviour->given, added;
	struct rule_token token;
	struct complaint why;

	if (!rule_text_take_word(&draft->text, &token, &why))
		return rule_blame_text(draft, start, &why);
	if (!words_add(behaviour, token.name, token.value, draft->limits, &why))
		return rule_blame_word(draft, rule_text_find(&token, why.at),
		    token.name, token.value, &why);
	added = behaviour->given & ~before;
	if (added != 0)
		draft->places[__builtin_ctz(added)] = start;
	return true;
}

/* Whether there are words, and they suit each other. */
static bool
rule_suits(struct rule_draft *draft)
{
	const struct behaviour *behaviour = &draft->rule->behaviour;
	char value[WORDS_VALUE_MAX];
	enum word word = WORD_DELAY;
	struct complaint why;
	size_t size;

	if (behaviour->given == 0) {
		(void)complain(&why, draft->text.rest.data,
		    "/api/** delay=250ms", "a word, NAME=VALUE, behind it");
		return rule_blame(draft, why.at,
		    draft->rule->pattern.data != NULL ? "/" : "",
		    draft->rule->pattern, &why);
	}
	if (words_suit(behaviour, draft->limits, &word, &why))
		return true;
	size = words_format(behaviour, word, 0, value);
	return rule_blame_word(draft, draft->places[word],
	    span_of(words_name(word)), (struct span){ value, size }, &why);
}

static bool
rule_read(struct rule_draft *draft, bool pattern)
{
	if (!rule_check_text(draft) || (pattern && !rule_take_pattern(draft)))
		return false;
	while (rule_text_goes_on(&draft->text))
		if (!rule_take_word(draft))
			return false;
	return rule_suits(draft);
}

/* Makes a rule, with a pattern or without one. */
static struct rule *
rule_make(struct span text, bool pattern, const struct words_limits *limits,
    struct rules_fault *fault)
{
	struct rule *rule = calloc(1, sizeof(*rule) + text.size);
	struct rule_draft draft = { .rule = rule,
		.limits = limits,
		.whole = text,
		.fault = fault };

	if (rule == NULL) {
		*fault = (struct rules_fault){ 1, 1, "no memory for it" };
		return NULL;
	}
	draft.text = (struct rule_text){ text, rule->text };
	atomic_init(&rule->drawn, 0);
	rule->scope = roll_key(text);
	if (rule_read(&draft, pattern))
		return rule;
	rule_free(rule);
	return NULL;
}

struct rule *
rule_new(struct span text, const struct words_limits *limits,
    struct rules_fault *fault)
{
	return rule_make(text, true, limits, fault);
}

struct rule *
rule_new_of_words(struct span text, const struct words_limits *limits,
    struct rules_fault *fault)
{
	return rule_make(text, false, limits, fault);
}

void
rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	words_release(&rule->behaviour);
	free(rule);
}
