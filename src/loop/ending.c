/* Ends connections by their deadlines: each has its place in one queue. */
#include "config.h"

#include "loop/ending.h"

#include "loop/conn.h"

void
ending_drain(struct context *context)
{
	struct deadlines *deadlines = &context->deadlines;
	struct deadline *deadline;

	context->moment.closing = true;
	moment_renew(&context->moment);
	while ((deadline = deadlines_first(deadlines, DEADLINE_IDLE)) != NULL)
		deadlines_move(deadlines, deadline, DEADLINE_GRACE,
		    context->moment.now);
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

/* Ends the sleepers last, since conn_refuse_sleep() moves them to another
 * queue. */
void
ending_cut(struct context *context)
{
	for (int kind = 0; kind < DEADLINE_NEVER; kind++)
		if (kind != DEADLINE_LINGER)
			ending_empty(context, kind, conn_abort);
	ending_empty(context, DEADLINE_NEVER, conn_refuse_sleep);
}

void
ending_stop(struct context *context)
{
	for (int kind = 0; kind < DEADLINE_KINDS; kind++)
		ending_empty(context, kind, conn_abort);
}
