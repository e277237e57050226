/* Makes and ends censuses; any thread. */
#include "config.h"

#include "server/census.h"

#include <stdatomic.h>
#include <stdlib.h>

struct census *
census_new(unsigned workers)
{
	struct census *census = calloc(1,
	    sizeof(*census) + workers * sizeof(census->parts[0]));

	if (census == NULL)
		return NULL;
	atomic_init(&census->owners, 1);
	census->count = workers;
	return census;
}

struct census *
census_hold(struct census *census)
{
	if (census != NULL)
		atomic_fetch_add(&census->owners, 1);
	return census;
}

void
census_release(struct census *census)
{
	if (census == NULL || atomic_fetch_sub(&census->owners, 1) > 1)
		return;
	for (unsigned i = 0; i < census->count; i++)
		free(census->parts[i].sleepers);
	free(census);
}
