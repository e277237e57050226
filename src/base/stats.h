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

#include "base/histogram.h"

/* The most bytes that a processor fetches at once: two cache lines of 64, or one
 * of 128. */
#define STATS_LINE 128

/* The size of two counters, and the padding on either side of them that keeps
 * everything else off their cache line, wherever in memory they lie. */
#define STATS_PAIR  (2 * sizeof(_Atomic uint64_t))
#define STATS_APART (STATS_LINE - STATS_PAIR)

/* Sizes of the arrays, whose meaning their owners know. */
#define STATS_HANDLERS  8
#define STATS_CLASSES   6
#define STATS_REFUSALS  12
#define STATS_FAULTS    8
#define STATS_WAITING   12
#define STATS_SHAKES    4
#define STATS_UNPROXIED 3

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

	/* requests that have ended: 200s for files that ended as soon as they
	 * began; all others, by who answered and by the class of the
	 * status; 0: without an answer */
	_Atomic uint64_t ordinary;
	_Atomic uint64_t requests[STATS_HANDLERS][STATS_CLASSES];
	_Atomic uint64_t received, sent; /* bytes, of all connections */
	_Atomic uint64_t refusals[STATS_REFUSALS]; /* before any answer */
	_Atomic uint64_t faults[STATS_FAULTS];     /* on purpose, by kind */
	_Atomic uint64_t shakes[STATS_SHAKES];     /* handshakes, by outcome */
	_Atomic uint64_t unproxied[STATS_UNPROXIED]; /* connections that no
						      * proxy of ours began */
	_Atomic uint64_t waiting[STATS_WAITING]; /* connections, by for what */
	_Atomic uint64_t asleep;    /* requests that sleep or queue now */
	_Atomic uint64_t backlog;   /* connections that wait to be accepted */
	_Atomic uint64_t overflows; /* that the full queue has turned away */
	_Atomic uint64_t cpu;       /* ns of the thread's, at the last tick */
	_Atomic int64_t turned;     /* the last tick, as clock_now(); 0: none */
	struct histogram duration;  /* of requests, but for the asked sleep */
	struct histogram late;      /* of sleeps */
	struct histogram lag;       /* of the ticks */
	struct histogram shake;     /* of handshakes, but for the asked sleep */
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

/* Takes one away, likewise. */
static inline void
stats_take(_Atomic uint64_t *counter)
{
	stats_add(counter, UINT64_MAX);
}

/* Sets one, likewise. */
static inline void
stats_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* Returns a counter's value. Any thread. */
static inline uint64_t
stats_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* How many connections a worker has open. Any thread. */
static inline uint64_t
stats_open(const struct stats *stats)
{
	uint64_t closed = stats_read(&stats->closed);
	uint64_t accepted = stats_read(&stats->accepted);

	return accepted > closed ? accepted - closed : 0;
}

/* How many requests have ended, by who answered and by class: the ordinary ones are
 * 200s of the first who may answer. Any thread. */
static inline uint64_t
stats_requests(const struct stats *stats, unsigned handler, unsigned class)
{
	uint64_t count = stats_read(&stats->requests[handler][class]);

	if (handler == 0 && class == 2)
		count += stats_read(&stats->ordinary);
	return count;
}

#endif
