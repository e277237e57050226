/*
 * ring: whole lines on their way from one thread to one other, without a lock.
 *
 * The filler alone appends, the reader alone gives back; what stands between
 * the two positions belongs to the reader, the rest to the filler. A line that
 * finds no room is dropped and counted.
 */
#ifndef MTASYNC_BASE_RING_H
#define MTASYNC_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Bytes of a ring; a power of two, so that positions may overflow. */
#define RING_SIZE ((uint64_t)256 << 10)

/* Positions count all bytes ever; modulo the size, they are places. */
struct ring {
	_Alignas(64) _Atomic uint64_t head; /* the filler's: end of the lines */
	_Atomic uint64_t dropped;           /* the filler's: lines */
	_Alignas(64) _Atomic uint64_t tail; /* the reader's: done up to here */
	char bytes[RING_SIZE];
};

/* What stands in a ring, in order: the second part may be empty, or both. */
struct ring_text {
	struct span parts[2];
	size_t size; /* bytes of both */
};

/*
 * An empty ring. The bytes stay untouched, so that those never needed take no
 * memory. Before any thread uses it.
 */
void ring_init(struct ring *ring);

/*
 * Appends one whole line, its newline included and no other. Returns false
 * where it was dropped for want of room (and has been counted). Filler.
 *
 * The line is published by a sequentially consistent store, and ring_peek()
 * looks by a sequentially consistent load. Release and acquire would do for
 * the bytes; this lets a reader sleep: where it stores that it does and then
 * peeks, and the filler appends and then loads whether it does, both with
 * sequential consistency, one of the two sees what the other did.
 */
bool ring_append(struct ring *ring, struct span line);

/* Counts a line as dropped that its filler could not even make. Filler. */
void ring_drop(struct ring *ring);

/*
 * The oldest bytes that the ring holds, at most `limit`; they stay as they are
 * until they are given back. With no limit short of RING_SIZE, the text ends
 * with a line. Reader; and, once the filler has ended, any other thread, for a
 * look at what the reader has left.
 */
struct ring_text ring_peek(const struct ring *ring, size_t limit);

/*
 * Gives the oldest `size` bytes back, at most as many as were peeked: a store
 * that releases, so that what was read of them is read before the filler,
 * which acquires it, writes there anew. Reader.
 */
void ring_give_back(struct ring *ring, size_t size);

/* How many lines have been dropped. Any thread. */
uint64_t ring_count_dropped(const struct ring *ring);

/* The byte at `at`, below the text's size. */
char ring_text_byte(const struct ring_text *text, size_t at);

/* The bytes of the text from `begin` to before `end`. */
struct ring_text ring_text_slice(const struct ring_text *text, size_t begin,
    size_t end);

/* How many lines end in the text. */
uint64_t ring_text_count_lines(const struct ring_text *text);

#endif
