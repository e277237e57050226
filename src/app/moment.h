/*
 * moment: when, and under what circumstances, the application is asked. Its
 * owner's thread alone.
 */
#ifndef MTASYNC_APP_MOMENT_H
#define MTASYNC_APP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "app/asker.h"
#include "http/date.h"

struct pool_waker;

/* For moment.since, where no earlier look may answer the request. */
#define MOMENT_LOOK_ANEW UINT64_MAX

struct moment {
	int64_t now;  /* clock_now(), at the start of this turn */
	time_t wall;  /* seconds of CLOCK_REALTIME */
	bool leaving; /* the server is to stop: no connection goes on */
	bool
	    closing; /* it drains: nobody waits for a connection's next request */
	char date[HTTP_DATE_SIZE + 1]; /* `wall` as IMF-fixdate */
	/* Looks at the disk are numbered as site.h has it. */
	uint64_t look;  /* a look that is made now gets this number, */
	uint64_t since; /* and one from this number on may answer the request */
	/* Tells who asks: of `client`, whose request begins. */
	void (*who)(const void *client, struct asker *asker);
	void *client;
	struct pool_waker *waker; /* of the thread's tickets, whose owner
				   * `client` is */
};

/* Reads the clocks again; writes the date where the second has changed. */
void moment_renew(struct moment *moment);

/* Tells who asks, while app_answer() is asked. It may take a system call. */
static inline void
moment_asker(const struct moment *moment, struct asker *asker)
{
	moment->who(moment->client, asker);
}

#endif
