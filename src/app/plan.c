/* Makes plans; any thread, each with its own. */
#include "config.h"

#include "app/plan.h"

void
plan_at_once(struct plan *plan, bool content)
{
	*plan = (struct plan){ .acts = { ACT_HEAD, ACT_CONTENT, ACT_END },
		.count = 3 };
	if (!content)
		*plan = (struct plan){ .acts = { ACT_HEAD, ACT_END },
			.count = 2 };
}

void
plan_later(struct plan *plan, bool content, int64_t wait)
{
	*plan = (struct plan){ .count = 0 };
	plan_add(plan, ACT_WAIT, wait);
	plan_add(plan, ACT_HEAD, 0);
	if (content)
		plan_add(plan, ACT_CONTENT, 0);
	plan_add(plan, ACT_END, 0);
}

void
plan_hurry(struct plan *plan)
{
	struct plan hurried = { .count = 0 };

	for (unsigned i = 0; i < plan->count; i++)
		if (plan->acts[i] != ACT_WAIT)
			plan_add(&hurried, (enum act)plan->acts[i],
			    plan->amounts[i]);
	*plan = hurried;
}

int64_t
plan_waited(const struct plan *plan)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < plan->next; i++)
		if (plan->acts[i] == ACT_WAIT)
			sum += plan->amounts[i];
	return sum;
}
