/* clock: the time that deadlines and sleeps are measured by. */
#ifndef MTASYNC_BASE_CLOCK_H
#define MTASYNC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_US ((int64_t)1000)
#define CLOCK_MS ((int64_t)1000000)
#define CLOCK_S  ((int64_t)1000000000)

/* Nanoseconds of CLOCK_MONOTONIC. Any thread. */
static inline int64_t
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * CLOCK_S + t.tv_nsec;
}

#endif
