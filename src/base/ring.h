/*
 * ring: a lock-free queue of whole lines with one producer and one consumer.
 *
 * The producer, called the filler, alone appends; the consumer, called the
 * reader, alone gives back. The bytes from `tail` to `head` belong to the
 * reader, the others to the filler. A line that finds no room is dropped and
 * counted.
 */
#ifndef MTASYNC_BASE_RING_H
#define MTASYNC_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Bytes of a ring; a power of two, so that positions modulo it stay right when
 * they overflow. */
#define RING_SIZE ((uint64_t)256 << 10)

/* `head` and `tail` count all bytes that were ever appended and given back;
 * modulo RING_SIZE, they are indices of bytes[]. */
struct ring {
	_Alignas(64) _Atomic uint64_t head; /* the filler's: end of the lines */
	_Atomic uint64_t dropped;           /* the filler's: lines */
	_Alignas(64) _Atomic uint64_t tail; /* the reader's: done up to here */
	char bytes[RING_SIZE];
};

/* Bytes of a ring, in order: the second part may be empty, or both. */
struct ring_text {
	struct span parts[2];
	size_t size; /* bytes of both */
};

/*
 * Makes a ring empty, before any thread uses it. Does not write to bytes[], so
 * that pages that no line reaches take no memory.
 */
void ring_init(struct ring *ring);

/*
 * Appends one line, which ends with its only newline. Returns false where the
 * line was dropped and counted for want of room. Filler.
 *
 * ring_append() publishes the line by a sequentially consistent store of `head`,
 * and ring_peek() loads `head` likewise. Release and acquire would do for the
 * bytes; the stronger order lets a reader sleep: where the reader stores that it
 * sleeps and then peeks, and the filler appends and then loads whether the
 * reader sleeps, one of the two sees what the other did.
 */
bool ring_append(struct ring *ring, struct span line);

/* Counts a line as dropped that the filler could not make. Filler. */
void ring_drop(struct ring *ring);

/*
 * Returns the oldest bytes that the ring holds, at most `limit`, which do not
 * change until they are given back. With a limit of RING_SIZE, the text ends
 * where a line does. Reader; and, when the filler has ended, any other thread,
 * to see what the reader has left.
 */
struct ring_text ring_peek(const struct ring *ring, size_t limit);

/*
 * Gives the oldest `size` bytes back, at most as many as were peeked, by a
 * release store of `tail`: the filler, which acquires it, writes there only
 * after the reader has read. Reader.
 */
void ring_give_back(struct ring *ring, size_t size);

/* Returns how many lines have been dropped. Any thread. */
uint64_t ring_count_dropped(const struct ring *ring);

/* Returns the byte at index `at`, which is below the text's size. */
char ring_text_byte(const struct ring_text *text, size_t at);

/* Returns the bytes of the text from index `begin` to before `end`. */
struct ring_text ring_text_slice(const struct ring_text *text, size_t begin,
    size_t end);

/* Returns how many newlines the text has. */
uint64_t ring_text_count_lines(const struct ring_text *text);

#endif
