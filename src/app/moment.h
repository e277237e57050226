/* moment: when, and under what circumstances, the application is asked. */
#ifndef MTASYNC_APP_MOMENT_H
#define MTASYNC_APP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct moment {
	int64_t now;      /* clock_now(), at the start of this turn */
	time_t wall;      /* seconds of CLOCK_REALTIME */
	const char *date; /* `wall` as HTTP_DATE_SIZE bytes */
	bool closing;     /* the server drains: no connection goes on */
};

#endif
