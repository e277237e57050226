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

int64_t
drawn_outage(const struct behaviour *behaviour, int64_t wall)
{
	int64_t period = behaviour->down.period, passed;

	if (!behaviour_says(behaviour, WORD_DOWN))
		return 0;
	passed = wall % period - behaviour->phase % period;
	if (passed < 0)
		passed += period;
	return passed < behaviour->down.on ? behaviour->down.on - passed : 0;
}

/* Has `fail` and `down` say whether status and fault are for this request; where
 * neither is said, the status is 503. */
static void
drawn_gate(struct drawn *drawn, const struct behaviour *behaviour, int64_t wall)
{
	const uint32_t gates = WORD_FLAG(WORD_FAIL) | WORD_FLAG(WORD_DOWN);
	const uint32_t gated = WORD_FLAG(WORD_STATUS) | WORD_FLAG(WORD_FAULT);
	bool open = drawn_outage(behaviour, wall) > 0;

	if ((drawn->words & gates) == 0)
		return;
	if (behaviour_says(behaviour, WORD_FAIL))
		open = drawn->roll.n <= (uint64_t)behaviour->fail;
	if (!open) {
		drawn->words &= ~(gates | gated);
		if (behaviour->fail_delays)
			drawn->words &= ~WORD_FLAG(WORD_DELAY);
	} else if ((drawn->words & gated) == 0) {
		drawn->words |= WORD_FLAG(WORD_STATUS);
		drawn->status = 503;
	}
}

/* Draws a delay, which is not above `most`. */
static void
drawn_delay(struct drawn *drawn, const struct behaviour *behaviour,
    int64_t most)
{
	if (drawn_has(drawn, WORD_OVER)) /* which is behind the delay */
		most -= behaviour->over;
	if (!drawn_has(drawn, WORD_DELAY))
		return;
	drawn->delay = when_draw(&behaviour->delay, &drawn->roll, ROLL_DELAY,
	    0);
	if (drawn->delay <= most)
		return;
	drawn->limited |= WORD_FLAG(WORD_DELAY);
	drawn->delay = most;
}

void
drawn_make(struct drawn *drawn, const struct behaviour *behaviour,
    const struct drawn_source *source)
{
	const struct roll *roll = &source->roll;
	int64_t value;

	*drawn = (struct drawn){ .roll = *roll,
		.words = behaviour->given & DRAWN_WORDS,
		.chance = words_draw(behaviour) };
	drawn_gate(drawn, behaviour, source->wall);
	drawn_delay(drawn, behaviour, source->most);
	if (behaviour_says(behaviour, WORD_STATUS) &&
	    drawn_choose(drawn, &behaviour->status, WORD_STATUS, ROLL_STATUS,
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

/* Writes a key in quotes, as a string of structured fields (RFC 9651 3.3.3), which
 * JSON reads, too: what is no ASCII for people is a question mark. */
static void
drawn_print_key(struct drawn_text *text, struct span key)
{
	drawn_print(text, "\"");
	for (size_t i = 0; i < key.size; i++) {
		char c = key.data[i];

		if (c < ' ' || c > '~')
			c = '?';
		drawn_print(text, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	drawn_print(text, "\"");
}

/* What is told, and how its form writes it. */
struct drawn_telling {
	const struct drawn *drawn;
	const struct drawn_names *names;
	const char *lead;  /* before a value */
	const char *quote; /* around a name */
};

/* Writes what stands behind a word's name: its value, where it has one. */
static void
drawn_print_value(struct drawn_text *text, const struct drawn_telling *telling,
    enum word word)
{
	const struct drawn *drawn = telling->drawn;
	const char *lead = telling->lead, *quote = telling->quote;

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
	} else if (word == WORD_KEY) {
		drawn_print(text, "%s", lead);
		drawn_print_key(text, telling->names->key);
	} else if (word == WORD_POOL) {
		drawn_print(text, "%s%s%.*s%s", lead, quote,
		    (int)telling->names->pool.size, telling->names->pool.data,
		    quote);
	} else if (*quote != '\0') {
		drawn_print(text, "%strue", lead);
	}
}

/* Whether the ordinal counts. */
static bool
drawn_has_ordinal(const struct drawn *drawn)
{
	return drawn->chance || drawn_has(drawn, WORD_KEY);
}

/* Writes the parameters of a word: what could not be done as it says. */
static void
drawn_print_parameters(struct drawn_text *text, const struct drawn *drawn,
    enum word word)
{
	if ((drawn->skipped & WORD_FLAG(word)) != 0)
		drawn_print(text, ";skipped");
	if ((drawn->limited & WORD_FLAG(word)) != 0)
		drawn_print(text, ";limited");
	if (word == WORD_POOL && drawn->refused)
		drawn_print(text, ";refused");
}

size_t
drawn_write(const struct drawn *drawn, const struct drawn_names *names,
    char *room)
{
	const struct drawn_telling telling = { drawn, names, "=", "" };
	struct drawn_text text = { room, 0 };

	for (enum word word = 0; word < WORDS; word++) {
		if ((drawn->words & WORD_FLAG(word)) == 0)
			continue;
		drawn_print(&text, "%s%s", text.size > 0 ? ", " : "",
		    words_name(word));
		drawn_print_value(&text, &telling, word);
		drawn_print_parameters(&text, drawn, word);
	}
	if (drawn->chance)
		drawn_print(&text, "%sseed=%" PRId64, text.size > 0 ? ", " : "",
		    drawn->roll.seed);
	if (drawn_has_ordinal(drawn))
		drawn_print(&text, ", n=%" PRIu64, drawn->roll.n);
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
drawn_write_json(const struct drawn *drawn, const struct drawn_names *names,
    char *room)
{
	const struct drawn_telling telling = { drawn, names, ":", "\"" };
	struct drawn_text text = { room, 0 };

	if (drawn->words == 0 && !drawn->chance)
		return 0;
	for (enum word word = 0; word < WORDS; word++) {
		if ((drawn->words & WORD_FLAG(word)) == 0)
			continue;
		drawn_print(&text, "%c\"%s\"", text.size > 0 ? ',' : '{',
		    words_name(word));
		drawn_print_value(&text, &telling, word);
	}
	if (drawn->chance)
		drawn_print(&text, "%c\"seed\":%" PRId64,
		    text.size > 0 ? ',' : '{', drawn->roll.seed);
	if (drawn_has_ordinal(drawn))
		drawn_print(&text, ",\"n\":%" PRIu64, drawn->roll.n);
	drawn_print_names(&text, "limited", drawn->limited);
	drawn_print_names(&text, "skipped", drawn->skipped);
	drawn_print_names(&text, "refused",
	    drawn->refused ? WORD_FLAG(WORD_POOL) : 0);
	drawn_print(&text, "}");
	return text.size;
}
