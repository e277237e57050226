/* Reads parameters; any thread. */
#include "config.h"

#include "admin/parameters.h"

#include <stdio.h>

#include "base/units.h"
#include "http/chars.h"

/* How many bytes of a name that there is not are said. */
#define PARAMETERS_NAME_SHOWN 64

/* Takes a character of a value, decoded; -1: it is wrongly encoded. */
static int
parameters_take(struct span *value)
{
	char first = value->data[0];
	int high, low;

	span_skip(value, 1);
	if (first != '%')
		return first == '+' ? ' ' : (unsigned char)first;
	if (value->size < 2)
		return -1;
	high = http_hex_value(value->data[0]);
	low = http_hex_value(value->data[1]);
	span_skip(value, 2);
	return high == -1 || low == -1 ? -1 : 16 * high + low;
}

static struct span
parameters_decode(struct span value, char room[PARAMETERS_MAX])
{
	struct span decoded = { room, 0 };

	while (value.size > 0) {
		int octet = parameters_take(&value);

		if (octet == -1 || decoded.size == PARAMETERS_MAX)
			return (struct span){ room, 0 };
		room[decoded.size++] = (char)octet;
	}
	return decoded;
}

/* A parameter as it stands in a query. */
struct parameters_pair {
	struct span name;
	struct span value; /* with the '=' in front; empty: it has none */
};

/* Takes the next one from the query, of which there is something left. */
static struct parameters_pair
parameters_next(struct span *query)
{
	struct parameters_pair pair = { .value = span_take(query, SPAN("&")) };

	pair.name = span_take(&pair.value, SPAN("="));
	span_skip(query, query->size > 0);
	return pair;
}

struct span
parameters_find(struct span query, const char *name, char room[PARAMETERS_MAX])
{
	while (query.size > 0) {
		struct parameters_pair pair = parameters_next(&query);

		if (pair.value.size > 0 &&
		    span_equal(pair.name, span_of(name))) {
			span_skip(&pair.value, 1);
			return parameters_decode(pair.value, room);
		}
	}
	return (struct span){ NULL, 0 };
}

/* Returns the place of a name among others; of NULL, at their end, where it is none of
 * them. */
static unsigned
parameters_place(const char *const names[], struct span name)
{
	unsigned i = 0;

	while (names[i] != NULL && !span_equal(span_of(names[i]), name))
		i++;
	return i;
}

/* Says what is wrong with a parameter, by the names that there are, and those of them
 * that came before it; NULL: nothing. */
static const char *
parameters_judge(const struct parameters_pair *pair, const char *const names[],
    uint32_t *seen)
{
	unsigned place = parameters_place(names, pair->name);
	bool again = (*seen & UINT32_C(1) << place) != 0;

	*seen |= UINT32_C(1) << place;
	if (names[place] == NULL)
		return "is no parameter of this";
	if (pair->value.size == 0)
		return "has no value";
	return again ? "comes twice" : NULL;
}

bool
parameters_check(struct span query, const char *const names[], char **fault)
{
	uint32_t seen = 0;

	while (query.size > 0) {
		struct parameters_pair pair = parameters_next(&query);
		const char *why = NULL;

		if (pair.name.size > 0 || pair.value.size > 0)
			why = parameters_judge(&pair, names, &seen);
		if (why == NULL)
			continue;
		if (asprintf(fault, "%.*s %s",
			(int)(pair.name.size < PARAMETERS_NAME_SHOWN
				  ? pair.name.size
				  : PARAMETERS_NAME_SHOWN),
			pair.name.data, why) == -1)
			*fault = NULL;
		return false;
	}
	return true;
}

bool
parameters_time(struct span query, const char *name, int64_t least,
    int64_t most, int64_t *value)
{
	char room[PARAMETERS_MAX];
	struct span text = parameters_find(query, name, room);

	if (text.data == NULL)
		return true;
	return units_parse_duration(text, value) == UNITS_OK &&
	       *value >= least && *value <= most;
}

bool
parameters_number(struct span query, const char *name, int64_t least,
    int64_t most, int64_t *value)
{
	char room[PARAMETERS_MAX];
	struct span text = parameters_find(query, name, room);

	if (text.data == NULL)
		return true;
	return units_parse_count(text, value) == UNITS_OK && *value >= least &&
	       *value <= most;
}
