/*
 * roll: the chances that are drawn for a request. Each is a function of a seed,
 * a dimension (what is drawn), the request's ordinal, and, of what is drawn
 * several times for one request, its place: so the same seed gives the same draws
 * again, whatever the order and the threads, and the draws of one dimension
 * know nothing of those of another. Any thread.
 *
 * What is computed, in 64 bits without sign, modulo 2^64, so that any language
 * can do it too. S(x, k) is the k-th output (from 1 on) of SplitMix64 (Steele,
 * Lea, Flood, "Fast splittable pseudorandom number generators", 2014) whose state
 * begins at x:
 *
 *     z = x + k * 0x9e3779b97f4a7c15
 *     z = (z xor (z >> 30)) * 0xbf58476d1ce4e5b9
 *     z = (z xor (z >> 27)) * 0x94d049bb133111eb
 *     S(x, k) = z xor (z >> 31)
 *
 *     bits = S(S(S(0, seed * 256 + dimension) xor key, n), place + 1)
 *
 * for instance 0xebb9a942c2ffada8 for seed 7, ROLL_DELAY, key 0, n 1, place 0. The
 * key is 0, and n the request's ordinal; or, of a request with a key, the key's
 * FNV-1a hash of 64 bits (Fowler, Noll, Vo), and n how often the key has come.
 */
#ifndef MTASYNC_APP_ROLL_H
#define MTASYNC_APP_ROLL_H

#include <stdint.h>

#include "base/span.h"

/* Seeds are 0 to ROLL_SEED_MAX: integers of structured fields (RFC 9651 3.3.1). */
#define ROLL_SEED_MAX INT64_C(999999999999999)

/* What is drawn. The numbers are part of what a seed means: none ever changes. */
enum roll_dimension {
	ROLL_DELAY = 1,
	ROLL_STATUS = 2,
	ROLL_SIZE = 3,
	ROLL_FAULT = 4,
	ROLL_CLOSE = 5,
	ROLL_GAP = 6,  /* the gaps between the parts of a body: many */
	ROLL_FILL = 7, /* the bytes of a body that can't be compressed: many */
};

/* Whose chances are drawn. */
struct roll {
	int64_t seed;
	uint64_t n;   /* the request's ordinal, or its key's, from 1 on */
	uint64_t key; /* roll_key(); 0: none */
};

/* Returns the FNV-1a hash of a key. */
uint64_t roll_key(struct span key);

/* Returns 64 bits, evenly distributed. `place` counts what is drawn several times
 * for one request, from 0 on. */
uint64_t roll_bits(const struct roll *roll, enum roll_dimension dimension,
    uint64_t place);

/* Returns one of the whole numbers from 0 to count - 1, evenly distributed, by
 * some such bits: bits * count / 2^64, rounded down. 0 of none. */
uint64_t roll_below(uint64_t bits, uint64_t count);

/*
 * Returns a number of (0, 1), evenly distributed, by some such bits; neither end
 * ever comes, so that its logarithm is finite. It is (bits / 2^12, rounded down,
 * plus one half) / 2^52, exactly.
 */
double roll_even(uint64_t bits);

#endif
