/* Says which words suit each other; any thread. */
#include "config.h"

#include "app/made.h"
#include "app/word_table.h"
#include "app/words.h"
#include "base/clock.h"

/* Complains about a word. */
static bool
words_blame(enum word blamed, enum word *word, struct complaint *why,
    const char *wanted)
{
	*word = blamed;
	return complain(why, NULL, word_table[blamed].example, "%s", wanted);
}

static bool
words_have_needs(const struct behaviour *b, enum word *word,
    struct complaint *why)
{
	for (int i = 0; i < WORD_NEEDS; i++) {
		const struct word_need *need = &word_needs[i];

		if (behaviour_says(b, need->word) && !(b->given & need->of))
			return words_blame(need->word, word, why, need->wanted);
	}
	return true;
}

static bool
words_are_no_rivals(const struct behaviour *b, enum word *word,
    struct complaint *why)
{
	for (int i = 0; i < WORD_RIVALS; i++) {
		uint32_t both = b->given & word_rivals[i].words;

		if ((both & (both - 1)) != 0) /* more than one bit */
			return words_blame((enum word)(
					       31 - __builtin_clz(both)),
			    word, why, word_rivals[i].wanted);
	}
	if (behaviour_says(b, WORD_CHUNK) &&
	    (b->given & (WORD_FLAG(WORD_EVENTS) | WORD_FLAG(WORD_LINES))))
		return words_blame(WORD_CHUNK, word, why,
		    "no chunk: every event or line is a piece");
	return true;
}

/* Whether a choice has one of the values from `least` to `most`. */
static bool
words_choose(const struct choice *choice, int64_t least, int64_t most)
{
	for (unsigned i = 0; i < choice->count; i++)
		if (choice->options[i].value >= least &&
		    choice->options[i].value <= most)
			return true;
	return false;
}

/* Whether all answers have one and the same value, *value. */
static bool
words_is_always(const struct choice *choice, int64_t *value)
{
	*value = choice->options[0].value;
	return choice->count == 1 && choice->options[0].share == SHARE_WHOLE;
}

/* Whether there is a body for the words that need one. */
static bool
words_have_body(const struct behaviour *b, enum word *word,
    struct complaint *why)
{
	int64_t status = 0, size = 1;
	bool none, late = behaviour_says(b, WORD_AT) && b->at != AT_HEAD;

	none = behaviour_says(b, WORD_STATUS) &&
	       words_is_always(&b->status, &status) &&
	       (status == 204 || status == 205 || status == 304);
	if (none && (b->given & BEHAVIOUR_BODY))
		return words_blame((enum word)__builtin_ctz(
				       b->given & BEHAVIOUR_BODY),
		    word, why, "another status: 204, 205 and 304 have no body");
	none |= behaviour_says(b, WORD_SIZE) &&
		words_is_always(&b->size, &size) && size == 0;
	if (none && late)
		return words_blame(WORD_AT, word, why,
		    "a body, which this answer has not");
	return true;
}

static bool
words_suit_status(const struct behaviour *b, enum word *word,
    struct complaint *why)
{
	if (!behaviour_says(b, WORD_RETRY_AFTER))
		return true;
	if (b->retry_after == BEHAVIOUR_AUTO && !behaviour_says(b, WORD_DOWN))
		return words_blame(WORD_RETRY_AFTER, word, why,
		    "down, whose end is told, or a time");
	if (!behaviour_says(b, WORD_STATUS) || /* 503, by fail or down */
	    words_choose(&b->status, 300, 399) ||
	    words_choose(&b->status, 429, 429) ||
	    words_choose(&b->status, 503, 503))
		return true;
	return words_blame(WORD_RETRY_AFTER, word, why,
	    "a status that has it: 3xx, 429 or 503");
}

static bool
words_suit_fault(const struct behaviour *b, enum word *word,
    struct complaint *why)
{
	if (!behaviour_says(b, WORD_FAULT))
		return true;
	if (behaviour_says(b, WORD_FOR) &&
	    !words_choose(&b->fault, FAULT_HANG, FAULT_HANG))
		return words_blame(WORD_FOR, word, why,
		    "fault=hang, for so long");
	if (behaviour_says(b, WORD_AFTER) &&
	    !words_choose(&b->fault, FAULT_CLOSE, FAULT_TRUNCATE))
		return words_blame(WORD_AFTER, word, why,
		    "one of the faults close, reset, hang and truncate");
	if (!behaviour_says(b, WORD_FRAMING))
		return true;
	if ((b->framing != FRAMING_LENGTH &&
		words_choose(&b->fault, FAULT_LENGTH, FAULT_LENGTH)) ||
	    (b->framing != FRAMING_CHUNKED &&
		words_choose(&b->fault, FAULT_CHUNK, FAULT_CHUNK)))
		return words_blame(WORD_FRAMING, word, why,
		    "the framing that the fault breaks");
	return true;
}

/* Returns the longest delay that is known beforehand, ns. */
static int64_t
words_delay(const struct behaviour *b, const struct words_limits *limits)
{
	int64_t longest;

	if (!behaviour_says(b, WORD_DELAY))
		return 0;
	longest = when_longest(&b->delay);
	return longest > limits->when.most ? 0 : longest;
}

/* Returns the most bytes that the body can have, as far as is known; else 0. */
static uint64_t
words_most(const struct behaviour *b)
{
	const struct made events = { .kind = MADE_EVENTS };
	const struct made lines = { .kind = MADE_LINES };
	uint64_t most = 0;

	if (behaviour_says(b, WORD_EVENTS))
		return made_size(&events, (uint64_t)b->events);
	if (behaviour_says(b, WORD_LINES))
		return made_size(&lines, (uint64_t)b->lines);
	if (!behaviour_says(b, WORD_SIZE))
		return 0;
	for (unsigned i = 0; i < b->size.count; i++)
		if ((uint64_t)b->size.options[i].value > most)
			most = (uint64_t)b->size.options[i].value;
	return most;
}

/* Whether the delay and the pace together end in time, as far as is known. Of a
 * rate, the first byte comes at once. */
static bool
words_suit_time(const struct behaviour *b, const struct words_limits *limits,
    enum word *word, struct complaint *why)
{
	int64_t left = limits->when.most - words_delay(b, limits);
	uint64_t most = words_most(b);

	if (behaviour_says(b, WORD_OVER) && b->over > left)
		return words_blame(WORD_OVER, word, why,
		    "less: with the delay it is over the limit");
	if (!behaviour_says(b, WORD_RATE) || most == 0)
		return true;
	if ((__int128)(most - 1) * CLOCK_S > (__int128)left * b->rate)
		return words_blame(WORD_RATE, word, why,
		    "more: so large a body is over the limit, with the delay");
	return true;
}

bool
words_suit(const struct behaviour *behaviour, const struct words_limits *limits,
    enum word *word, struct complaint *why)
{
	return words_have_needs(behaviour, word, why) &&
	       words_are_no_rivals(behaviour, word, why) &&
	       words_have_body(behaviour, word, why) &&
	       words_suit_status(behaviour, word, why) &&
	       words_suit_fault(behaviour, word, why) &&
	       words_suit_time(behaviour, limits, word, why);
}
