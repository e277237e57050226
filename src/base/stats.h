/*
 * stats: counters with one writer each, which any thread may read.
 *
 * A worker adds to its own; the main thread sums over all. Relaxed loads and
 * stores suffice, since nothing is ordered by them.
 */
#ifndef MTASYNC_BASE_STATS_H
#define MTASYNC_BASE_STATS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* The most that processors fetch at once: two cache lines of 64 bytes, or one
 * of 128. */
#define STATS_LINE 128

/* What two counters take, and what keeps all else off their line, on either
 * side, wherever in memory they lie. */
#define STATS_PAIR  (2 * sizeof(_Atomic uint64_t))
#define STATS_APART (STATS_LINE - STATS_PAIR)

struct stats {
	/* Every worker that accepts reads these two of all workers; what their
	 * owner writes at each request has to stay in its own cache. */
	char apart_before[STATS_APART];
	alignas(STATS_PAIR) _Atomic uint64_t accepted; /* connections */
	_Atomic uint64_t closed;                       /* of these */
	char apart_behind[STATS_APART];

	_Atomic uint64_t served; /* requests whose answer was sent whole */
	_Atomic uint64_t cut;    /* that the stop of the server ended early */
};

_Static_assert(offsetof(struct stats, accepted) >= STATS_APART &&
		   offsetof(struct stats, accepted) % STATS_PAIR == 0 &&
		   offsetof(struct stats, closed) ==
		       offsetof(struct stats, accepted) + STATS_PAIR / 2 &&
		   offsetof(struct stats, served) >=
		       offsetof(struct stats, accepted) + STATS_LINE,
    "what is counted at each accept shares its cache line");

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
