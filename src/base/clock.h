/* clock: the monotonic clock, by which deadlines and sleeps are measured; and the
 * time of day, for the log. */
#ifndef MTASYNC_BASE_CLOCK_H
#define MTASYNC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_US ((int64_t)1000)
#define CLOCK_MS ((int64_t)1000000)
#define CLOCK_S  ((int64_t)1000000000)

/* Returns the time of CLOCK_MONOTONIC in ns. Any thread. */
static inline int64_t
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * CLOCK_S + t.tv_nsec;
}

/* Returns the time of CLOCK_REALTIME in ns since 1970. Any thread. */
static inline int64_t
clock_wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * CLOCK_S + t.tv_nsec;
}

#endif
