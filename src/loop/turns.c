/* The queue of those who go on later; the worker's thread. */
#include "config.h"

#include "loop/turns.h"

/* Serves those who are queued now; who queues again waits for a next round. */
static void
turns_on_timer(evutil_socket_t none, short what, void *context)
{
	struct turns *turns = context;
	const struct list *last = list_last(&turns->queue);
	struct list *first;

	(void)none;
	(void)what;
	while ((first = list_first(&turns->queue)) != NULL) {
		struct turn *turn = LIST_OWNER(first, struct turn, place);
		bool is_last = first == last;

		turns_remove(turn);
		turns->on_turn(turn);
		if (is_last)
			return;
	}
}

void
turns_init(struct turns *turns, struct event_base *base,
    void (*on_turn)(struct turn *turn))
{
	list_init(&turns->queue);
	turns->on_turn = on_turn;
	evtimer_assign(&turns->timer, base, turns_on_timer, turns);
}

void
turns_fini(struct turns *turns)
{
	if (event_initialized(&turns->timer))
		event_del(&turns->timer);
}

void
turns_add(struct turns *turns, struct turn *turn)
{
	static const struct timeval at_once = { 0, 0 };

	if (turn->queued)
		return;
	turn->queued = true;
	list_add_last(&turns->queue, &turn->place);
	/* where memory is short, within this round: that is unfair to others,
	 * but nobody is forgotten */
	if (event_add(&turns->timer, &at_once) == -1)
		event_active(&turns->timer, EV_TIMEOUT, 0);
}

void
turns_remove(struct turn *turn)
{
	if (!turn->queued)
		return;
	turn->queued = false;
	list_remove(&turn->place);
}
