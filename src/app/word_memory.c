/* Reads and writes the values of words by which answers depend on other requests,
 * and on the time; any thread. */
#include "config.h"

#include <stdio.h>

#include "app/pools.h"
#include "app/word_table.h"
#include "base/units.h"
#include "http/chars.h"

/* ---- outages ---- */

static bool
word_outage_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	struct span period = value, on = span_take(&period, SPAN("/"));
	int64_t *all = &behaviour->down.period;

	(void)limits;
	if (period.size == 0)
		return complain(why, value.data, row->example,
		    "ON/PERIOD, two times");
	span_skip(&period, 1);
	if (units_parse_duration(period, all) != UNITS_OK || *all < CLOCK_MS ||
	    *all > BEHAVIOUR_PERIOD_MAX)
		return complain(why, period.data, row->example,
		    "a period from 1ms to 366 days");
	if (units_parse_duration(on, &behaviour->down.on) != UNITS_OK ||
	    behaviour->down.on > *all)
		return complain(why, value.data, row->example,
		    "a time that is at most the period");
	return true;
}

static size_t
word_outage_format(const struct word_row *row,
    const struct behaviour *behaviour, unsigned index, char *text)
{
	char on[UNITS_TEXT_MAX], period[UNITS_TEXT_MAX];

	(void)row;
	(void)index;
	units_format_duration(on, behaviour->down.on);
	units_format_duration(period, behaviour->down.period);
	return (size_t)sprintf(text, "%s/%s", on, period);
}

const struct word_kind word_outage_kind = { word_outage_parse,
	word_outage_format, NULL };

/* ---- keys ---- */

static const struct span word_header = SPAN("header:");

/* Reads the name of a field, behind `header:`. */
static bool
word_key_header_parse(const struct word_row *row, struct span name,
    struct behaviour *behaviour, struct complaint *why)
{
	const char *end = name.data + name.size;

	if (name.size == 0 || name.size > BEHAVIOUR_KEY_MAX ||
	    http_skip_chars(name.data, end, HTTP_CHAR_TOKEN) != end)
		return complain(why, name.data, row->example,
		    "the name of a field, of up to %d characters",
		    BEHAVIOUR_KEY_MAX);
	behaviour->key.from = KEY_HEADER;
	behaviour->key.text = name;
	return true;
}

static bool
word_key_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	struct span name = value;

	(void)limits;
	if (value.size >= word_header.size &&
	    memcmp(value.data, word_header.data, word_header.size) == 0) {
		span_skip(&name, word_header.size);
		return word_key_header_parse(row, name, behaviour, why);
	}
	if (value.size == 0 || value.size > BEHAVIOUR_KEY_MAX)
		return complain(why, value.data, row->example,
		    "a text of 1 to %d bytes, header:NAME or peer",
		    BEHAVIOUR_KEY_MAX);
	behaviour->key.from = span_equal(value, SPAN("peer")) ? KEY_PEER
							      : KEY_TEXT;
	behaviour->key.text = value;
	return true;
}

static size_t
word_key_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	size_t size = 0;

	(void)row;
	(void)index;
	if (behaviour->key.from == KEY_HEADER)
		size = word_put(text, word_header);
	return size + word_put(text + size, behaviour->key.text);
}

const struct word_kind word_key_kind = { word_key_parse, word_key_format,
	NULL };

/* ---- pools ---- */

static bool
word_pool_parse(const struct word_row *row, struct span value,
    const struct words_limits *limits, struct behaviour *behaviour,
    struct complaint *why)
{
	behaviour->pool = pools_find(limits->pools, value);
	if (behaviour->pool != NULL)
		return true;
	return complain(why, value.data, row->example,
	    "the name of a pool that --pool declares, or, within --rules, a "
	    "line pool=");
}

static size_t
word_pool_format(const struct word_row *row, const struct behaviour *behaviour,
    unsigned index, char *text)
{
	(void)row;
	(void)index;
	return word_put(text, pool_name(behaviour->pool));
}

const struct word_kind word_pool_kind = { word_pool_parse, word_pool_format,
	NULL };
