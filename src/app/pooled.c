/* Has answers wait for slots; the thread that began them. */
#include "config.h"

#include "app/pooled.h"

#include "base/clock.h"

/* Returns how much longer the delay may be, within the limit; `over` is behind it. */
static int64_t
pooled_left(const struct decision *decision)
{
	const struct flow *flow = decision->flow;
	int64_t left = decision->most - decision->drawn.delay;

	if (flow != NULL && flow->pace.kind == PACE_OVER)
		left -= flow->pace.value;
	return left > 0 ? left : 0;
}

/* Has the answer go on in its slot: slower, where the pool's load says so. */
static void
pooled_go_on(struct answer *answer)
{
	struct decision *decision = answer->message.decision;
	struct drawn *drawn = &decision->drawn;
	int64_t slower = decision->ticket->slower;
	int64_t left = pooled_left(decision);

	plan_end_pool(&answer->plan);
	if (slower == 0)
		return;
	if (slower > left) {
		slower = left;
		drawn->limited |= WORD_FLAG(WORD_DELAY);
	}
	drawn->words |= WORD_FLAG(WORD_DELAY);
	drawn->delay += slower;
	plan_slow(&answer->plan, slower);
}

/* Puts in the answer's place that there is no slot for it. */
static void
pooled_refuse(struct answer *answer)
{
	struct decision *refusal = decision_new_refusal(
	    answer->message.decision);

	if (refusal == NULL) {
		answer_replace(answer, 503, "no memory for it just now");
		return;
	}
	message_set(&answer->message,
	    refusal->headless ? 503 : refusal->ticket->overflow,
	    "no slot of the pool is free, on purpose");
	message_set_decision(&answer->message, refusal);
	if (refusal->headless)
		plan_end_at_once(&answer->plan);
	else
		plan_hurry(&answer->plan);
}

bool
pooled_wait(struct answer *answer, const struct moment *moment,
    struct piece *piece)
{
	struct pool_ticket *ticket = answer->message.decision->ticket;
	enum pool_state state = ticket->waker == NULL
				    ? pool_enter(ticket, moment->waker,
					  moment->client)
				    : pool_look(ticket);

	switch (state) {
	case POOL_QUEUED:
		piece->kind = PIECE_QUEUED;
		piece->until = ticket->until;
		return true;
	case POOL_IN:
		pooled_go_on(answer);
		break;
	case POOL_OUT:
		pooled_refuse(answer);
		break;
	}
	return false;
}
