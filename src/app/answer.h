/*
 * answer: what is said to one request, by its message, and when, by its plan;
 * answer_next() carries the plan out, piece by piece.
 *
 * An answer never waits, holds no socket and no span into the request: whoever
 * runs the connection asks for the next piece, carries it out in its own way
 * (a timer, a blocking wait, a send), and asks again.
 */
#ifndef MTASYNC_APP_ANSWER_H
#define MTASYNC_APP_ANSWER_H

#include "app/message.h"
#include "app/plan.h"

struct answer {
	struct message message;
	struct plan plan;
};

/*
 * Yields what comes next. `room` has MESSAGE_ROOM bytes for PIECE_BYTES.
 * After PIECE_UNTIL, PIECE_QUEUED and PIECE_HANG it is asked again at that time or
 * later, after PIECE_QUEUED before that, too, and after PIECE_END and PIECE_RESET
 * never. A wait begins when it is first asked for. May wait for the disk. Only the
 * thread that began the answer.
 */
void answer_next(struct answer *answer, struct site *site,
    const struct moment *moment, char *room, struct piece *piece);

/* Makes it a status and a sentence (see message_set()) that is sent at once;
 * its head has not been yielded yet. */
void answer_replace(struct answer *answer, unsigned status,
    const char *sentence);

/* Lets go of what the answer holds, wherever it is. */
void answer_fini(struct answer *answer);

#endif
