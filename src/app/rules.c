/* Keeps and reads the rules. Any thread, once they are read. */
#include "config.h"

#include "app/rules.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/roll.h"
#include "app/rule_index.h"
#include "app/rule_times.h"
#include "base/text_file.h"

struct rules {
	_Atomic unsigned owners;
	struct words_limits limits;
	struct rule_times times;
	struct pools *pools;
	const struct pools *before; /* while it is read */
	char *text;                 /* by which they are; owned */
	size_t text_size;
	bool draws;
	struct rule_index index;
};

struct rules *
rules_new(const struct words_limits *limits)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return NULL;
	atomic_init(&rules->owners, 1);
	rules->pools = pools_new();
	if (rules->pools == NULL) {
		free(rules);
		return NULL;
	}
	rules->limits = *limits;
	rules->before = limits->pools;
	rules->limits.pools = rules->pools;
	rules->times = (struct rule_times){ .directory = SPAN(""),
		.most = limits->when.most };
	if (limits->when.read == NULL) {
		rules->limits.when.read = rule_times_read;
		rules->limits.when.arg = &rules->times;
	}
	return rules;
}

void
rules_watch(struct rules *rules, struct watch *watch)
{
	rules->times.watch = watch;
}

struct rules *
rules_hold(struct rules *rules)
{
	if (rules != NULL)
		atomic_fetch_add(&rules->owners, 1);
	return rules;
}

void
rules_release(struct rules *rules)
{
	if (rules == NULL || atomic_fetch_sub(&rules->owners, 1) > 1)
		return;
	for (uint32_t i = 0; i < rules->index.count; i++)
		rule_free(rule_index_get(&rules->index, i));
	rule_index_free(&rules->index);
	pools_free(rules->pools);
	free(rules->text);
	free(rules);
}

static bool
rules_refuse(struct rules_fault *fault, const char *why)
{
	*fault = (struct rules_fault){ 1, 1, "" };
	snprintf(fault->why, sizeof(fault->why), "%s", why);
	return false;
}

/* Adds to the text by which the rules are. */
static bool
rules_append(struct rules *rules, struct span more)
{
	char *text = realloc(rules->text, rules->text_size + more.size + 1);

	if (text == NULL)
		return false;
	if (more.size > 0)
		memcpy(text + rules->text_size, more.data, more.size);
	rules->text = text;
	rules->text_size += more.size;
	return true;
}

bool
rules_tell(struct rules *rules, const char *before, const char *line)
{
	return rules_append(rules, span_of(before)) &&
	       rules_append(rules, span_of(line)) &&
	       rules_append(rules, SPAN("\n"));
}

struct span
rules_text(const struct rules *rules)
{
	return rules != NULL ? (struct span){ rules->text, rules->text_size }
			     : SPAN("");
}

uint64_t
rules_tag(const struct rules *rules)
{
	return roll_key(rules_text(rules));
}

bool
rules_add_pool(struct rules *rules, struct span text, struct rules_fault *fault)
{
	struct complaint why;

	if (pools_add(rules->pools, text, rules->before, &why))
		return true;
	*fault = (struct rules_fault){ 1, (unsigned)(why.at - text.data) + 1,
		"" };
	snprintf(fault->why, sizeof(fault->why), "%.*s: wants %s, as in %s",
	    (int)(text.size < 64 ? text.size : 64), text.data, why.wanted,
	    why.example);
	return false;
}

bool
rules_add(struct rules *rules, struct span text, struct rules_fault *fault)
{
	struct rule *rule;

	if (rules->index.count == RULES_MAX)
		return rules_refuse(fault, "one rule more than the 16384 that "
					   "there is room for");
	rule = rule_new(text, &rules->limits, fault);
	if (rule == NULL)
		return false;
	if (!rule_index_add(&rules->index, rule)) {
		rule_free(rule);
		return rules_refuse(fault, "no memory for it");
	}
	rules->draws |= words_draw(&rule->behaviour);
	return true;
}

static const struct span rules_pool = SPAN("pool=");

/* Whether a line declares a pool. */
static bool
rules_is_pool(struct span line)
{
	return line.size >= rules_pool.size &&
	       memcmp(line.data, rules_pool.data, rules_pool.size) == 0;
}

/* Adds what a line declares: a pool, where these are `wanted`, else a rule. */
static bool
rules_add_line(struct rules *rules, struct span line, bool wanted,
    struct rules_fault *fault)
{
	const char *start = line.data;

	while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
		span_skip(&line, 1);
	if (line.size == 0 || line.data[0] == '#' ||
	    rules_is_pool(line) != wanted)
		return true;
	if (wanted)
		span_skip(&line, rules_pool.size);
	else
		line.size += (size_t)(line.data - start), line.data = start;
	if (wanted ? rules_add_pool(rules, line, fault)
		   : rules_add(rules, line, fault))
		return true;
	fault->column += (unsigned)(line.data - start);
	return false;
}

/* Adds the pools that the lines of a text declare; or the rules. */
static bool
rules_add_lines(struct rules *rules, struct span text, bool pools,
    struct rules_fault *fault)
{
	for (unsigned number = 1; text.size > 0; number++) {
		struct span line = span_take(&text, SPAN("\n"));

		span_skip(&text, text.size > 0);
		if (line.size > 0 && line.data[line.size - 1] == '\r')
			line.size--;
		if (!rules_add_line(rules, line, pools, fault)) {
			fault->line = number;
			return false;
		}
	}
	return true;
}

bool
rules_parse(struct rules *rules, struct span text, struct rules_fault *fault)
{
	if (!rules_append(rules, text))
		return rules_refuse(fault, "no memory for it");
	return rules_add_lines(rules, text, true, fault) &&
	       rules_add_lines(rules, text, false, fault);
}

bool
rules_read(struct rules *rules, const char *path, struct rules_fault *fault)
{
	const char *slash = strrchr(path, '/');
	size_t size = 0;
	char *text = text_file_read(path, &size);
	bool added;

	if (text == NULL) {
		*fault = (struct rules_fault){ 0, 0, "" };
		snprintf(fault->why, sizeof(fault->why),
		    "%m: name a regular file of up to 16 MiB that mtasync may "
		    "read");
		return false;
	}
	if (slash != NULL)
		rules->times.directory = (struct span){ path,
			(size_t)(slash + 1 - path) };
	added = rules_parse(rules, (struct span){ text, size }, fault);
	rules->times.directory = SPAN("");
	free(text);
	return added;
}

bool
rules_end(struct rules *rules)
{
	return rule_index_end(&rules->index);
}

bool
rules_are_empty(const struct rules *rules)
{
	return rules == NULL ||
	       (rules->index.count == 0 && pools_are_empty(rules->pools));
}

const struct pools *
rules_pools(const struct rules *rules)
{
	return rules != NULL ? rules->pools : NULL;
}

bool
rules_draw(const struct rules *rules)
{
	return rules != NULL && rules->draws;
}

struct rule *
rules_find(struct rules *rules, enum http_method method, struct span path)
{
	return rules == NULL || rules->index.count == 0
		   ? NULL
		   : rule_index_find(&rules->index, method, path);
}
