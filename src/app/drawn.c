/* Draws for requests, and tells what came; any thread. */
#include "config.h"

#include "app/drawn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "app/word_table.h"
#include "app/words.h"
#include "base/clock.h"

/* Draws one of a choice. Returns whether one has come. */
static bool
drawn_choose(struct drawn *drawn, const struct choice *choice, enum word word,
    enum roll_dimension dimension, int64_t *value)
{
	const int64_t *chosen;

	if (!drawn_has(drawn, word))
		return false;
	chosen = choice_draw(choice, roll_bits(&drawn->roll, dimension, 0));
	if (chosen != NULL)
		*value = *chosen;
	else
		drawn->words &= ~WORD_FLAG(word);
	return chosen != NULL;
}

void
drawn_make(struct drawn *drawn, const struct behaviour *behaviour,
    const struct roll *roll, int64_t most)
{
	int64_t value;

	*drawn = (struct drawn){ .roll = *roll,
		.words = behaviour->given & DRAWN_WORDS,
		.chance = words_draw(behaviour) };
	if (drawn_has(drawn, WORD_OVER)) /* which is behind the delay */
		most -= behaviour->over;
	if (drawn_has(drawn, WORD_DELAY)) {
		drawn->delay = when_draw(&behaviour->delay, roll, ROLL_DELAY,
		    0);
		if (drawn->delay > most) {
			drawn->limited |= WORD_FLAG(WORD_DELAY);
			drawn->delay = most;
		}
	}
	if (drawn_choose(drawn, &behaviour->status, WORD_STATUS, ROLL_STATUS,
		&value))
		drawn->status = (uint16_t)value;
	(void)drawn_choose(drawn, &behaviour->size, WORD_SIZE, ROLL_SIZE,
	    &drawn->size);
	if (drawn_choose(drawn, &behaviour->fault, WORD_FAULT, ROLL_FAULT,
		&value))
		drawn->fault = (uint8_t)value;
	if (drawn_has(drawn, WORD_CLOSE) &&
	    !share_comes(behaviour->close, roll_bits(roll, ROLL_CLOSE, 0)))
		drawn->words &= ~WORD_FLAG(WORD_CLOSE);
}

/* ---- telling ---- */

/* A text that grows; there is room for the longest. */
struct drawn_text {
	char *data;
	size_t size;
};

static void __attribute__((format(printf, 2, 3)))
drawn_print(struct drawn_text *text, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text->data + text->size, DRAWN_TEXT_MAX - text->size,
	    format, arguments);
	va_end(arguments);
	text->size += (size_t)size;
}

/* Writes a time in ms with three decimals at most (RFC 9651 3.3.2). */
static void
drawn_print_ms(struct drawn_text *text, int64_t ns)
{
	int64_t us = (ns + CLOCK_US - 1) / CLOCK_US;

	drawn_print(text, "%" PRId64, us / 1000);
	if (us % 1000 != 0)
		drawn_print(text, ".%03" PRId64, us % 1000);
	while (us % 1000 != 0 && text->data[text->size - 1] == '0')
		text->size--;
}

/* Writes what stands behind a word's name: its value, `lead` before it, where it
 * has one. `quote` stands around a name. */
static void
drawn_print_value(struct drawn_text *text, const struct drawn *drawn,
    enum word word, const char *lead, const char *quote)
{
	if (word == WORD_DELAY) {
		drawn_print(text, "%s", lead);
		drawn_print_ms(text, drawn->delay);
	} else if (word == WORD_STATUS) {
		drawn_print(text, "%s%u", lead, drawn->status);
	} else if (word == WORD_SIZE) {
		drawn_print(text, "%s%" PRId64, lead, drawn->size);
	} else if (word == WORD_FAULT) {
		drawn_print(text, "%s%s%s%s", lead, quote,
		    word_faults[drawn->fault], quote);
	} else if (*quote != '\0') {
		drawn_print(text, "%strue", lead);
	}
}

size_t
drawn_write(const struct drawn *drawn, char *room)
{
	struct drawn_text text = { room, 0 };

	for (enum word word = 0; word < WORDS; word++) {
		if ((drawn->words & WORD_FLAG(word)) == 0)
			continue;
		drawn_print(&text, "%s%s", text.size > 0 ? ", " : "",
		    words_name(word));
		drawn_print_value(&text, drawn, word, "=", "");
		if ((drawn->skipped & WORD_FLAG(word)) != 0)
			drawn_print(&text, ";skipped");
		if ((drawn->limited & WORD_FLAG(word)) != 0)
			drawn_print(&text, ";limited");
	}
	if (drawn->chance)
		drawn_print(&text, "%sseed=%" PRId64 ", n=%" PRIu64,
		    text.size > 0 ? ", " : "", drawn->roll.seed, drawn->roll.n);
	return text.size;
}

/* Writes a member that lists the names of words; none where there are none. */
static void
drawn_print_names(struct drawn_text *text, const char *member, uint32_t words)
{
	const char *comma = "";

	if (words == 0)
		return;
	drawn_print(text, ",\"%s\":[", member);
	for (enum word word = 0; word < WORDS; word++) {
		if ((words & WORD_FLAG(word)) == 0)
			continue;
		drawn_print(text, "%s\"%s\"", comma, words_name(word));
		comma = ",";
	}
	drawn_print(text, "]");
}

size_t
drawn_write_json(const struct drawn *drawn, char *room)
{
	struct drawn_text text = { room, 0 };

	if (drawn->words == 0 && !drawn->chance)
		return 0;
	for (enum word word = 0; word < WORDS; word++) {
		if ((drawn->words & WORD_FLAG(word)) == 0)
			continue;
		drawn_print(&text, "%c\"%s\"", text.size > 0 ? ',' : '{',
		    words_name(word));
		drawn_print_value(&text, drawn, word, ":", "\"");
	}
	if (drawn->chance)
		drawn_print(&text, "%c\"seed\":%" PRId64 ",\"n\":%" PRIu64,
		    text.size > 0 ? ',' : '{', drawn->roll.seed, drawn->roll.n);
	drawn_print_names(&text, "limited", drawn->limited);
	drawn_print_names(&text, "skipped", drawn->skipped);
	drawn_print(&text, "}");
	return text.size;
}
