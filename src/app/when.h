/*
 * when: how long something takes, as users say it: a time, or a distribution
 * from which one is drawn for each request.
 *
 *     250ms  1m30s                              always that
 *     100ms..300ms   200ms~50ms                 evenly from to, evenly around
 *     normal:200ms,50ms                         mean, standard deviation
 *     lognormal:80ms,400ms                      median, 99th percentile
 *     exp:100ms                                 mean
 *     pct:p50=10ms,p90=40ms,p99.9=300ms,max=2s  percentiles
 *     10ms:90,200ms:9,2s:1                      a list, with percents
 *     file:NAME                                 one of the times in a file
 *
 * What a normal distribution has below 0 is 0, and its mean may be 0. A lognormal
 * one has a median above 0, and a 99th percentile that is no less. Where these
 * two are the same, where a deviation is 0, and where the mean of `exp` is 0,
 * always the first time comes.
 *
 * Any thread.
 */
#ifndef MTASYNC_APP_WHEN_H
#define MTASYNC_APP_WHEN_H

#include <stddef.h>
#include <stdint.h>

#include "app/choice.h"
#include "app/complaint.h"
#include "app/roll.h"

/* How many percentiles, or how many entries of a list, there may be. */
#define WHEN_POINTS_MAX 16

/* Room for what when_format() writes, and for the name of a file in it. */
#define WHEN_TEXT_MAX 1024
#define WHEN_NAME_MAX (WHEN_TEXT_MAX - sizeof("file:"))

enum when_kind {
	WHEN_TIME,      /* points[0].from */
	WHEN_EVEN,      /* points[0].from to points[0].to */
	WHEN_NORMAL,    /* mean points[0].from, deviation points[0].to */
	WHEN_LOGNORMAL, /* median points[0].from, 99th percentile points[0].to */
	WHEN_EXP,       /* mean points[0].from */
	WHEN_PERCENTILES, /* points: share is the percentile, from its time */
	WHEN_LIST,        /* points: share, and a time, or from to */
	WHEN_FILE,        /* times */
};

/* The times of a file, sorted; counted by their owners. */
struct when_times;

struct when {
	enum when_kind kind;
	unsigned count;           /* of points */
	struct when_times *times; /* WHEN_FILE: a counted reference; or NULL */
	struct when_point {
		uint64_t share;    /* of SHARE_WHOLE */
		int64_t from, to;  /* ns */
	} points[WHEN_POINTS_MAX]; /* the last member: those behind `count` may
				    * be missing, see when_size() */
};

/* What limits a text; constant. */
struct when_limits {
	int64_t most; /* ns: each time that is named is at most this */
	/* reads the file of `file:NAME`; NULL: that is refused. Returns its times,
	 * or NULL with a complaint */
	struct when_times *(
	    *read)(struct span name, void *arg, struct complaint *why);
	void *arg;
};

/*
 * Parses a text. Returns false with a complaint. What has been parsed is released
 * by when_release().
 */
bool when_parse(struct span text, const struct when_limits *limits,
    struct when *when, struct complaint *why);

/* Parses a single time of at most `most`, as units_parse_duration() does. Returns
 * false with a complaint. */
bool when_parse_time(struct span text, int64_t most, int64_t *time,
    struct complaint *why);

/* Makes `times` of a file's text, which is not at NULL: a time a line, blank
 * lines and lines that begin with `#` left out, and blanks at the end of a line
 * too, of which a CR is one. Returns NULL with a complaint, whose `at` lies in
 * the text or is its end; or with at == NULL where memory is short. */
struct when_times *when_times_parse(struct span text, int64_t most,
    struct complaint *why);

/* Adds an owner of the times, where it has some; takes one away. */
void when_hold(const struct when *when);
void when_release(struct when *when);

/* Returns how many bytes of the struct are in use. */
size_t when_size(const struct when *when);

/* Whether it is always the same time, so that nothing is drawn. */
bool when_is_certain(const struct when *when);

/* Returns the longest time that can come, ns; INT64_MAX of a distribution whose
 * tail has no end. */
int64_t when_longest(const struct when *when);

/*
 * Draws a time, in ns, rounded up; 0 at least; INT64_MAX at most. `place` as of
 * roll_bits(): a distribution may take the bits of 4 * place to 4 * place + 3.
 *
 * So that anybody can draw the same: A are the bits of 4 * place, B those of
 * 4 * place + 1, below() and even() are roll_below() and roll_even(), and
 * between(x, y, bits) is x + below(bits, y - x + 1), all in whole ns:
 *
 *     FROM..TO       between(FROM, TO, A)
 *     normal:M,D     M + D * z
 *     lognormal:M,P  M * e^(ln(P / M) / 2.3263478740408408 * z)
 *     exp:M          M * -ln(even(A))
 *     pct:...        at = below(A, 10^12), which is where 10^10 are a percent;
 *                    of the percentiles p, at their times t, the first with
 *                    at < p: between(t of the one before, t, B); at < the first
 *                    one: its t; at >= the last one: its t
 *     a list         likewise `at`, less the share of each entry in turn until it
 *                    is below one: between(FROM, TO, B), or 0 of none
 *     file:NAME      the times, sorted, the one with the index below(A, count)
 *
 * where z = sqrt(-2 * ln(even(A))) * cos(2 * pi * even(B)). The logarithms and
 * the like are those of the C library, in double precision: between two of them,
 * a draw may differ by a ns. All else is exact.
 */
int64_t when_draw(const struct when *when, const struct roll *roll,
    enum roll_dimension dimension, uint64_t place);

/* Writes it, and a NUL, as when_parse() reads it, a file by `name`, of at most
 * WHEN_NAME_MAX bytes; returns the size without the NUL. */
size_t when_format(const struct when *when, struct span name,
    char text[WHEN_TEXT_MAX]);

#endif
