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

/* Room for what when_format() writes. */
#define WHEN_TEXT_MAX 1024

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

/* Makes `times` of a file's text: a time a line, blank lines and lines that
 * begin with `#` left out. Returns NULL with a complaint, whose `at` lies in
 * the text; or with at == NULL where memory is short. */
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

/* Draws a time, in ns, rounded up; 0 at least; INT64_MAX at most. `place` as of
 * roll_bits(): a distribution may take the bits of 4 * place to 4 * place + 3. */
int64_t when_draw(const struct when *when, const struct roll *roll,
    enum roll_dimension dimension, uint64_t place);

/* Writes it as when_parse() reads it, a file by `name`; returns the size. */
size_t when_format(const struct when *when, struct span name,
    char text[WHEN_TEXT_MAX]);

#endif
