/*
 * made: contents that are made while they are sent, and stored nowhere: letters,
 * bytes that can't be compressed, stars, events, lines. The thread that began the answer.
 *
 *     letters  byte k is 'a' + k mod 26
 *     noise    bytes 8 k to 8 k + 7 are roll_bits(seed, ROLL_FILL, place k), of
 *              n = 1, the lowest byte first
 *     event    id: 7\ndata: {"n":7,"time":"2026-11-28T15:04:05.123456Z"}\n\n
 *     line     {"n":7,"time":"2026-11-28T15:04:05.123456Z"}\n
 *     stars    ***
 *     ping     event: ping\ndata: {"id":0,"timestamp":1795878245123}\n\n
 *     record   {"id":0 and a text that the caller gives, from 0 on
 */
#ifndef MTASYNC_APP_MADE_H
#define MTASYNC_APP_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/roll.h"
#include "base/span.h"

enum made_kind {
	MADE_NONE,
	MADE_LETTERS,
	MADE_NOISE,
	MADE_EVENTS,
	MADE_LINES,
	MADE_STARS,
	MADE_PINGS,
	MADE_RECORDS,
};

struct made {
	uint8_t kind;    /* enum made_kind */
	uint64_t count;  /* of bytes; or of events or lines */
	uint64_t item;   /* the event or line that is under way, from 0 on, */
	uint64_t offset; /* the byte at which it begins, */
	union {
		int64_t time;   /* and its time: us of CLOCK_REALTIME; 0: not
			       * yet */
		int64_t seed;   /* MADE_NOISE */
		uint64_t first; /* MADE_LETTERS: the letter that comes first */
	};
	struct span tail; /* MADE_RECORDS: what each ends with, its newline
			   * included; it lives as long */
};

/* Whether it is made of events or lines, not of bytes. */
bool made_has_items(const struct made *made);

/* Returns the size in bytes of the first `count` events or lines; of bytes, that
 * is `count`. */
uint64_t made_size(const struct made *made, uint64_t count);

/* The Content-Type; a constant. */
const char *made_type(const struct made *made);

/* How many bytes made_next() writes at most. */
#define MADE_ROOM ((size_t)16 * 1024)

/*
 * Gives the bytes from `start` on, `size` at most and one at least, which have to
 * be asked for one after the other. They are written into `room`, of MADE_ROOM
 * bytes, or are a constant, which made_is_lent().
 */
struct span made_next(struct made *made, uint64_t start, uint64_t size,
    char *room);

/* Whether the bytes are constants. */
static inline bool
made_is_lent(const struct made *made)
{
	return made->kind == MADE_LETTERS || made->kind == MADE_STARS;
}

#endif
