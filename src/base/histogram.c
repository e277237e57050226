/* Counts times by their bounds; the owner's thread. */
#include "config.h"

#include "base/histogram.h"

#include "base/clock.h"
#include "base/stats.h"

const int64_t histogram_bounds[HISTOGRAM_BOUNDS] = { 20 * CLOCK_US,
	50 * CLOCK_US, 100 * CLOCK_US, 200 * CLOCK_US, 500 * CLOCK_US,
	1 * CLOCK_MS, 2 * CLOCK_MS, 5 * CLOCK_MS, 10 * CLOCK_MS, 20 * CLOCK_MS,
	50 * CLOCK_MS, 100 * CLOCK_MS, 200 * CLOCK_MS, 500 * CLOCK_MS,
	1 * CLOCK_S, 2 * CLOCK_S, 5 * CLOCK_S, 10 * CLOCK_S };

void
histogram_add(struct histogram *histogram, int64_t ns)
{
	uint64_t time = ns > 0 ? (uint64_t)ns : 0;
	int i = 0;

	while (i < HISTOGRAM_BOUNDS && ns > histogram_bounds[i])
		i++;
	stats_add(&histogram->counts[i], 1);
	stats_add(&histogram->sum, time);
}
