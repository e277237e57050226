/*
 * stats: counters with one writer each, which any thread may read.
 *
 * A worker adds to its own; the main thread sums over all. Relaxed loads and
 * stores suffice, since nothing is ordered by them.
 */
#ifndef MTASYNC_BASE_STATS_H
#define MTASYNC_BASE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* Name, and what it counts. */
#define STATS_TABLE(X)                             \
 X(accepted, "connections accepted")               \
 X(closed, "connections closed again")             \
 X(served, "requests whose answer was sent whole") \
 X(cut, "requests that the stop of the server ended early")

struct stats {
#define STATS_FIELD(name, meaning) _Atomic uint64_t name;
	STATS_TABLE(STATS_FIELD)
#undef STATS_FIELD
};

/* Only the counter's one writer. */
static inline void
stats_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

/* Any thread. */
static inline uint64_t
stats_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
