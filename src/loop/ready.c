/* Serves the ready queue; the worker's thread. */
#include "config.h"

#include "loop/ready.h"

/* Serves the connections that are queued now; one that is queued anew waits for
 * the next round. */
static void
ready_queue_on_timer(evutil_socket_t none, short what, void *arg)
{
	struct ready_queue *queue = arg;
	const struct list *last = list_last(&queue->queue);
	struct list *first;

	(void)none;
	(void)what;
	while ((first = list_first(&queue->queue)) != NULL) {
		struct ready *ready = LIST_OWNER(first, struct ready, place);
		bool is_last = first == last;

		ready_queue_remove(ready);
		queue->serving = true;
		queue->on_ready(ready);
		queue->serving = false;
		if (is_last)
			return;
	}
}

void
ready_queue_init(struct ready_queue *queue, struct event_base *base,
    void (*on_ready)(struct ready *ready))
{
	list_init(&queue->queue);
	queue->on_ready = on_ready;
	evtimer_assign(&queue->timer, base, ready_queue_on_timer, queue);
}

void
ready_queue_fini(struct ready_queue *queue)
{
	if (event_initialized(&queue->timer))
		event_del(&queue->timer);
}

/*
 * Sets a timer of no time, which fires in the next round; event_active() would
 * serve the queue within this round, before the loop looks at other connections.
 * Where memory is short for the timer, event_active() is used all the same: that
 * is unfair, but forgets no connection.
 */
void
ready_queue_add(struct ready_queue *queue, struct ready *ready)
{
	static const struct timeval at_once = { 0, 0 };

	if (ready_is_queued(ready))
		return;
	list_add_last(&queue->queue, &ready->place);
	if (event_add(&queue->timer, &at_once) == -1)
		event_active(&queue->timer, EV_TIMEOUT, 0);
}

void
ready_queue_remove(struct ready *ready)
{
	if (!ready_is_queued(ready))
		return;
	list_remove(&ready->place);
	ready->place.next = NULL;
}
