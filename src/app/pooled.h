/*
 * pooled: an answer's way through the pool that words send it to. The thread that
 * began the answer.
 */
#ifndef MTASYNC_APP_POOLED_H
#define MTASYNC_APP_POOLED_H

#include "app/answer.h"

/*
 * Has the answer, which is at ACT_POOL, get its slot. Yields PIECE_QUEUED and
 * returns true, where it has to wait; else the answer goes on, or another one, that
 * there is no slot for it, has taken its place.
 */
bool pooled_wait(struct answer *answer, const struct moment *moment,
    struct piece *piece);

#endif
