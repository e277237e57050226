/*
 * An index of rules by the segments that their patterns begin with, and the byte
 * that they end in. A path is looked up under each run of segments that it begins
 * with itself, each with its own last byte, and without one for patterns that end
 * in an asterisk; and compared with those rules alone. Any thread, once it is
 * there.
 */
#include "config.h"

#include "app/rule_index.h"

#include <stdlib.h>

#include "app/pattern.h"

/* Of Fowler, Noll and Vo's hash 1a, 32 bits. */
#define RULE_INDEX_BASIS UINT32_C(2166136261)
#define RULE_INDEX_PRIME UINT32_C(16777619)

/* In place of the last byte, where there is none, or it may be any. */
#define RULE_INDEX_ANY 256

/* Rows are called by their number, from 1 on; 0 is none. */
struct rule_index_row {
	struct rule *rule;
	uint32_t methods; /* of the rule */
	uint32_t hash;    /* of the fixed bytes and the last one */
	uint32_t fixed;   /* bytes that a path begins with */
	uint32_t tail;    /* bytes that it ends in */
	uint32_t least;   /* bytes that it has at least */
	uint32_t next;    /* the next row of the same place */
};

static inline uint32_t
rule_index_hash(uint32_t hash, unsigned value)
{
	return (hash ^ value) * RULE_INDEX_PRIME;
}

/* The last byte of a text; RULE_INDEX_ANY: there is none. */
static inline unsigned
rule_index_last(struct span text)
{
	return text.size > 0 ? (unsigned char)text.data[text.size - 1]
			     : RULE_INDEX_ANY;
}

/* Has room for one row more. Returns false where memory is short. */
static bool
rule_index_grow(struct rule_index *index)
{
	uint32_t room = index->room > 0 ? 2 * index->room : 16;
	struct rule_index_row *rows;

	if (index->count < index->room)
		return true;
	rows = realloc(index->rows, room * sizeof(*rows));
	if (rows == NULL)
		return false;
	index->rows = rows;
	index->room = room;
	return true;
}

bool
rule_index_add(struct rule_index *index, struct rule *rule)
{
	struct span pattern = rule->pattern;
	size_t fixed = pattern_fixed_size(pattern);
	size_t tail = pattern_tail_size(pattern);
	uint32_t hash = RULE_INDEX_BASIS;

	if (!rule_index_grow(index))
		return false;
	for (size_t i = 0; i < fixed; i++)
		hash = rule_index_hash(hash, (unsigned char)pattern.data[i]);
	index->rows[index->count++] = (struct rule_index_row){ .rule = rule,
		.methods = rule->methods,
		.hash = rule_index_hash(hash,
		    tail > 0 ? rule_index_last(pattern) : RULE_INDEX_ANY),
		.fixed = (uint32_t)fixed,
		.tail = (uint32_t)tail,
		.least = (uint32_t)pattern_least_size(pattern) };
	if (fixed > index->longest)
		index->longest = fixed;
	return true;
}

bool
rule_index_end(struct rule_index *index)
{
	uint32_t places = 1;

	while (places < 2 * index->count)
		places *= 2;
	index->places = calloc(places, sizeof(*index->places));
	if (index->places == NULL)
		return false;
	index->mask = places - 1;
	for (uint32_t i = index->count; i > 0; i--) {
		struct rule_index_row *row = &index->rows[i - 1];
		uint32_t *first = &index->places[row->hash & index->mask];

		row->next = *first;
		*first = i;
	}
	return true;
}

struct rule *
rule_index_get(const struct rule_index *index, uint32_t place)
{
	return index->rows[place].rule;
}

/* What is looked for. */
struct rule_search {
	const struct rule_index *index;
	uint32_t method; /* RULE_METHOD() */
	struct span path;
	uint32_t found; /* the first row so far; UINT32_MAX: none */
};

/* Whether a row is for what is looked for, of which the hash is the same. */
static bool
rule_index_matches(const struct rule_index_row *row,
    const struct rule_search *search)
{
	struct span pattern = row->rule->pattern, path = search->path;

	if ((row->methods & search->method) == 0 || path.size < row->least ||
	    memcmp(pattern.data + pattern.size - row->tail,
		path.data + path.size - row->tail, row->tail) != 0 ||
	    memcmp(pattern.data, path.data, row->fixed) != 0)
		return false;
	span_skip(&pattern, row->fixed);
	span_skip(&path, row->fixed);
	return pattern_matches(pattern, path);
}

/* Looks at the rows with this hash. */
static inline void
rule_index_look(struct rule_search *search, uint32_t hash)
{
	const struct rule_index *index = search->index;

	for (uint32_t i = index->places[hash & index->mask];
	     i != 0 && i < search->found; i = index->rows[i - 1].next) {
		const struct rule_index_row *row = &index->rows[i - 1];

		if (row->hash == hash && rule_index_matches(row, search)) {
			search->found = i;
			return;
		}
	}
}

struct rule *
rule_index_find(const struct rule_index *index, enum http_method method,
    struct span path)
{
	struct rule_search search = { index, RULE_METHOD(method), path,
		UINT32_MAX };
	unsigned last = rule_index_last(path);
	uint32_t hash = RULE_INDEX_BASIS;

	for (size_t i = 0;; i++) {
		if (i == 0 || path.data[i - 1] == '/' || i == path.size) {
			rule_index_look(&search,
			    rule_index_hash(hash, RULE_INDEX_ANY));
			if (last != RULE_INDEX_ANY)
				rule_index_look(&search,
				    rule_index_hash(hash, last));
		}
		if (i == path.size || i == index->longest)
			break;
		hash = rule_index_hash(hash, (unsigned char)path.data[i]);
	}
	return search.found != UINT32_MAX ? index->rows[search.found - 1].rule
					  : NULL;
}

void
rule_index_free(struct rule_index *index)
{
	free(index->rows);
	free(index->places);
}
