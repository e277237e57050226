/* Makes plans; any thread, each with its own. */
#include "config.h"

#include "app/plan.h"

/* Counts the waits among the first `acts` acts. */
static unsigned
plan_count_waits(const struct plan *plan, unsigned acts)
{
	unsigned count = 0;

	for (unsigned i = 0; i < acts; i++)
		count += plan->acts[i] == ACT_WAIT || plan->acts[i] == ACT_HANG;
	return count;
}

/* Adds ACT_WAIT or ACT_HANG. */
static void
plan_add_time(struct plan *plan, enum act act, int64_t ns)
{
	unsigned waits = plan_count_waits(plan, plan->count);

	assert(waits < PLAN_WAITS && ns >= 0);
	plan->waits_ns[waits] = ns;
	plan->waits++;
	plan_add(plan, act);
}

void
plan_add_wait(struct plan *plan, int64_t ns)
{
	plan_add_time(plan, ACT_WAIT, ns);
}

void
plan_add_hang(struct plan *plan, int64_t ns)
{
	plan_add_time(plan, ACT_HANG, ns);
}

void
plan_at_once(struct plan *plan, bool content)
{
	*plan = (struct plan){ .acts = { ACT_HEAD, ACT_CONTENT, ACT_END },
		.count = 3,
		.content = true };
	if (!content)
		*plan = (struct plan){ .acts = { ACT_HEAD, ACT_END },
			.count = 2 };
}

void
plan_later(struct plan *plan, bool content, int64_t wait)
{
	*plan = (struct plan){ .content = content };
	plan_add_wait(plan, wait);
	plan_add(plan, ACT_HEAD);
	if (content)
		plan_add(plan, ACT_CONTENT);
	plan_add(plan, ACT_END);
}

void
plan_end_at_once(struct plan *plan)
{
	*plan = (struct plan){ .acts = { ACT_END },
		.count = 1,
		.content = plan->content };
}

void
plan_hurry(struct plan *plan)
{
	plan_at_once(plan, plan->content);
}

int64_t
plan_next_wait(const struct plan *plan)
{
	return plan->waits_ns[plan_count_waits(plan, plan->next)];
}

int64_t *
plan_hang_end(struct plan *plan)
{
	return &plan->waits_ns[plan_count_waits(plan, plan->next)];
}

int64_t
plan_waited(const struct plan *plan)
{
	unsigned count = plan_count_waits(plan, plan->next);
	int64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += plan->waits_ns[i];
	return sum;
}
