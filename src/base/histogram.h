/*
 * histogram: how often times fell between fixed bounds, which are the same for all,
 * so that histograms add up. One thread adds, any may read; see base/stats.h.
 */
#ifndef MTASYNC_BASE_HISTOGRAM_H
#define MTASYNC_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 18

/* Upper bounds, in ns, inclusive; above the last one, there is one bucket more. */
extern const int64_t histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum; /* ns */
};

/* Adds a time of so many ns; one below 0 counts as 0. The owner's thread. */
void histogram_add(struct histogram *histogram, int64_t ns);

#endif
