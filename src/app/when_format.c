/* Prints times to draw; any thread. */
#include "config.h"

#include <assert.h>

#include "app/when_point.h"

/* Writes `WORD:TIME`, and the second time where there is one. */
static char *
when_put_parameters(char *p, const struct when *when, const char *word)
{
	p = when_put_time(stpcpy(p, word), when->points[0].from);
	if (when->kind == WHEN_EXP)
		return p;
	*p++ = ',';
	return when_put_time(p, when->points[0].to);
}

static char *
when_put_percentiles(char *p, const struct when *when)
{
	p = stpcpy(p, "pct:");
	for (unsigned i = 0; i < when->count; i++) {
		const struct when_point *point = &when->points[i];

		if (i > 0)
			*p++ = ',';
		if (point->share == 0) {
			p = stpcpy(p, "min");
		} else if (point->share == SHARE_WHOLE) {
			p = stpcpy(p, "max");
		} else {
			*p++ = 'p';
			p += share_format(point->share, p);
		}
		*p++ = '=';
		p = when_put_time(p, point->from);
	}
	return p;
}

static char *
when_put_list(char *p, const struct when *when)
{
	for (unsigned i = 0; i < when->count; i++) {
		const struct when_point *point = &when->points[i];

		if (i > 0)
			*p++ = ',';
		p = point->from == point->to ? when_put_time(p, point->from)
					     : when_put_range(p, point);
		*p++ = ':';
		p += share_format(point->share, p);
	}
	return p;
}

static char *
when_put_file(char *p, struct span name)
{
	p = stpcpy(p, "file:");
	assert(name.size <= WHEN_NAME_MAX);
	p = mempcpy(p, name.data, name.size);
	*p = '\0';
	return p;
}

/* Writes it, and a NUL; returns where that is. */
static char *
when_put(char *p, const struct when *when, struct span name)
{
	switch (when->kind) {
	case WHEN_TIME:
		return when_put_time(p, when->points[0].from);
	case WHEN_EVEN:
		return when_put_range(p, &when->points[0]);
	case WHEN_NORMAL:
		return when_put_parameters(p, when, "normal:");
	case WHEN_LOGNORMAL:
		return when_put_parameters(p, when, "lognormal:");
	case WHEN_EXP:
		return when_put_parameters(p, when, "exp:");
	case WHEN_PERCENTILES:
		return when_put_percentiles(p, when);
	case WHEN_LIST:
		return when_put_list(p, when);
	case WHEN_FILE:
		return when_put_file(p, name);
	}
	return p;
}

size_t
when_format(const struct when *when, struct span name, char text[WHEN_TEXT_MAX])
{
	return (size_t)(when_put(text, when, name) - text);
}
