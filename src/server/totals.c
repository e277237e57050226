/* Sums over the workers' counters, and their limits; any worker's thread. */
#include "config.h"

#include "server/totals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

int
totals_open(struct totals *totals, unsigned workers)
{
	*totals = (struct totals){ .said_full = -CLOCK_S };
	totals->stats = calloc(workers, sizeof(struct stats *));
	return totals->stats != NULL ? 0 : -1;
}

void
totals_close(struct totals *totals)
{
	free(totals->stats);
	totals->stats = NULL;
}

void
totals_limit(struct totals *totals, unsigned max_conns, unsigned max_sleepers)
{
	totals->max_conns = max_conns;
	totals->max_sleepers = max_sleepers;
	snprintf(totals->crowded, sizeof totals->crowded,
	    "%u requests sleep, the limit of --max-sleepers", max_sleepers);
}

void
totals_add(struct totals *totals, const struct stats *stats)
{
	totals->stats[totals->count++] = stats;
}

bool
totals_have_room(const struct totals *totals)
{
	int64_t open = atomic_load_explicit(&totals->handed,
	    memory_order_relaxed);

	for (unsigned i = 0; i < totals->count; i++)
		open += (int64_t)(stats_read(&totals->stats[i]->accepted) -
				  stats_read(&totals->stats[i]->closed));
	return open < (int64_t)totals->max_conns;
}

bool
totals_admit_sleeper(struct totals *totals)
{
	unsigned taken = atomic_load(&totals->sleepers);

	if (totals->max_sleepers == 0)
		return true;
	while (taken < totals->max_sleepers)
		if (atomic_compare_exchange_weak(&totals->sleepers, &taken,
			taken + 1))
			return true;
	return false;
}

void
totals_release_sleeper(struct totals *totals)
{
	if (totals->max_sleepers > 0)
		atomic_fetch_sub(&totals->sleepers, 1);
}

bool
totals_may_say(struct totals *totals)
{
	int64_t now = clock_now(), said = atomic_load(&totals->said_full);

	return now - said >= CLOCK_S &&
	       atomic_compare_exchange_strong(&totals->said_full, &said, now);
}

void
totals_say_full(struct totals *totals, int error)
{
	if (!totals_may_say(totals))
		return;
	errno = error;
	if (error == 0)
		log_debug("there are as many connections as may be (%u): "
			  "others wait",
		    totals->max_conns);
	else
		log_error("connections wait to be accepted: %m");
}
