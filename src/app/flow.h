/*
 * flow: how an answer goes out that is not sent as fast as it can be, or not as
 * it is: the pace of its content, how much of it comes, where it is made; and,
 * for the protocol that writes it (server/staged), its head's pace, its interim
 * responses, where its chunks are, and what comes behind them. The thread that began the answer.
 */
#ifndef MTASYNC_APP_FLOW_H
#define MTASYNC_APP_FLOW_H

#include "app/made.h"
#include "app/pace.h"
#include "app/piece.h"

/* Bytes of the trailers of an answer. */
#define FLOW_TRAILERS_MAX ((size_t)12 * 1024)

/* A head that goes out by and by. */
struct flow_head {
	struct pace pace;
	size_t sent, size; /* bytes */
	char text[];
};

/* What comes next of a chunk (RFC 9112 7.1). */
enum flow_chunk {
	FLOW_CHUNK_NONE, /* no chunk is under way */
	FLOW_CHUNK_DATA, /* its size is out, and not its data, */
	FLOW_CHUNK_END,  /* which is out, and not the end of its line */
	FLOW_CHUNK_LAST, /* the last one is out */
};

struct flow {
	uint64_t total; /* bytes of the content */
	uint64_t limit; /* bytes of it that go out, before the fault */
	uint64_t step;  /* it comes in pieces of so many bytes, unless made of
			 * items; 0: as it is */
	struct pace pace;
	struct made made;
	char *tail;     /* owned: what the items of `made` end with; or NULL */
	char *trailers; /* owned: field lines behind the last chunk (RFC 9112
			 * 7.1.2), FLOW_TRAILERS_MAX bytes at most; or NULL */
	int64_t headrate;       /* bytes a second; 0: at once */
	struct flow_head *head; /* owned; while it goes out, else NULL */
	struct piece data;      /* with FLOW_CHUNK_DATA */
	uint8_t chunk;          /* enum flow_chunk */
	bool chunk_is_none;     /* the next chunk has a size that is none */
	uint8_t interim_count;
	uint8_t interims[8]; /* the codes that are still to come */
};

/* Returns how many bytes of the content may have left by `now`, of which `sent`
 * have; where that is no more, *until says when it will be. */
uint64_t flow_allow(struct flow *flow, uint64_t sent, int64_t now,
    int64_t *until);

/* Frees all that the flow holds, and the flow; NULL is allowed. */
void flow_free(struct flow *flow);

#endif
