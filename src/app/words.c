/* Has behaviours say words; any thread. */
#include "config.h"

#include "app/words.h"

#include "app/word_table.h"

#define WORDS_REPEATED (WORD_FLAG(WORD_HEADER) | WORD_FLAG(WORD_INTERIM))

static enum word
words_find(struct span name)
{
	enum word word = 0;

	while (
	    word < WORDS && !span_equal(span_of(word_table[word].name), name))
		word++;
	return word;
}

bool
words_add(struct behaviour *behaviour, struct span name, struct span value,
    const struct words_limits *limits, struct complaint *why)
{
	enum word word = words_find(name);
	const struct word_row *row = &word_table[word];

	if (word == WORDS)
		return complain(why, name.data, "delay=250ms",
		    "a word that there is");
	if ((behaviour->given & WORD_FLAG(word) & ~WORDS_REPEATED) != 0)
		return complain(why, name.data, row->example,
		    "this word but once");
	if (!row->kind->parse(row, value, limits, behaviour, why))
		return false;
	behaviour->given |= WORD_FLAG(word);
	return true;
}

void
words_drop(struct behaviour *behaviour, uint32_t words)
{
	words &= behaviour->given;
	if (words & WORD_FLAG(WORD_DELAY))
		when_release(&behaviour->delay);
	if (words & WORD_FLAG(WORD_EVERY))
		when_release(&behaviour->every);
	if (words & WORD_FLAG(WORD_HEADER))
		behaviour->header_count = 0;
	if (words & WORD_FLAG(WORD_INTERIM))
		behaviour->interim_count = 0;
	behaviour->given &= ~words;
}

void
words_release(struct behaviour *behaviour)
{
	words_drop(behaviour, behaviour->given);
}

void
words_copy(struct behaviour *to, const struct behaviour *from)
{
	*to = *from;
	if (behaviour_says(to, WORD_DELAY))
		when_hold(&to->delay);
	if (behaviour_says(to, WORD_EVERY))
		when_hold(&to->every);
}

/* Takes over what one word says. */
static void
words_take(struct behaviour *to, const struct behaviour *from, enum word word)
{
	const struct word_row *row = &word_table[word];
	const char *source = (const char *)from + row->field;
	char *target = (char *)to + row->field;

	if (row->kind == &word_when_kind) {
		memcpy(target, source, sizeof(struct when));
	} else if (row->kind == &word_choice_kind) {
		memcpy(target, source, sizeof(struct choice));
	} else if (row->kind == &word_outage_kind) {
		to->down = from->down;
	} else if (row->kind == &word_key_kind) {
		to->key = from->key;
	} else if (row->kind == &word_pool_kind) {
		to->pool = from->pool;
	} else if (row->kind == &word_type_kind) {
		to->type = from->type;
	} else if (row->kind == &word_header_kind) {
		to->header_count = from->header_count;
		memcpy(to->headers, from->headers, sizeof(to->headers));
	} else if (row->kind == &word_interim_kind) {
		to->interim_count = from->interim_count;
		memcpy(to->interims, from->interims, sizeof(to->interims));
	} else {
		memcpy(target, source, sizeof(int64_t)); /* a number, a share */
	}
}

void
words_override(struct behaviour *behaviour, struct behaviour *over)
{
	uint32_t replaced = over->given;

	for (int i = 0; i < WORD_RIVALS; i++)
		if (over->given & word_rivals[i].words)
			replaced |= word_rivals[i].words;
	words_drop(behaviour, replaced);
	for (enum word word = 0; word < WORDS; word++)
		if (behaviour_says(over, word))
			words_take(behaviour, over, word);
	if (behaviour_says(over, WORD_FAIL))
		behaviour->fail_delays = over->fail_delays;
	behaviour->given |= over->given;
	over->given = 0;
}

const char *
words_name(enum word word)
{
	return word_table[word].name;
}

unsigned
words_count(const struct behaviour *behaviour, enum word word)
{
	if (!behaviour_says(behaviour, word))
		return 0;
	if (word == WORD_HEADER)
		return behaviour->header_count;
	return word == WORD_INTERIM ? behaviour->interim_count : 1;
}

size_t
words_format(const struct behaviour *behaviour, enum word word, unsigned index,
    char text[WORDS_VALUE_MAX])
{
	const struct word_row *row = &word_table[word];

	return row->kind->format(row, behaviour, index, text);
}

bool
words_draw(const struct behaviour *b)
{
	return (behaviour_says(b, WORD_DELAY) && !when_is_certain(&b->delay)) ||
	       (behaviour_says(b, WORD_EVERY) && !when_is_certain(&b->every)) ||
	       (behaviour_says(b, WORD_STATUS) &&
		   !choice_is_certain(&b->status)) ||
	       (behaviour_says(b, WORD_SIZE) && !choice_is_certain(&b->size)) ||
	       (behaviour_says(b, WORD_FAULT) &&
		   !choice_is_certain(&b->fault)) ||
	       (behaviour_says(b, WORD_CLOSE) && b->close > 0 &&
		   b->close < SHARE_WHOLE);
}
