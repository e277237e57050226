/*
 * piece: a part of an answer, as whoever sends it gets it: see answer_next().
 */
#ifndef MTASYNC_APP_PIECE_H
#define MTASYNC_APP_PIECE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

enum piece_kind {
	PIECE_HEAD,   /* the message's head, which the protocol writes */
	PIECE_BYTES,  /* these bytes, written into the asker's room */
	PIECE_LENT,   /* these bytes, which live until answer_fini() */
	PIECE_FILE,   /* this range of this open file, until answer_fini() */
	PIECE_TURN,   /* nothing more in this turn of a loop, and at once in the
		       * next one: others are to be served in between */
	PIECE_UNTIL,  /* nothing more before this time */
	PIECE_QUEUED, /* the same, or before whoever leaves a pool's slot tells
		       * so: see pool_next_woken() */
	PIECE_HANG, /* as PIECE_UNTIL; where the server drains, PIECE_RESET now */
	PIECE_RESET, /* the last one: the connection is reset */
	PIECE_END,   /* the answer is whole */
};

struct piece {
	enum piece_kind kind;
	union {
		struct span bytes; /* PIECE_BYTES, PIECE_LENT */
		struct {
			size_t size; /* bytes, never 0 */
			off_t offset;
			int fd;
		} file;        /* PIECE_FILE */
		int64_t until; /* PIECE_UNTIL, _QUEUED, _HANG, as clock_now() */
	};
};

/* Whether there is something to be sent. */
static inline bool
piece_has_bytes(const struct piece *piece)
{
	return piece->kind <= PIECE_FILE;
}

#endif
