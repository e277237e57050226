/* fake_clock: clocks that a test sets, for programs that are linked with
 * -Wl,--wrap=clock_gettime. One thread. */
#ifndef MTASYNC_TESTS_FAKE_CLOCK_H
#define MTASYNC_TESTS_FAKE_CLOCK_H

#include <stdint.h>

/* Has clock_now() and clock_wall() say this from now on, ns; 0: the times that it
 * is. */
void fake_clock_set(int64_t now);

/* Has each look at a clock that is set move it on by so many ns; 0 at first. */
void fake_clock_tick(int64_t ns);

#endif
