/*
 * staged: an answer with a flow as HTTP/1.1 has it: interim responses before it,
 * a head that goes out by and by, a content in chunks. The thread that serves the
 * request; see server/exchange.
 */
#ifndef MTASYNC_SERVER_STAGED_H
#define MTASYNC_SERVER_STAGED_H

#include "app/answer.h"

/*
 * Yields what comes before the answer's next piece: interim responses, the rest of
 * a head, what belongs to a chunk that is under way. `room` as of
 * exchange_next(). Returns false where that is nothing.
 */
bool staged_before(struct answer *answer, const struct moment *moment,
    char *room, struct piece *piece);

/* Returns how many of the `size` bytes of a head, which is written in `room`, go out
 * now; the rest is yielded by staged_before(). Where memory is short, all go. */
size_t staged_head(struct answer *answer, const struct moment *moment,
    char *room, size_t size);

/* Makes of a piece of a content that comes in chunks what goes out of it now, or
 * of PIECE_END the last chunk; likewise. */
void staged_chunk(struct answer *answer, char *room, struct piece *piece);

#endif
