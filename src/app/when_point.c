/* Parses and prints times, and ranges of them; any thread. */
#include "config.h"

#include "app/when_point.h"

#include <stdio.h>

#include "base/units.h"

static bool
when_complain_of_more(struct complaint *why, const char *at, int64_t most)
{
	char limit[UNITS_TEXT_MAX];

	units_format_duration(limit, most);
	return complain(why, at, WHEN_TIME_EXAMPLE,
	    "a time of at most %s, which is the limit", limit);
}

bool
when_parse_time(struct span text, int64_t most, int64_t *time,
    struct complaint *why)
{
	const char *fault;
	int64_t parsed = 0;

	switch (units_find_duration(text, &parsed, &fault)) {
	case UNITS_OK:
		break;
	case UNITS_MALFORMED:
		return complain(why, fault, WHEN_TIME_EXAMPLE,
		    "a time such as 250ms, 1.5s or 1m30s, with the units h, m, "
		    "s, ms and us; a bare number is seconds");
	case UNITS_TOO_LARGE:
		return when_complain_of_more(why, fault, most);
	}
	if (parsed > most)
		return when_complain_of_more(why, text.data, most);
	*time = parsed;
	return true;
}

bool
when_parse_rising(struct span text, int64_t most, int64_t least, int64_t *time,
    struct complaint *why)
{
	char limit[UNITS_TEXT_MAX];

	if (!when_parse_time(text, most, time, why))
		return false;
	if (*time >= least)
		return true;
	units_format_duration(limit, least);
	return complain(why, text.data, WHEN_TIME_EXAMPLE,
	    "a time of at least %s, which is before it", limit);
}

/* Makes a point that is a centre and a half-width, the text of which is at `at`,
 * one that is from to. */
static bool
when_make_around(struct when_point *point, const char *at, int64_t most,
    struct complaint *why)
{
	int64_t centre = point->from, half = point->to;

	if (half > centre || half > most - centre) {
		char limit[UNITS_TEXT_MAX];

		units_format_duration(limit,
		    centre < most - centre ? centre : most - centre);
		return complain(why, at, WHEN_TIME_EXAMPLE,
		    "a half-width of at most %s, so that no time is below 0 or "
		    "above the limit",
		    limit);
	}
	point->from = centre - half;
	point->to = centre + half;
	return true;
}

/* Removes what is in front of `..` or `~` from the text, and returns it. */
static struct span
when_take_first(struct span *text)
{
	struct span rest = *text, first = { text->data, 0 };

	while (first.size < text->size) {
		span_take(&rest, SPAN(".~"));
		first.size = text->size - rest.size;
		if (rest.size == 0 || rest.data[0] == '~' ||
		    (rest.size > 1 && rest.data[1] == '.'))
			break;
		span_skip(&rest, 1);
		first.size++;
	}
	span_skip(text, first.size);
	return first;
}

bool
when_point_is_range(struct span text)
{
	when_take_first(&text);
	return text.size > 0;
}

bool
when_parse_point(struct span text, int64_t most, struct when_point *point,
    struct complaint *why)
{
	struct span first = when_take_first(&text);

	if (!when_parse_time(first, most, &point->from, why))
		return false;
	point->to = point->from;
	if (text.size == 0)
		return true;
	if (text.data[0] != '~') {
		span_skip(&text, 2);
		return when_parse_rising(text, most, point->from, &point->to,
		    why);
	}
	span_skip(&text, 1);
	return when_parse_time(text, most, &point->to, why) &&
	       when_make_around(point, text.data, most, why);
}

char *
when_put_time(char *p, int64_t time)
{
	char text[UNITS_TEXT_MAX];

	units_format_duration(text, time);
	return stpcpy(p, text);
}

char *
when_put_range(char *p, const struct when_point *point)
{
	p = stpcpy(when_put_time(p, point->from), "..");
	return when_put_time(p, point->to);
}
