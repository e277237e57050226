/* Tells the time that a test has set. */
#include "config.h"

#include "fake_clock.h"

#include "base/clock.h"

static int64_t fake_now, fake_tick;

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) ||
	    fake_now == 0)
		return __real_clock_gettime(clock, time);
	*time = (struct timespec){ fake_now / CLOCK_S, fake_now % CLOCK_S };
	fake_now += fake_tick;
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

void
fake_clock_set(int64_t now)
{
	fake_now = now;
}

void
fake_clock_tick(int64_t ns)
{
	fake_tick = ns;
}
