/* Ends connections by their deadlines: each has its place in one queue. */
#include "config.h"

#include "loop/ending.h"

#include "loop/conn.h"

/* Moves all deadlines of one kind to another, whose limit begins now. */
static void
ending_move(struct context *context, enum deadline_kind from,
    enum deadline_kind to)
{
	struct deadlines *deadlines = &context->deadlines;
	struct deadline *deadline;

	while ((deadline = deadlines_first(deadlines, from)) != NULL)
		deadlines_move(deadlines, deadline, to, context->moment.now);
}

/* Calls `end`, which takes a deadline off the queue of `kind`, until that is
 * empty. */
static void
ending_empty(struct context *context, int kind,
    void (*end)(struct deadline *deadline))
{
	struct deadline *deadline;

	while ((deadline = deadlines_first(&context->deadlines,
		    (enum deadline_kind)kind)) != NULL)
		end(deadline);
}

/* Ends the handshakes that would never go on; those that sleep do. */
static void
ending_end_stalls(struct context *context)
{
	struct deadlines *deadlines = &context->deadlines;
	uint64_t count = stats_read(&context->stats.waiting[DEADLINE_DOZE]);

	for (; count > 0; count--) {
		struct deadline *first = deadlines_first(deadlines,
		    DEADLINE_DOZE);

		if (conn_is_stalled(first))
			conn_end_hang(first);
		else
			deadlines_renew(deadlines, first, context->moment.now);
	}
}

void
ending_drain(struct context *context)
{
	context->moment.leaving = context->moment.closing = true;
	moment_renew(&context->moment);
	ending_move(context, DEADLINE_IDLE, DEADLINE_GRACE);
	ending_move(context, DEADLINE_PROXY, DEADLINE_GRACE);
	ending_move(context, DEADLINE_LINGER, DEADLINE_PART);
	ending_empty(context, DEADLINE_HANG, conn_end_hang);
	ending_end_stalls(context);
}

/* Ends the sleepers last, since conn_refuse_sleep() moves them to another
 * queue. */
void
ending_cut(struct context *context)
{
	for (int kind = 0; kind < DEADLINE_NEVER; kind++)
		if (kind != DEADLINE_PART)
			ending_empty(context, kind, conn_abort);
	ending_empty(context, DEADLINE_DOZE, conn_abort);
	ending_empty(context, DEADLINE_NEVER, conn_refuse_sleep);
}

void
ending_stop(struct context *context)
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
		ending_empty(context, kind, conn_abort);
}
