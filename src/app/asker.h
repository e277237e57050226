/*
 * asker: who asks, as whoever runs the connection knows it: see moment_asker().
 * Plain data.
 */
#ifndef MTASYNC_APP_ASKER_H
#define MTASYNC_APP_ASKER_H

#include <stdbool.h>
#include <stdint.h>

/* Room for an address as text. */
#define ASKER_PEER_MAX 46

struct asker {
	uint64_t connection; /* its number, from 1 on */
	uint64_t request;    /* the number of the request on it, likewise */
	unsigned worker;     /* who serves it, from 0 on */
	char peer[ASKER_PEER_MAX]; /* the client's address, as text */
	bool secured;              /* the client speaks TLS */
};

#endif
