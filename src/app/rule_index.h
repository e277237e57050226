/*
 * rule_index: rules in their order, found by what their patterns begin with and
 * end in. Who owns it frees the rules.
 */
#ifndef MTASYNC_APP_RULE_INDEX_H
#define MTASYNC_APP_RULE_INDEX_H

#include "app/rule.h"

struct rule_index_row;

/* Zeroed, it is empty. */
struct rule_index {
	uint32_t count, room;        /* of the rows */
	struct rule_index_row *rows; /* in the order of the rules */
	uint32_t *places;            /* the first row of each */
	uint32_t mask;               /* places, less 1: a power of 2 */
	size_t longest;              /* bytes that a path is looked up by */
};

/* Adds a rule behind the others. Returns false where memory is short. */
bool rule_index_add(struct rule_index *index, struct rule *rule);

/* Readies it for rule_index_find(), behind the last rule. Returns false where
 * memory is short. */
bool rule_index_end(struct rule_index *index);

/* Returns a rule by its place in the order, from 0 to count - 1. */
struct rule *rule_index_get(const struct rule_index *index, uint32_t place);

/* Returns the first rule for a method and a decoded path; or NULL. Any thread. */
struct rule *rule_index_find(const struct rule_index *index,
    enum http_method method, struct span path);

/* Frees all but the rules. */
void rule_index_free(struct rule_index *index);

#endif
