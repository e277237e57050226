/* sleep: what a /sleep path asks for. */
#ifndef MTASYNC_APP_SLEEP_H
#define MTASYNC_APP_SLEEP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/span.h"

#define SLEEP_DEFAULT (5 * CLOCK_S)

enum sleep_result {
	SLEEP_OK,
	SLEEP_MALFORMED, /* not a duration */
	SLEEP_TOO_LONG,	 /* over the limit; never clamped to it */
};

/*
 * `rest` is the path after "sleep": "" asks for SLEEP_DEFAULT, "/DURATION"
 * (see units_parse_duration) for that. *nanoseconds is set only with SLEEP_OK.
 * Any thread.
 */
enum sleep_result sleep_parse(
    struct span rest, int64_t limit, int64_t *nanoseconds);

#endif
