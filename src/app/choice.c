/* Parses, prints and draws lists of values with shares, in whole numbers; any
 * thread. */
#include "config.h"

#include "app/choice.h"

#include <inttypes.h>
#include <stdio.h>

/* Decimals of SHARE_PERCENT. */
#define SHARE_DECIMALS 10

static const char share_example[] = "2.5";

/* Reads digits from `text` on, at most `most` of them, as a number of at most
 * 10^most; returns how many. */
static size_t
share_take_digits(struct span text, size_t most, uint64_t *number)
{
	size_t size = 0;

	*number = 0;
	while (size < text.size && size < most && text.data[size] >= '0' &&
	       text.data[size] <= '9')
		*number = *number * 10 + (uint64_t)(text.data[size++] - '0');
	return size;
}

/* Reads the decimals at the beginning of `text` as parts of SHARE_PERCENT, and
 * returns how many there are; 0: none, or too many. */
static size_t
share_take_decimals(struct span text, uint64_t *parts)
{
	size_t size = share_take_digits(text, SHARE_DECIMALS, parts);

	for (size_t i = size; i < SHARE_DECIMALS; i++)
		*parts *= 10;
	return size;
}

bool
share_parse(struct span text, uint64_t *share, struct complaint *why)
{
	const char *end = text.data + text.size, *at = text.data;
	uint64_t percents = 0, parts = 0;
	size_t size = share_take_digits(text, 18, &percents);
	bool is_number = size > 0;

	at += size;
	if (is_number && at < end && *at == '.') {
		at++;
		size = share_take_decimals((struct span){ at,
					       (size_t)(end - at) },
		    &parts);
		is_number = size > 0;
		at += size;
	}
	if (!is_number || at != end)
		return complain(why, at, share_example,
		    "a percentage: a number from 0 to 100, with at most %d "
		    "decimals and no sign or unit",
		    SHARE_DECIMALS);
	if (percents > 100 || (percents == 100 && parts > 0))
		return complain(why, text.data, share_example,
		    "at most 100 percent");
	*share = percents * SHARE_PERCENT + parts;
	return true;
}

size_t
share_format(uint64_t share, char *text)
{
	uint64_t parts = share % SHARE_PERCENT;
	int size = sprintf(text, "%" PRIu64, share / SHARE_PERCENT);

	if (parts == 0)
		return (size_t)size;
	size += sprintf(text + size, ".%0*" PRIu64, SHARE_DECIMALS, parts);
	while (text[size - 1] == '0')
		size--;
	text[size] = '\0';
	return (size_t)size;
}

bool
share_comes(uint64_t share, uint64_t bits)
{
	return roll_below(bits, SHARE_WHOLE) < share;
}

bool
share_take(struct span text, uint64_t *left, uint64_t *share,
    struct complaint *why)
{
	if (!share_parse(text, share, why))
		return false;
	if (*share > *left) {
		char percents[SHARE_TEXT_MAX];

		share_format(*left, percents);
		return complain(why, text.data, share_example,
		    "at most the %s percent that those before it leave",
		    percents);
	}
	*left -= *share;
	return true;
}

/* Whether the last value of the choice is also one before it. */
static bool
choice_repeats(const struct choice *choice)
{
	unsigned last = choice->count - 1;

	for (unsigned i = 0; i < last; i++)
		if (choice->options[i].value == choice->options[last].value)
			return true;
	return false;
}

/* Adds the option at the beginning of `text`, and removes it; text->data is then
 * at a comma or at the end. */
static bool
choice_take_option(struct span *text, const struct choice_kind *kind,
    const void *arg, struct choice *choice, struct complaint *why)
{
	struct span value = span_take(text, SPAN(":,"));
	int64_t parsed = 0;

	if (value.size == 0)
		return complain(why, value.data, kind->example, "a value");
	if (choice->count == CHOICE_MAX)
		return complain(why, value.data, kind->example,
		    "at most %d values", CHOICE_MAX);
	if (!kind->parse(value, &parsed, arg, why))
		return false;
	choice->options[choice->count++].value = parsed;
	if (choice_repeats(choice))
		return complain(why, value.data, kind->example,
		    "each value only once");
	return true;
}

bool
choice_parse(struct span text, const struct choice_kind *kind, const void *arg,
    struct choice *choice, struct complaint *why)
{
	uint64_t left = SHARE_WHOLE;

	*choice = (struct choice){ 0 };
	for (;; span_skip(&text, 1)) {
		uint64_t *share;

		if (!choice_take_option(&text, kind, arg, choice, why))
			return false;
		if (text.size == 0 && choice->count == 1) {
			choice->options[0].share = SHARE_WHOLE;
			return true;
		}
		if (text.size == 0 || text.data[0] != ':')
			return complain(why, text.data, kind->example,
			    "a colon and a percentage");
		span_skip(&text, 1);
		share = &choice->options[choice->count - 1].share;
		if (!share_take(span_take(&text, SPAN(",")), &left, share,
			why)) {
			why->example = kind->example;
			return false;
		}
		if (text.size == 0)
			return true;
	}
}

size_t
choice_format(const struct choice *choice, const struct choice_kind *kind,
    char *text)
{
	char *p = text;

	for (unsigned i = 0; i < choice->count; i++) {
		if (i > 0)
			*p++ = ',';
		p += kind->format(choice->options[i].value, p);
		if (choice->count == 1 &&
		    choice->options[0].share == SHARE_WHOLE)
			break;
		*p++ = ':';
		p += share_format(choice->options[i].share, p);
	}
	return (size_t)(p - text);
}

bool
choice_is_certain(const struct choice *choice)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < choice->count; i++) {
		if (choice->options[i].share == SHARE_WHOLE)
			return true;
		sum += choice->options[i].share;
	}
	return sum == 0;
}

const int64_t *
choice_draw(const struct choice *choice, uint64_t bits)
{
	uint64_t at = roll_below(bits, SHARE_WHOLE);

	for (unsigned i = 0; i < choice->count; i++) {
		if (at < choice->options[i].share)
			return &choice->options[i].value;
		at -= choice->options[i].share;
	}
	return NULL;
}
