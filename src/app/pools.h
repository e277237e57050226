/*
 * pools: the pools that an operator declares, by name. A set of them belongs to a
 * generation's rules; a pool that is declared again by the next one is the same.
 */
#ifndef MTASYNC_APP_POOLS_H
#define MTASYNC_APP_POOLS_H

#include "app/complaint.h"
#include "app/pool.h"

/* How many there may be. */
#define POOLS_MAX 256

struct pools;

/* Makes a set without any; NULL where memory is short. Main thread. */
struct pools *pools_new(void);

/* Frees the set, and what it owns of its pools; NULL is allowed. Any thread. */
void pools_free(struct pools *pools);

/*
 * Adds one by its declaration, `NAME:slots=N,queue=M,wait=TIME,rate=N/TIME,burst=N,
 * load=TIME,overflow=429|503|close`, of which slots alone has to be said. The pool
 * is that of the same name in `before`, if there is one; which may be NULL. Its
 * terms are those of before until pools_apply(). Returns false with a complaint.
 * Main thread.
 */
bool pools_add(struct pools *pools, struct span text,
    const struct pools *before, struct complaint *why);

/* Sets the terms of all. Main thread. */
void pools_apply(const struct pools *pools);

/* How many there are, of NULL none; and each of them. Any thread. */
unsigned pools_count(const struct pools *pools);
struct pool *pools_get(const struct pools *pools, unsigned index);

bool pools_are_empty(const struct pools *pools);

/* Returns the pool of a name, or NULL; NULL has none. Any thread. */
struct pool *pools_find(const struct pools *pools, struct span name);

#endif
