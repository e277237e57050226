/* Sockets, limits and workers of one kind of clients; the main thread. */
#include "config.h"

#include "server/side.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/balance.h"
#include "server/census.h"

int
side_open(struct side *side)
{
	const struct server_config *config = side->config;

	side->publisher.fd = -1;
	side->workers = calloc(config->workers, sizeof(struct worker *));
	if (side->workers == NULL ||
	    totals_open(&side->totals, config->workers) == -1) {
		log_error("the server can't be set up: %m");
		return -1;
	}
	return listeners_open(&side->listeners, &config->listen);
}

int
side_make_workers(struct side *side)
{
	const struct server_config *config = side->config;

	totals_limit(&side->totals, config->max_conns, config->max_sleepers);
	if (config->balanced && config->workers > 1) {
		side->host.balance = balance_new(&side->totals,
		    config->workers);
		if (side->host.balance == NULL) {
			log_error("no inboxes can be made: %m");
			return -1;
		}
	}
	for (unsigned i = 0; i < config->workers; i++) {
		side->workers[i] = config->new_worker(&side->host, i);
		if (side->workers[i] == NULL) {
			log_error("worker %u can't be made: %m", i);
			return -1;
		}
		side->worker_count++;
	}
	return 0;
}

int
side_prepare(struct side *side, bool chrooted)
{
	if (publisher_start(&side->publisher, &side->listeners,
		side->config->listen.terms.take_over) == -1)
		return -1;
	if (chrooted)
		listeners_leave_names(&side->listeners);
	return 0;
}

void
side_use_root(struct side *side, struct generation *generation)
{
	for (unsigned i = 0; i < side->worker_count; i++)
		mailbox_send(&side->workers[i]->mailbox, generation);
}

bool
side_has_reloaded(const struct side *side)
{
	for (unsigned i = 0; i < side->worker_count; i++)
		if (!mailbox_is_taken(&side->workers[i]->mailbox))
			return false;
	return true;
}

int
side_start(struct side *side)
{
	if (listeners_listen(&side->listeners, side->config->backlog) == -1) {
		log_error("can't listen: %m");
		return -1;
	}
	for (unsigned i = 0; i < side->worker_count; i++)
		if (side->workers[i]->kind->start(side->workers[i]) == -1)
			return -1;
	stages_begin(&side->stages, &side->listeners);
	return 0;
}

/* Puts an order into a worker's mailbox, and wakes who does not watch that. */
static void
side_tell(struct worker *worker, enum worker_order order)
{
	mailbox_order(&worker->mailbox, order);
	if (worker->kind->on_order != NULL)
		worker->kind->on_order(worker, order);
}

void
side_order(struct side *side, enum worker_order order)
{
	if (order <= side->order)
		return;
	side->order = order;
	for (unsigned i = 0; i < side->worker_count; i++)
		side_tell(side->workers[i], order);
}

/* Whether all workers have carried out an order. */
static bool
side_is_obeyed(const struct side *side, enum worker_order order)
{
	for (unsigned i = 0; i < side->worker_count; i++)
		if (mailbox_done(&side->workers[i]->mailbox) < order)
			return false;
	return true;
}

void
side_advance(struct side *side, int64_t now)
{
	struct stages *stages = &side->stages;

	while (stages_advance(stages, now,
	    side_is_obeyed(side, stages_order(stages))))
		side_order(side, stages_order(stages));
}

bool
side_drain(struct side *side, int64_t now)
{
	if (!stages_drain(&side->stages, now))
		return false;
	side_order(side, stages_order(&side->stages));
	return true;
}

void
side_ask(const struct side *side, struct census *census)
{
	for (unsigned i = 0; i < side->worker_count; i++) {
		struct census_part *part = &census->parts[i];

		if (!part->asked)
			part->asked = mailbox_ask(&side->workers[i]->mailbox,
			    census);
	}
}

void
side_join(struct side *side)
{
	for (unsigned i = 0; i < side->worker_count; i++)
		side->workers[i]->kind->join(side->workers[i]);
}

void
side_close(struct side *side)
{
	if (side->config == NULL)
		return;
	for (unsigned i = 0; i < side->worker_count; i++)
		side->workers[i]->kind->free(side->workers[i]);
	free(side->workers);
	balance_free(side->host.balance);
	totals_close(&side->totals);
	publisher_abandon(&side->publisher);
	listeners_free(&side->listeners);
}
