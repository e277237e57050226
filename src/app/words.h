/*
 * words: the words that a behaviour is said with, `name=value`: one table gives
 * how each is read, bounded, written and explained. Any thread.
 */
#ifndef MTASYNC_APP_WORDS_H
#define MTASYNC_APP_WORDS_H

#include <stddef.h>

#include "app/behaviour.h"
#include "app/complaint.h"

/* What the operator allows; constant. */
struct words_limits {
	struct when_limits when; /* --max-sleep, and how files are read */
	int64_t max_size;        /* --max-size: bytes of a body that is made */
	const struct pools *pools; /* those that there are; NULL: none */
};

/* Room for a value as words_format() writes it. */
#define WORDS_VALUE_MAX 1024

/* Has a behaviour, zeroed at first, say one word more. Returns false with a
 * complaint, whose `at` lies in `name` or `value`. */
bool words_add(struct behaviour *behaviour, struct span name, struct span value,
    const struct words_limits *limits, struct complaint *why);

/*
 * Whether the words suit each other: none lacks another one, none contradicts.
 * Returns false with a complaint without a place, and with the word that is at
 * fault in *word.
 */
bool words_suit(const struct behaviour *behaviour,
    const struct words_limits *limits, enum word *word, struct complaint *why);

/* Has the words of `over` take the place of the same ones in `behaviour`, and of
 * those that mean the same thing in another way: one pace that of another. What
 * is replaced is released. `over` is used up. */
void words_override(struct behaviour *behaviour, struct behaviour *over);

/* Copies a behaviour, whose text the copy shares. */
void words_copy(struct behaviour *to, const struct behaviour *from);

/* Takes words back, of a set of WORD_FLAG(), as far as they have been said. */
void words_drop(struct behaviour *behaviour, uint32_t words);

/* Releases what a behaviour holds. */
void words_release(struct behaviour *behaviour);

/* The name of a word. */
const char *words_name(enum word word);

/* How often a word has been said: more than once where it may be repeated. */
unsigned words_count(const struct behaviour *behaviour, enum word word);

/* Writes the value of a word, of the `index`th time that it was said, as
 * words_add() reads it. Returns the size. */
size_t words_format(const struct behaviour *behaviour, enum word word,
    unsigned index, char text[WORDS_VALUE_MAX]);

/* Whether anything is drawn for who is answered so. */
bool words_draw(const struct behaviour *behaviour);

/* The tables of words and of times as text, for people: a constant. The main thread
 * has it made by its first call. */
const char *words_help(void);

#endif
