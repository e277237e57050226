/* Keeps and reads the rules. Any thread, once they are read. */
#include "config.h"

#include "app/rules.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/rule_index.h"
#include "app/rule_times.h"
#include "app/text_file.h"

struct rules {
	_Atomic unsigned owners;
	struct words_limits limits;
	struct rule_times times;
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
	rules->limits = *limits;
	rules->times = (struct rule_times){ SPAN(""), limits->when.most };
	if (limits->when.read == NULL) {
		rules->limits.when.read = rule_times_read;
		rules->limits.when.arg = &rules->times;
	}
	return rules;
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
	free(rules);
}

static bool
rules_refuse(struct rules_fault *fault, const char *why)
{
	*fault = (struct rules_fault){ 1, 1, "" };
	snprintf(fault->why, sizeof(fault->why), "%s", why);
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

/* Whether a line is a rule. */
static bool
rules_is_rule(struct span line)
{
	while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
		span_skip(&line, 1);
	return line.size > 0 && line.data[0] != '#';
}

static bool
rules_add_lines(struct rules *rules, struct span text,
    struct rules_fault *fault)
{
	for (unsigned number = 1; text.size > 0; number++) {
		struct span line = span_take(&text, SPAN("\n"));

		span_skip(&text, text.size > 0);
		if (line.size > 0 && line.data[line.size - 1] == '\r')
			line.size--;
		if (rules_is_rule(line) && !rules_add(rules, line, fault)) {
			fault->line = number;
			return false;
		}
	}
	return true;
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
	added = rules_add_lines(rules, (struct span){ text, size }, fault);
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
	return rules == NULL || rules->index.count == 0;
}

bool
rules_draw(const struct rules *rules)
{
	return rules != NULL && rules->draws;
}

struct rule *
rules_find(struct rules *rules, enum http_method method, struct span path)
{
	return rules_are_empty(rules)
		   ? NULL
		   : rule_index_find(&rules->index, method, path);
}
