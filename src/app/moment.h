/*
 * moment: when, and under what circumstances, the application is asked. Its
 * owner's thread alone.
 */
#ifndef MTASYNC_APP_MOMENT_H
#define MTASYNC_APP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "http/date.h"

struct moment {
	int64_t now;  /* clock_now(), at the start of this turn */
	time_t wall;  /* seconds of CLOCK_REALTIME */
	bool closing; /* the server drains: no connection goes on */
	char date[HTTP_DATE_SIZE + 1]; /* `wall` as IMF-fixdate */
};

/* Reads the clocks again; writes the date where the second has changed. */
void moment_renew(struct moment *moment);

#endif
