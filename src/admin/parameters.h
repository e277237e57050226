/* parameters: those of a query, NAME=VALUE&... The thread that answers. */
#ifndef MTASYNC_ADMIN_PARAMETERS_H
#define MTASYNC_ADMIN_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Bytes of the longest value. */
#define PARAMETERS_MAX 1024

/* Whether each parameter of a query has one of `names`, 31 at most and a NULL, and a
 * value, and comes once: a filter that is misspelt must not find all. Returns false with
 * the *fault to be said, as route_refuse_words() takes it over. */
bool parameters_check(struct span query, const char *const names[],
    char **fault);

/* Returns the value of the first parameter of a name, decoded into `room` (WHATWG URL
 * 5.1); data is NULL where there is none. One that is wrongly encoded or too long is
 * empty, which none of those that there are may be. */
struct span parameters_find(struct span query, const char *name,
    char room[PARAMETERS_MAX]);

/* Reads a time, or a whole number, between two bounds; *value stays as it is where
 * there is no such parameter. Returns false where it is none. */
bool parameters_time(struct span query, const char *name, int64_t least,
    int64_t most, int64_t *value);
bool parameters_number(struct span query, const char *name, int64_t least,
    int64_t most, int64_t *value);

#endif
