/*
 * word_table: a row for each word: how it is read, written and explained. Known
 * to words alone. Any thread.
 */
#ifndef MTASYNC_APP_WORD_TABLE_H
#define MTASYNC_APP_WORD_TABLE_H

#include "app/words.h"

struct word_row;
struct word_unit;

/* A kind of values. */
struct word_kind {
	/* returns false with a complaint */
	bool (*parse)(const struct word_row *row, struct span value,
	    const struct words_limits *limits, struct behaviour *behaviour,
	    struct complaint *why);
	/* returns the size of what is written into WORDS_VALUE_MAX bytes */
	size_t (*format)(const struct word_row *row,
	    const struct behaviour *behaviour, unsigned index, char *text);
	const struct word_unit *unit; /* of a number */
};

/* For word_row.most: the bounds that the operator sets. */
#define WORD_MAX_SLEEP INT64_C(-1)
#define WORD_MAX_SIZE  INT64_C(-2)

struct word_row {
	const char *name;
	const char *value;   /* what stands behind the `=`, for people */
	const char *help;    /* likewise, what it says */
	const char *example; /* the word whole, as it is accepted */
	const struct word_kind *kind;
	size_t field;        /* of struct behaviour */
	int64_t least, most; /* of a number */
	const char *const
	    *names; /* of a name: those that there are; NULL ends */
};

extern const struct word_row word_table[WORDS];

/* The words that say one thing in several ways, of which one may be said. */
#define WORD_RIVALS 3
struct word_rivals {
	uint32_t words;
	const char *wanted;
};
extern const struct word_rivals word_rivals[WORD_RIVALS];

/* The words that say more of others, and nothing without them. */
struct word_need {
	enum word word;
	uint32_t of; /* one of these has to be said, too */
	const char *wanted;
};

#define WORD_NEEDS 8
extern const struct word_need word_needs[WORD_NEEDS];

/* Writes a text; returns its size. */
static inline size_t
word_put(char *text, struct span value)
{
	memcpy(text, value.data, value.size);
	return value.size;
}

/* The kinds that there are. */
extern const struct word_kind word_time_kind;
extern const struct word_kind word_size_kind;
extern const struct word_kind word_count_kind;
extern const struct word_kind word_name_kind;
extern const struct word_kind word_choice_kind;
extern const struct word_kind word_when_kind;
extern const struct word_kind word_share_kind;
extern const struct word_kind word_type_kind;
extern const struct word_kind word_header_kind;
extern const struct word_kind word_interim_kind;
extern const struct word_kind word_retry_kind;
extern const struct word_kind word_outage_kind;
extern const struct word_kind word_key_kind;
extern const struct word_kind word_pool_kind;

/* How statuses, sizes and faults are chosen: by word. */
extern const struct choice_kind word_statuses;
extern const struct choice_kind word_sizes;
extern const struct choice_kind word_fault_choices;

/* The names of the faults, by enum fault. */
extern const char *const word_faults[];

#endif
