/* Says how much of a content may go out; the thread that began the answer. */
#include "config.h"

#include "app/flow.h"

#include <stdlib.h>

uint64_t
flow_allow(struct flow *flow, uint64_t sent, int64_t now, int64_t *until)
{
	uint64_t allowed;

	if (flow->pace.kind == PACE_EVERY && made_has_items(&flow->made))
		allowed = made_size(&flow->made,
		    pace_allow(&flow->pace, flow->made.count, flow->made.item,
			now, until));
	else
		allowed = pace_allow(&flow->pace, flow->total, sent, now,
		    until);
	if (flow->step > 0 && allowed > sent - sent % flow->step + flow->step)
		allowed = sent - sent % flow->step + flow->step;
	return allowed < flow->limit ? allowed : flow->limit;
}

void
flow_free(struct flow *flow)
{
	if (flow == NULL)
		return;
	pace_fini(&flow->pace);
	free(flow->head);
	free(flow->tail);
	free(flow->trailers);
	free(flow);
}
