/* Draws times, and says which can come; any thread. when_parse.c makes them of
 * text, and text of them. */
#include "config.h"

#include "app/when.h"

#include <math.h>

#include "app/when_times.h"

/* The 99th percentile of the standard normal distribution. */
#define WHEN_Z_99 2.3263478740408408

/* The bits of one draw, of which a distribution takes at most two. */
struct when_source {
	const struct roll *roll;
	enum roll_dimension dimension;
	uint64_t place;
};

void
when_hold(const struct when *when)
{
	if (when->times != NULL)
		atomic_fetch_add(&when->times->owners, 1);
}

void
when_release(struct when *when)
{
	if (when->times != NULL)
		when_times_release(when->times);
	when->times = NULL;
}

size_t
when_size(const struct when *when)
{
	return offsetof(struct when, points) +
	       when->count * sizeof(when->points[0]);
}

/* Whether it is a distribution with a tail that has no end; with parameters
 * without any spread it has none, and points[0].from always comes. */
static bool
when_has_tail(const struct when *when)
{
	const struct when_point *p = when->points;

	return (when->kind == WHEN_NORMAL && p->to > 0) ||
	       (when->kind == WHEN_LOGNORMAL && p->from < p->to) ||
	       (when->kind == WHEN_EXP && p->from > 0);
}

/* Returns the shortest and the longest time of a list. */
static struct when_point
when_bound_list(const struct when *when)
{
	struct when_point bounds = { 0, INT64_MAX, 0 };

	for (unsigned i = 0; i < when->count; i++) {
		const struct when_point *p = &when->points[i];

		if (p->share == 0)
			continue;
		bounds.share += p->share;
		bounds.from = p->from < bounds.from ? p->from : bounds.from;
		bounds.to = p->to > bounds.to ? p->to : bounds.to;
	}
	if (bounds.share < SHARE_WHOLE)
		bounds.from = 0;
	return bounds;
}

/* Returns the shortest and the longest time that can come, as from and to. */
static struct when_point
when_bound(const struct when *when)
{
	const struct when_point *p = when->points;
	const struct when_times *times = when->times;

	switch (when->kind) {
	case WHEN_TIME:
		return (struct when_point){ 0, p->from, p->from };
	case WHEN_EVEN:
		return *p;
	case WHEN_NORMAL:
	case WHEN_LOGNORMAL:
	case WHEN_EXP:
		if (when_has_tail(when))
			return (struct when_point){ 0, 0, INT64_MAX };
		return (struct when_point){ 0, p->from, p->from };
	case WHEN_PERCENTILES:
		return (
		    struct when_point){ 0, p->from, p[when->count - 1].from };
	case WHEN_LIST:
		return when_bound_list(when);
	case WHEN_FILE:
		return (struct when_point){ 0, times->list[0],
			times->list[times->count - 1] };
	}
	return (struct when_point){ 0 };
}

bool
when_is_certain(const struct when *when)
{
	struct when_point bounds = when_bound(when);

	return bounds.from == bounds.to;
}

int64_t
when_longest(const struct when *when)
{
	return when_bound(when).to;
}

static uint64_t
when_bits(const struct when_source *source, unsigned number)
{
	return roll_bits(source->roll, source->dimension,
	    4 * source->place + number);
}

/* Draws a whole number of ns from `from` to `to`, both among them. */
static int64_t
when_draw_even(int64_t from, int64_t to, uint64_t bits)
{
	return from + (int64_t)roll_below(bits, (uint64_t)(to - from) + 1);
}

/* Draws from the standard normal distribution (Box and Muller, 1958). */
static double
when_draw_z(const struct when_source *source)
{
	double radius = sqrt(-2 * log(roll_even(when_bits(source, 0))));

	return radius * cos(2 * M_PI * roll_even(when_bits(source, 1)));
}

/* Draws from a distribution with a tail; ns, with a fraction. */
static double
when_draw_tail(const struct when *when, const struct when_source *source)
{
	double from = (double)when->points[0].from;
	double to = (double)when->points[0].to;

	if (when->kind == WHEN_EXP)
		return from * -log(roll_even(when_bits(source, 0)));
	if (when->kind == WHEN_NORMAL)
		return from + to * when_draw_z(source);
	return from * exp(log(to / from) / WHEN_Z_99 * when_draw_z(source));
}

/* Returns whole ns, rounded up; 0 of what is below, INT64_MAX of what is above
 * that. */
static int64_t
when_round_up(double ns)
{
	double up = ceil(ns);

	if (up <= 0)
		return 0;
	return up < 0x1p63 ? (int64_t)up : INT64_MAX;
}

/* Chooses two percentiles that lie side by side, or one of the outermost, and
 * draws from the one's time to the other's. */
static int64_t
when_draw_percentiles(const struct when *when, const struct when_source *source)
{
	uint64_t at = roll_below(when_bits(source, 0), SHARE_WHOLE);
	const struct when_point *p = when->points;
	unsigned i = 0;

	while (i < when->count && p[i].share <= at)
		i++;
	if (i == 0)
		return p[0].from;
	if (i == when->count)
		return p[i - 1].from;
	return when_draw_even(p[i - 1].from, p[i].from, when_bits(source, 1));
}

/* Chooses an entry, as choice_draw() does, and draws from its times. */
static int64_t
when_draw_list(const struct when *when, const struct when_source *source)
{
	uint64_t at = roll_below(when_bits(source, 0), SHARE_WHOLE);

	for (unsigned i = 0; i < when->count; i++) {
		const struct when_point *p = &when->points[i];

		if (at < p->share)
			return when_draw_even(p->from, p->to,
			    when_bits(source, 1));
		at -= p->share;
	}
	return 0;
}

int64_t
when_draw(const struct when *when, const struct roll *roll,
    enum roll_dimension dimension, uint64_t place)
{
	const struct when_source source = { roll, dimension, place };
	const struct when_point *p = when->points;
	const struct when_times *times = when->times;

	switch (when->kind) {
	case WHEN_TIME:
		return p->from;
	case WHEN_EVEN:
		return when_draw_even(p->from, p->to, when_bits(&source, 0));
	case WHEN_NORMAL:
	case WHEN_LOGNORMAL:
	case WHEN_EXP:
		if (!when_has_tail(when))
			return p->from;
		return when_round_up(when_draw_tail(when, &source));
	case WHEN_PERCENTILES:
		return when_draw_percentiles(when, &source);
	case WHEN_LIST:
		return when_draw_list(when, &source);
	case WHEN_FILE:
		return times
		    ->list[roll_below(when_bits(&source, 0), times->count)];
	}
	return 0;
}
