/* Reads parameters; any thread. */
#include "config.h"

#include "admin/parameters.h"

#include "base/units.h"
#include "http/chars.h"

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

struct span
parameters_find(struct span query, const char *name, char room[PARAMETERS_MAX])
{
	while (query.size > 0) {
		struct span value = span_take(&query, SPAN("&"));
		struct span found = span_take(&value, SPAN("="));

		span_skip(&query, query.size > 0);
		if (value.size > 0 && span_equal(found, span_of(name))) {
			span_skip(&value, 1);
			return parameters_decode(value, room);
		}
	}
	return (struct span){ NULL, 0 };
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
