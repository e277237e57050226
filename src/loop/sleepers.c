/* Tells who is asleep; the worker's thread. */
#include "config.h"

#include "loop/sleepers.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "loop/conn.h"
#include "loop/state.h"

/* Tells who sleeps, as the log does; without one, the address as the kernel has it. */
static void
sleepers_tell_peer(const struct conn *conn, struct census_sleeper *sleeper)
{
	const struct visitor *visitor = conn_visitor(conn);

	if (visitor != NULL)
		memcpy(sleeper->name, visitor->peer, strlen(visitor->peer) + 1);
	else
		wire_peer(conn->channel.fd, &sleeper->peer);
}

/* Tells of one connection. */
static void
sleepers_tell_one(const struct conn *conn, struct census_sleeper *sleeper)
{
	const struct exchange *exchange = &conn->loop_exchange->exchange;
	const struct plan *plan = &exchange->answer.plan;
	const struct decision *decision = exchange->answer.message.decision;
	struct span fields[RECORD_FIELDS], target = SPAN("");

	sleepers_tell_peer(conn, sleeper);
	if (exchange->record != NULL) {
		record_find(exchange->record, fields);
		target = fields[RECORD_TARGET];
		sleeper->since = exchange->record->begun;
	}
	if (target.size > CENSUS_TARGET_MAX)
		target.size = CENSUS_TARGET_MAX;
	sleeper->target_size = (uint16_t)target.size;
	if (target.size > 0)
		memcpy(sleeper->target, target.data, target.size);
	if (decision != NULL && decision->ticket != NULL) {
		struct span pool = pool_name(decision->ticket->pool);

		sleeper->pool_size = (uint8_t)pool.size;
		memcpy(sleeper->pool, pool.data, pool.size);
	}
	if (!plan_is_at(plan, ACT_POOL))
		sleeper->due = conn->loop_exchange->alarm.due;
}

/* Tells of the connections of a queue, as far as there is room for them. */
static void
sleepers_tell_queue(const struct context *context, enum deadline_kind kind,
    struct census_part *part)
{
	const struct list *queue = &context->deadlines.queues[kind];

	for (const struct list *place = queue->next;
	     place != queue && part->sleepers != NULL &&
	     part->shown < part->most;
	     place = place->next) {
		const struct deadline *deadline = LIST_OWNER(place,
		    struct deadline, place);

		sleepers_tell_one(LIST_OWNER(deadline, struct conn, deadline),
		    &part->sleepers[part->shown++]);
	}
}

void
sleepers_tell(struct context *context, struct census *census)
{
	struct census_part *part = &census->parts[context->host.worker];

	part->count = stats_read(&context->stats.waiting[DEADLINE_NEVER]) +
		      stats_read(&context->stats.waiting[DEADLINE_HANG]);
	if (part->most > part->count)
		part->most = (unsigned)part->count;
	part->sleepers = calloc(part->most, sizeof(*part->sleepers));
	sleepers_tell_queue(context, DEADLINE_NEVER, part);
	sleepers_tell_queue(context, DEADLINE_HANG, part);
	atomic_store(&part->told, true);
}
