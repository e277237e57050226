/* when_point: the times that a `when` is made of, between text and ns. */
#ifndef MTASYNC_APP_WHEN_POINT_H
#define MTASYNC_APP_WHEN_POINT_H

#include "app/when.h"

#define WHEN_TIME_EXAMPLE "250ms"

/* Each parser returns false with a complaint, and compares each time with `most`
 * before anything is done with it. */

/* Parses a time that is at least `least`, which is a time before it. */
bool when_parse_rising(struct span text, int64_t most, int64_t least,
    int64_t *time, struct complaint *why);

/* Whether there is a `..` or a `~` in it. */
bool when_point_is_range(struct span text);

/* Parses a time, `FROM..TO` or `CENTRE~HALF`. */
bool when_parse_point(struct span text, int64_t most, struct when_point *point,
    struct complaint *why);

/* Write a time, or `FROM..TO`, and a NUL; return where that is. */
char *when_put_time(char *p, int64_t time);
char *when_put_range(char *p, const struct when_point *point);

#endif
