/* Reads the declarations of pools. Any thread, once they are read. */
#include "config.h"

#include "app/pools.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/units.h"
#include "http/chars.h"

#define POOLS_COUNT_MAX    1000000000
#define POOLS_TIME_MAX     (INT64_C(24) * 3600 * CLOCK_S)
#define POOLS_RATE_EXAMPLE "api:slots=9,rate=5/1s,burst=10"
#define POOLS_BURST_MAX    (INT64_C(366) * 24 * 3600 * CLOCK_S)
#define POOLS_EXAMPLE      "db:slots=16,queue=128,wait=2s"

struct pools_entry {
	struct pool *pool; /* owned with others */
	struct pool_terms terms;
};

struct pools {
	unsigned count;
	struct pools_entry entries[POOLS_MAX];
};

struct pools *
pools_new(void)
{
	return calloc(1, sizeof(struct pools));
}

void
pools_free(struct pools *pools)
{
	if (pools == NULL)
		return;
	for (unsigned i = 0; i < pools->count; i++)
		pool_release(pools->entries[i].pool);
	free(pools);
}

unsigned
pools_count(const struct pools *pools)
{
	return pools != NULL ? pools->count : 0;
}

struct pool *
pools_get(const struct pools *pools, unsigned index)
{
	return pools->entries[index].pool;
}

bool
pools_are_empty(const struct pools *pools)
{
	return pools == NULL || pools->count == 0;
}

struct pool *
pools_find(const struct pools *pools, struct span name)
{
	for (unsigned i = 0; pools != NULL && i < pools->count; i++)
		if (span_equal(pool_name(pools->entries[i].pool), name))
			return pools->entries[i].pool;
	return NULL;
}

void
pools_apply(const struct pools *pools)
{
	for (unsigned i = 0; i < pools->count; i++)
		pool_set_terms(pools->entries[i].pool,
		    &pools->entries[i].terms);
}

/* ---- a declaration ---- */

static bool
pools_parse_count(struct span value, int64_t least, uint32_t *count,
    struct complaint *why)
{
	int64_t number = 0;

	if (units_parse_count(value, &number) != UNITS_OK || number < least ||
	    number > POOLS_COUNT_MAX)
		return complain(why, value.data, POOLS_EXAMPLE,
		    "a whole number from %d to %d", (int)least,
		    POOLS_COUNT_MAX);
	*count = (uint32_t)number;
	return true;
}

static bool
pools_parse_time(struct span value, int64_t *time, struct complaint *why)
{
	if (units_parse_duration(value, time) == UNITS_OK &&
	    *time <= POOLS_TIME_MAX)
		return true;
	return complain(why, value.data, POOLS_EXAMPLE, "a time of up to 24h");
}

static bool
pools_set_slots(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	return pools_parse_count(value, 1, &terms->slots, why);
}

static bool
pools_set_queue(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	return pools_parse_count(value, 0, &terms->queue, why);
}

static bool
pools_set_wait(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	return pools_parse_time(value, &terms->wait, why);
}

static bool
pools_set_rate(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	struct span per = value, count = span_take(&per, SPAN("/"));
	uint32_t number = 0;
	int64_t time = 0;

	if (!pools_parse_count(count, 1, &number, why))
		return false;
	if (per.size == 0)
		return complain(why, value.data, POOLS_RATE_EXAMPLE,
		    "N/TIME, so many in each such time");
	span_skip(&per, 1);
	if (!pools_parse_time(per, &time, why))
		return false;
	assert(number > 0);
	terms->interval = time / number;
	if (terms->interval == 0)
		return complain(why, value.data, POOLS_RATE_EXAMPLE,
		    "at most one for each nanosecond");
	if (terms->burst == 0)
		terms->burst = number;
	return true;
}

static bool
pools_set_burst(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	return pools_parse_count(value, 1, &terms->burst, why);
}

static bool
pools_set_load(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	return pools_parse_time(value, &terms->load, why);
}

static bool
pools_set_overflow(struct pool_terms *terms, struct span value,
    struct complaint *why)
{
	if (span_equal(value, SPAN("429")))
		terms->overflow = 429;
	else if (span_equal(value, SPAN("503")))
		terms->overflow = 503;
	else if (span_equal(value, SPAN("close")))
		terms->overflow = 0;
	else
		return complain(why, value.data, POOLS_EXAMPLE,
		    "429, 503 or close");
	return true;
}

