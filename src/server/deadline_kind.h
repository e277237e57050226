/* deadline_kind: for what a connection waits: it is limited by that, and counted. */
#ifndef MTASYNC_SERVER_DEADLINE_KIND_H
#define MTASYNC_SERVER_DEADLINE_KIND_H

#include "base/stats.h"

enum deadline_kind {
	DEADLINE_IDLE,  /* the next request begins */
	DEADLINE_PROXY, /* the proxy says who its client is */
	DEADLINE_GRACE, /* these two while the server drains */
	DEADLINE_SHAKE, /* a look at the handshake of TLS, in parts of its limit */
	DEADLINE_HEAD,   /* the head is there, counted from its first byte */
	DEADLINE_BODY,   /* the body is there, counted from the head's end */
	DEADLINE_WRITE,  /* a look at how many bytes the client takes */
	DEADLINE_LINGER, /* the client's FIN, counted from its last bytes */
	DEADLINE_PART,   /* the same while the server drains, in all */
	DEADLINE_NEVER,  /* no limit: the sleepers, whose alarms are theirs */
	DEADLINE_HANG,   /* the same: those that hang on purpose */
	DEADLINE_DOZE,   /* the same: handshakes that wait on purpose */
	DEADLINE_KINDS,
};

_Static_assert((int)DEADLINE_KINDS <= STATS_WAITING,
    "there is a counter for each");

#endif
