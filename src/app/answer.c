/* Carries plans out; the thread that began the answer. */
#include "config.h"

#include "app/answer.h"

#include "base/clock.h"

/*
 * Begins the plan's next wait, where it has not begun, by the clock: the moment
 * may be older than the request's end. Yields PIECE_UNTIL; or returns false
 * where the wait is over.
 */
static bool
answer_wait(struct plan *plan, const struct moment *moment, struct piece *piece)
{
	if (!plan->waiting)
		plan->due = clock_now() + plan_next_wait(plan);
	plan->waiting = moment->now < plan->due;
	piece->kind = PIECE_UNTIL;
	piece->until = plan->due;
	return plan->waiting;
}

void
answer_next(struct answer *answer, struct site *site,
    const struct moment *moment, char *room, struct piece *piece)
{
	struct message *message = &answer->message;
	struct plan *plan = &answer->plan;
	int64_t until;

	for (;; plan->next++) {
		switch ((enum act)plan->acts[plan->next]) {
		case ACT_WAIT:
			if (answer_wait(plan, moment, piece))
				return;
			plan->waits--;
			break;
		case ACT_HEAD:
			until = message_settle(message, site, moment);
			if (until == 0) {
				plan->next++;
				piece->kind = PIECE_HEAD;
				return;
			}
			piece->kind = PIECE_UNTIL;
			piece->until = until;
			return;
		case ACT_CONTENT:
			if (!message_has_content(message))
				break;
			if (!message_next(message, room, piece))
				plan->next++;
			return;
		case ACT_END:
			piece->kind = PIECE_END;
			return;
		}
	}
}

void
answer_replace(struct answer *answer, unsigned status, const char *sentence)
{
	message_set(&answer->message, status, sentence);
	plan_hurry(&answer->plan);
}

void
answer_fini(struct answer *answer)
{
	message_fini(&answer->message);
}