static const struct pools_term {
	struct span name;
	bool (*set)(struct pool_terms *terms, struct span value,
	    struct complaint *why);
} pools_terms[] = {
	{ SPAN("slots"), pools_set_slots },
	{ SPAN("queue"), pools_set_queue },
	{ SPAN("wait"), pools_set_wait },
	{ SPAN("rate"), pools_set_rate },
	{ SPAN("burst"), pools_set_burst },
	{ SPAN("load"), pools_set_load },
	{ SPAN("overflow"), pools_set_overflow },
};

#define POOLS_TERMS (sizeof(pools_terms) / sizeof(pools_terms[0]))

/* Reads one NAME=VALUE; `said` is a set of those before it, by their place. */
static bool
pools_parse_term(struct pool_terms *terms, struct span text, unsigned *said,
    struct complaint *why)
{
	struct span value = text, name = span_take(&value, SPAN("="));
	size_t i = 0;

	while (i < POOLS_TERMS && !span_equal(pools_terms[i].name, name))
		i++;
	if (i == POOLS_TERMS || value.size == 0)
		return complain(why, text.data, POOLS_EXAMPLE,
		    "slots=N, queue=M, wait=TIME, rate=N/TIME, burst=N, "
		    "load=TIME or overflow=429|503|close");
	if ((*said & 1U << i) != 0)
		return complain(why, text.data, POOLS_EXAMPLE, "this but once");
	*said |= 1U << i;
	span_skip(&value, 1);
	return pools_terms[i].set(terms, value, why);
}

/* Reads what is behind the colon. */
static bool
pools_parse_terms(struct pool_terms *terms, struct span text,
    struct complaint *why)
{
	const char *start = text.data;
	unsigned said = 0;

	*terms = (struct pool_terms){ .wait = POOL_FOREVER, .overflow = 503 };
	for (;;) {
		struct span term = span_take(&text, SPAN(","));

		if (!pools_parse_term(terms, term, &said, why))
			return false;
		if (text.size == 0)
			break;
		span_skip(&text, 1);
	}
	if (terms->slots == 0)
		return complain(why, start, POOLS_EXAMPLE, "slots=N");
	if (terms->burst > 0 && terms->interval == 0)
		return complain(why, start, POOLS_RATE_EXAMPLE,
		    "a rate, of which the burst is");
	if (terms->interval > 0 &&
	    terms->burst > POOLS_BURST_MAX / terms->interval)
		return complain(why, start, POOLS_RATE_EXAMPLE,
		    "a burst that a rate fills within a year");
	return true;
}

/* Whether a name is a letter, and letters, digits, `_` and `-`: a token of
 * structured fields (RFC 9651 3.3.4). */
static bool
pools_is_name(struct span name)
{
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i], letter = (char)(c | ' ');
		bool other = i > 0 &&
			     ((c >= '0' && c <= '9') || c == '_' || c == '-');

		if (!other && (letter < 'a' || letter > 'z'))
			return false;
	}
	return name.size > 0 && name.size <= POOL_NAME_MAX;
}

bool
pools_add(struct pools *pools, struct span text, const struct pools *before,
    struct complaint *why)
{
	struct span rest = text, name = span_take(&rest, SPAN(":"));
	struct pools_entry *entry = &pools->entries[pools->count];

	if (!pools_is_name(name))
		return complain(why, text.data, POOLS_EXAMPLE,
		    "a name, of a letter and up to %d letters, digits, _ and -, "
		    "and a colon",
		    POOL_NAME_MAX - 1);
	if (pools_find(pools, name) != NULL)
		return complain(why, text.data, POOLS_EXAMPLE,
		    "each name but once");
	if (pools->count == POOLS_MAX)
		return complain(why, text.data, POOLS_EXAMPLE,
		    "at most %d pools", POOLS_MAX);
	span_skip(&rest, rest.size > 0);
	if (!pools_parse_terms(&entry->terms, rest, why))
		return false;
	entry->pool = pool_hold(pools_find(before, name));
	if (entry->pool == NULL)
		entry->pool = pool_new(name);
	if (entry->pool == NULL)
		return complain(why, text.data, POOLS_EXAMPLE,
		    "more memory than there is");
	pools->count++;
	return true;
}
