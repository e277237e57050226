/*
 * stats: a worker's counters: that worker adds to them, and any thread may read
 * them, as the main thread does for its sums. Loads and stores are relaxed,
 * since no thread infers from a counter what another has done elsewhere.
 */
#ifndef MTASYNC_BASE_STATS_H
#define MTASYNC_BASE_STATS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes that a processor fetches at once: two cache lines of 64, or one
 * of 128. */
#define STATS_LINE 128

/* The size of two counters, and the padding on either side of them that keeps
 * everything else off their cache line, wherever in memory they lie. */
#define STATS_PAIR  (2 * sizeof(_Atomic uint64_t))
#define STATS_APART (STATS_LINE - STATS_PAIR)

struct stats {
	/* Every worker that accepts reads `accepted` and `closed` of all
	 * workers. The counters that the owner writes at each request are kept
	 * off their line, so that these stay in the owner's cache. */
	char apart_before[STATS_APART];
	alignas(STATS_PAIR) _Atomic uint64_t accepted; /* connections */
	_Atomic uint64_t closed;                       /* connections */
	char apart_behind[STATS_APART];

	_Atomic uint64_t served; /* requests whose answer was sent whole */
	_Atomic uint64_t cut; /* requests that the server's stop ended early */
};

_Static_assert(offsetof(struct stats, accepted) >= STATS_APART &&
		   offsetof(struct stats, accepted) % STATS_PAIR == 0 &&
		   offsetof(struct stats, closed) ==
		       offsetof(struct stats, accepted) + STATS_PAIR / 2 &&
		   offsetof(struct stats, served) >=
		       offsetof(struct stats, accepted) + STATS_LINE,
    "`accepted` and `closed` share a cache line with other data");

/* Adds `n` to a counter, without a locked instruction. The owner's thread. */
static inline void
stats_add(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

/* Returns a counter's value. Any thread. */
static inline uint64_t
stats_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
