/*
 * Keeps the rules, and an index of them by the segments that their patterns
 * begin with: a path is looked up under each run of segments that it begins with
 * itself, and compared with those rules alone. Any thread, once they are read.
 */
#include "config.h"

#include "app/rules.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/pattern.h"
#include "app/rule_times.h"
#include "app/text_file.h"

/* Of Fowler, Noll and Vo's hash 1a, 32 bits. */
#define RULES_HASH_BASIS UINT32_C(2166136261)
#define RULES_HASH_PRIME UINT32_C(16777619)

/* A row of the index. Rules are called by their number, from 1 on; 0 is none. */
struct rules_row {
	struct rule *rule;
	uint32_t methods; /* of the rule */
	uint32_t hash;    /* of the bytes that a path begins with, so many: */
	uint32_t fixed;
	uint32_t least; /* bytes that a path has at least */
	uint32_t next;  /* the next rule in the same place of the index */
};

struct rules {
	_Atomic unsigned owners;
	struct words_limits limits;
	struct rule_times times;
	bool draws;
	uint32_t count, room;   /* of the rows */
	struct rules_row *rows; /* in their order */
	uint32_t *index;        /* the first rule of each place */
	uint32_t mask;          /* places, less 1: a power of 2 */
	size_t longest;         /* of the rows: `fixed` */
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
	for (uint32_t i = 0; i < rules->count; i++)
		rule_free(rules->rows[i].rule);
	free(rules->rows);
	free(rules->index);
	free(rules);
}

/* Has room for one row more. Returns false where memory is short. */
static bool
rules_grow(struct rules *rules)
{
	uint32_t room = rules->room > 0 ? 2 * rules->room : 16;
	struct rules_row *rows;

	if (rules->count < rules->room)
		return true;
	rows = realloc(rules->rows, room * sizeof(*rows));
	if (rows == NULL)
		return false;
	rules->rows = rows;
	rules->room = room;
	return true;
}

static bool
rules_refuse(struct rules_fault *fault, const char *why)
{
	*fault = (struct rules_fault){ 1, 1, "" };
	snprintf(fault->why, sizeof(fault->why), "%s", why);
	return false;
}

static uint32_t
rules_hash(struct span text)
{
	uint32_t hash = RULES_HASH_BASIS;

	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * RULES_HASH_PRIME;
	return hash;
}

bool
rules_add(struct rules *rules, struct span text, struct rules_fault *fault)
{
	struct rules_row *row;
	struct rule *rule;
	size_t fixed;

	if (rules->count == RULES_MAX)
		return rules_refuse(fault, "one rule more than the 16384 that "
					   "there is room for");
	if (!rules_grow(rules))
		return rules_refuse(fault, "no memory for it");
	rule = rule_new(text, &rules->limits, fault);
	if (rule == NULL)
		return false;
	fixed = pattern_fixed_size(rule->pattern);
	row = &rules->rows[rules->count++];
	*row = (struct rules_row){ .rule = rule,
		.methods = rule->methods,
		.hash = rules_hash((struct span){ rule->pattern.data, fixed }),
		.fixed = (uint32_t)fixed,
		.least = (uint32_t)pattern_least_size(rule->pattern) };
	rules->draws |= words_draw(&rule->behaviour);
	if (fixed > rules->longest)
		rules->longest = fixed;
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
		struct span line = span_take(&text, "\n");

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
	uint32_t places = 1;

	while (places < 2 * rules->count)
		places *= 2;
	rules->index = calloc(places, sizeof(*rules->index));
	if (rules->index == NULL)
		return false;
	rules->mask = places - 1;
	for (uint32_t i = rules->count; i > 0; i--) {
		struct rules_row *row = &rules->rows[i - 1];
		uint32_t *first = &rules->index[row->hash & rules->mask];

		row->next = *first;
		*first = i;
	}
	return true;
}

bool
rules_are_empty(const struct rules *rules)
{
	return rules == NULL || rules->count == 0;
}

bool
rules_draw(const struct rules *rules)
{
	return rules != NULL && rules->draws;
}

/* What is looked for. */
struct rules_search {
	const struct rules *rules;
	uint32_t method; /* RULE_METHOD() */
	struct span path;
	uint32_t found; /* the first rule so far; UINT32_MAX: none */
};

/* Whether a row is for what is looked for, of which the hash is the same. */
static bool
rules_row_matches(const struct rules_row *row,
    const struct rules_search *search)
{
	struct span pattern = row->rule->pattern, path = search->path;

	if ((row->methods & search->method) == 0 || path.size < row->least ||
	    memcmp(pattern.data, path.data, row->fixed) != 0)
		return false;
	span_skip(&pattern, row->fixed);
	span_skip(&path, row->fixed);
	return pattern_matches(pattern, path);
}

/* Looks at the rules whose patterns begin with the first bytes of the path,
 * which have this hash. */
static inline void
rules_look(struct rules_search *search, uint32_t hash)
{
	const struct rules *rules = search->rules;

	for (uint32_t i = rules->index[hash & rules->mask];
	     i != 0 && i < search->found; i = rules->rows[i - 1].next) {
		const struct rules_row *row = &rules->rows[i - 1];

		if (row->hash == hash && rules_row_matches(row, search)) {
			search->found = i;
			return;
		}
	}
}

struct rule *
rules_find(struct rules *rules, enum http_method method, struct span path)
{
	struct rules_search search = { rules, RULE_METHOD(method), path,
		UINT32_MAX };
	uint32_t hash = RULES_HASH_BASIS;
	size_t end, i;

	if (rules_are_empty(rules))
		return NULL;
	end = path.size < rules->longest ? path.size : rules->longest;
	rules_look(&search, hash);
	for (i = 0; i < end; i++) {
		hash = (hash ^ (unsigned char)path.data[i]) * RULES_HASH_PRIME;
		if (path.data[i] == '/' || i + 1 == path.size)
			rules_look(&search, hash);
	}
	return search.found != UINT32_MAX ? rules->rows[search.found - 1].rule
					  : NULL;
}
