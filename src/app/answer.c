/* Carries plans out; the thread that began the answer. */
#include "config.h"

#include "app/answer.h"

#include "app/pooled.h"
#include "base/clock.h"

/*
 * Begins the plan's next wait, where it has not begun, by the clock: the moment
 * may be older than the request's end. Yields PIECE_UNTIL; or returns false where
 * the wait is over.
 */
static bool
answer_wait(struct plan *plan, const struct moment *moment, struct piece *piece)
{
	if (!plan->waiting)
		plan->due = clock_now() + plan_next_wait(plan);
	plan->waiting = moment->now < plan->due;
	piece->kind = PIECE_UNTIL;
	piece->until = plan->due;
	if (!plan->waiting)
		plan->waits--;
	return plan->waiting;
}

/* The same of a hang: yields PIECE_HANG, and PIECE_RESET once it is over. `due`
 * stays that of the delay, which the log tells of. */
static void
answer_hang(struct plan *plan, const struct moment *moment, struct piece *piece)
{
	int64_t *end = plan_hang_end(plan);

	if (!plan->waiting)
		*end += clock_now();
	plan->waiting = moment->now < *end;
	piece->kind = plan->waiting ? PIECE_HANG : PIECE_RESET;
	piece->until = *end;
	if (!plan->waiting)
		plan->waits--;
}

/* Readies a message that is not settled, or that a decision may be about: of one
 * that another has taken the place of, nothing is carried out any more.
 * `noinline`: most are no such. */
static __attribute__((noinline, cold)) int64_t
answer_settle_rest(struct answer *answer, struct site *site,
    const struct moment *moment)
{
	struct message *message = &answer->message;
	bool decided = message->decision != NULL;
	int64_t until = message_settle(message, site, moment);

	if (until == 0 && message->decision != NULL)
		decision_settle(message->decision,
		    message_has_content(message) ? message_length(message) : 0);
	else if (until == 0 && decided)
		plan_hurry(&answer->plan);
	return until;
}

/* Readies the message, whose head is due: looks the front page up, has a listing
 * go on, and the decision know the content. Returns 0; or when to ask again. */
static inline int64_t
answer_settle(struct answer *answer, struct site *site,
    const struct moment *moment)
{
	const struct message *message = &answer->message;

	if (!message->unsettled && !message->owns)
		return 0;
	return answer_settle_rest(answer, site, moment);
}

/*
 * Returns what the flow has of the content, with ACT_MOST but the last byte, for
 * whose time it waits; or PIECE_UNTIL; or PIECE_END, where the act is over.
 */
static struct piece
answer_flow(struct answer *answer, struct flow *flow,
    const struct moment *moment, char *room)
{
	struct message *message = &answer->message;
	bool most = plan_is_at(&answer->plan, ACT_MOST) && flow->limit > 0;
	struct piece piece = { .kind = PIECE_END };
	uint64_t end = flow->limit - most, allowed = flow->limit;

	if (most || message->yielded < end)
		allowed = flow_allow(flow, message->yielded, moment->now,
		    &piece.until);
	if (message->yielded < end && allowed > message->yielded) {
		if (allowed > end)
			allowed = end;
		(void)message_next(message, allowed - message->yielded, room,
		    &piece);
	} else if (allowed <= message->yielded && allowed < flow->limit) {
		piece.kind = PIECE_UNTIL;
	} else if (flow->pace.kind != PACE_NONE &&
		   plan_is_at(&answer->plan, ACT_CONTENT)) {
		plan_end_pace(&answer->plan);
	}
	return piece;
}

/*
 * Returns the next piece of the content, or PIECE_END, where all of it that the
 * act has is out. `noinline`, and by value: a small content goes out with its head
 * (head_write()), and needs none of this on its way.
 */
static __attribute__((noinline)) struct piece
answer_content(struct answer *answer, const struct moment *moment, char *room)
{
	struct message *message = &answer->message;
	struct flow *flow = message_flow(message);
	struct piece piece = { .kind = PIECE_END };

	if (message->sourced) {
		message->source->kind->next(message->source, moment->now,
		    &piece);
		if (piece.kind == PIECE_LENT)
			message->yielded += piece.bytes.size;
		return piece;
	}
	if (!message_has_content(message))
		return piece;
	if (flow != NULL)
		return answer_flow(answer, flow, moment, room);
	if (!message_next(message, UINT64_MAX, room, &piece))
		answer->plan.next++;
	return piece;
}

void
answer_next(struct answer *answer, struct site *site,
    const struct moment *moment, char *room, struct piece *piece)
{
	struct plan *plan = &answer->plan;
	int64_t until;

	for (;;) {
		switch ((enum act)plan->acts[plan->next]) {
		case ACT_POOL:
			if (pooled_wait(answer, moment, piece))
				return;
			continue; /* with another act, or another plan */
		case ACT_WAIT:
			if (answer_wait(plan, moment, piece))
				return;
			break;
		case ACT_HANG:
			answer_hang(plan, moment, piece);
			return;
		case ACT_HEAD:
			until = answer_settle(answer, site, moment);
			if (until == 0) {
				plan->next++;
				piece->kind = PIECE_HEAD;
				return;
			}
			piece->kind = PIECE_UNTIL;
			piece->until = until;
			return;
		case ACT_MOST:
		case ACT_CONTENT:
			*piece = answer_content(answer, moment, room);
			if (piece->kind != PIECE_END)
				return;
			break;
		case ACT_RESET:
			piece->kind = PIECE_RESET;
			return;
		case ACT_END:
			piece->kind = PIECE_END;
			return;
		}
		plan->next++;
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
