/*
 * httpbin_query: the parameters of a query as users of httpbin and go-httpbin write
 * them, and their numbers. Any thread.
 */
#ifndef MTASYNC_APP_HTTPBIN_QUERY_H
#define MTASYNC_APP_HTTPBIN_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct httpbin_pair {
	struct span name, value;
};

/* Pairs, in their order. */
struct httpbin_query {
	struct httpbin_pair
	    *pairs; /* owned, with the text that they lie in; and
				     * with room for one more */
	unsigned count;
};

/*
 * Decodes a query, or a form (WHATWG URL 5.1): %XX is an octet
 * and `+` a blank; a parameter without `=` has an empty value. One that is wrongly
 * encoded is left out, as are empty ones, and those with a `;`. Returns false where
 * memory is short. httpbin_query_fini() in any case.
 */
bool httpbin_query_parse(struct httpbin_query *query, struct span text);
void httpbin_query_fini(struct httpbin_query *query);

/* Adds the one more. */
static inline void
httpbin_query_put(struct httpbin_query *query, struct span name,
    struct span value)
{
	query->pairs[query->count++] = (struct httpbin_pair){ name, value };
}

/* Returns the first value of a name; or an empty one, which is as good as none. */
struct span httpbin_query_get(const struct httpbin_query *query,
    const char *name);

/* Sorts pairs by name; those of one name stay in their order. */
void httpbin_pairs_sort(struct httpbin_pair *pairs, unsigned count);

/* Each returns false where the text is none, or where it is beyond 64 bits. */

/* A whole number, decimal, with or without a sign. */
bool httpbin_read_integer(struct span text, int64_t *number);

/* A number, decimal, with or without a sign, a fraction and an exponent. NaN and
 * Inf are none. */
bool httpbin_read_number(struct span text, double *number);

/*
 * A time: a number of seconds, or a duration of Go: a sign, or none, and one or more
 * numbers with a unit each, ns, us, ms, s, m or h, such as `1m30s` or `-1.5h`, which
 * add up. Comes out as the nearest ns.
 */
bool httpbin_read_time(struct span text, int64_t *ns);

#endif
