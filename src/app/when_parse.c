/* Makes times to draw of text, from the left to the right, and text of them;
 * any thread. */
#include "config.h"

#include "app/when.h"

#include "app/when_point.h"

/* How a kind is written. `parse` gets what is behind the word and its colon, or
 * all where there is no word; *when is zeroed before. */
struct when_form {
	const char *word;
	bool (*parse)(struct span text, const struct when_limits *limits,
	    struct when *when, struct complaint *why);
	const char *example;
};

/* Parses a time, or from to. */
static bool
when_parse_plain(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	when->kind = when_point_is_range(text) ? WHEN_EVEN : WHEN_TIME;
	when->count = 1;
	return when_parse_point(text, limits->most, &when->points[0], why);
}

/* Removes the first of two times from `text`, and the comma behind it; the
 * other one is called `second`. */
static bool
when_take_parameter(struct span *text, const struct when_limits *limits,
    int64_t *time, const char *second, struct complaint *why)
{
	struct span first = span_take(text, SPAN(","));

	if (!when_parse_time(first, limits->most, time, why))
		return false;
	if (text->size == 0)
		return complain(why, text->data, WHEN_TIME_EXAMPLE,
		    "a comma and the %s", second);
	span_skip(text, 1);
	return true;
}

static bool
when_parse_normal(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	struct when_point *p = when->points;

	when->kind = WHEN_NORMAL;
	when->count = 1;
	return when_take_parameter(&text, limits, &p->from,
		   "standard deviation", why) &&
	       when_parse_time(text, limits->most, &p->to, why);
}

/* A median of 0 would say nothing of where the other times are. */
static bool
when_parse_lognormal(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	struct when_point *p = when->points;
	const char *median = text.data;

	when->kind = WHEN_LOGNORMAL;
	when->count = 1;
	if (!when_take_parameter(&text, limits, &p->from, "99th percentile",
		why))
		return false;
	if (p->from == 0)
		return complain(why, median, WHEN_TIME_EXAMPLE,
		    "a median above 0");
	return when_parse_rising(text, limits->most, p->from, &p->to, why);
}

static bool
when_parse_exp(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	when->kind = WHEN_EXP;
	when->count = 1;
	return when_parse_time(text, limits->most, &when->points[0].from, why);
}

/* Parses `p90`, `min` or `max`. */
static bool
when_parse_percentile(struct span name, uint64_t *share, struct complaint *why)
{
	*share = span_equal(name, SPAN("min")) ? 0 : SHARE_WHOLE;
	if (*share == 0 || span_equal(name, SPAN("max")))
		return true;
	if (name.size == 0 || name.data[0] != 'p')
		return complain(why, name.data, WHEN_TIME_EXAMPLE,
		    "a percentile such as p99.9, or min or max");
	span_skip(&name, 1);
	return share_parse(name, share, why);
}

/* Adds the percentile at the beginning of `text` to `when`, and removes it; the
 * text then begins at a comma, or is empty. */
static bool
when_take_percentile(struct span *text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	struct when_point *p = &when->points[when->count];
	const struct when_point *before = when->count > 0 ? p - 1 : NULL;
	struct span name = span_take(text, SPAN("=,"));

	if (!when_parse_percentile(name, &p->share, why))
		return false;
	if (before != NULL && p->share <= before->share) {
		char percents[SHARE_TEXT_MAX];

		share_format(before->share, percents);
		return complain(why, name.data, WHEN_TIME_EXAMPLE,
		    "a percentile above p%s, which is before it", percents);
	}
	if (text->size == 0 || text->data[0] != '=')
		return complain(why, text->data, WHEN_TIME_EXAMPLE,
		    "an equals sign and a time");
	span_skip(text, 1);
	when->count++;
	return when_parse_rising(span_take(text, SPAN(",")), limits->most,
	    before != NULL ? before->from : 0, &p->from, why);
}

/* Says that there is room for another point, or that there is none. */
static bool
when_has_room(const struct when *when, const char *at, struct complaint *why)
{
	if (when->count < WHEN_POINTS_MAX)
		return true;
	return complain(why, at, WHEN_TIME_EXAMPLE,
	    "no more: %d are the most that there may be", WHEN_POINTS_MAX);
}

static bool
when_parse_percentiles(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	when->kind = WHEN_PERCENTILES;
	for (;; span_skip(&text, 1)) {
		if (!when_has_room(when, text.data, why) ||
		    !when_take_percentile(&text, limits, when, why))
			return false;
		if (text.size == 0)
			return true;
	}
}

/* Adds the entry of a list at the beginning of `text` likewise; its share is
 * taken from *left. */
static bool
when_take_entry(struct span *text, const struct when_limits *limits,
    struct when *when, uint64_t *left, struct complaint *why)
{
	struct when_point *p = &when->points[when->count];

	if (!when_parse_point(span_take(text, SPAN(":,")), limits->most, p,
		why))
		return false;
	if (text->size == 0 || text->data[0] != ':')
		return complain(why, text->data, WHEN_TIME_EXAMPLE,
		    "a colon and a percentage");
	span_skip(text, 1);
	when->count++;
	return share_take(span_take(text, SPAN(",")), left, &p->share, why);
}

static bool
when_parse_list(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	uint64_t left = SHARE_WHOLE;

	when->kind = WHEN_LIST;
	for (;; span_skip(&text, 1)) {
		if (!when_has_room(when, text.data, why) ||
		    !when_take_entry(&text, limits, when, &left, why))
			return false;
		if (text.size == 0)
			return true;
	}
}

static bool
when_parse_file(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	struct span rest = text;

	when->kind = WHEN_FILE;
	if (limits->read == NULL)
		return complain(why, text.data, "250ms",
		    "no file here: only rules may name one");
	while (rest.size > 0 && rest.data[0] != '\0')
		span_skip(&rest, 1);
	if (text.size == 0 || text.size > WHEN_NAME_MAX || rest.size > 0)
		return complain(why, rest.size > 0 ? rest.data : text.data,
		    "file:times.txt",
		    "a file's name of 1 to %d bytes, none "
		    "of which is NUL",
		    (int)WHEN_NAME_MAX);
	when->times = limits->read(text, limits->arg, why);
	return when->times != NULL;
}

static bool
when_parse_unknown(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	(void)limits;
	(void)when;
	return complain(why, text.data, WHEN_TIME_EXAMPLE,
	    "a time such as 250ms, or what begins with normal:, lognormal:, exp:, "
	    "pct: or file:");
}

static const struct when_form when_forms[] = {
	{ "normal", when_parse_normal, "normal:200ms,50ms" },
	{ "lognormal", when_parse_lognormal, "lognormal:80ms,400ms" },
	{ "exp", when_parse_exp, "exp:100ms" },
	{ "pct", when_parse_percentiles, "pct:p50=10ms,p90=40ms,max=2s" },
	{ "file", when_parse_file, "file:times.txt" },
	{ NULL, when_parse_unknown, WHEN_TIME_EXAMPLE },
};

static const struct when_form when_form_of_time = { NULL, when_parse_plain,
	WHEN_TIME_EXAMPLE };
static const struct when_form when_form_of_range = { NULL, when_parse_plain,
	"100ms..300ms" };
static const struct when_form when_form_of_list = { NULL, when_parse_list,
	"10ms:90,200ms:9,2s:1" };

/* Returns the form that the text has: of what begins with a letter, by its word,
 * and removes this. */
static const struct when_form *
when_take_form(struct span *text)
{
	const struct when_form *form = when_forms;
	struct span rest = *text, word = span_take(&rest, SPAN(":"));

	if (word.size > 0 && word.data[0] >= 'a' && word.data[0] <= 'z') {
		while (form->word != NULL &&
		       !span_equal(word, span_of(form->word)))
			form++;
		span_skip(text, form->word != NULL ? word.size : 0);
		return form;
	}
	rest = *text;
	span_take(&rest, SPAN(":,"));
	if (rest.size > 0)
		return &when_form_of_list;
	return when_point_is_range(*text) ? &when_form_of_range
					  : &when_form_of_time;
}

bool
when_parse(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why)
{
	const struct when_form *form = when_take_form(&text);

	*when = (struct when){ 0 };
	if (form->word != NULL && text.size == 0)
		return complain(why, text.data, form->example,
		    "a colon after %s", form->word);
	span_skip(&text, form->word != NULL);
	if (form->parse(text, limits, when, why))
		return true;
	/* a file's complaint is of whoever reads it */
	if (when->kind != WHEN_FILE)
		why->example = form->example;
	return false;
}
