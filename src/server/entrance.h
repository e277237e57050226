/*
 * entrance: an address by which clients come in, and what is so for all who
 * come in there. Constant from the start to the end of all connections, so that
 * any thread may look.
 */
#ifndef MTASYNC_SERVER_ENTRANCE_H
#define MTASYNC_SERVER_ENTRANCE_H

#include "app/app.h"
#include "base/listener.h"
#include "tls/words.h"

struct entrance {
	struct listener_address address;
	const struct app_route *routes; /* the application that answers */
	bool proxied;       /* a proxy says first who its client is */
	bool tls;           /* clients speak TLS, behind that */
	struct tls_act act; /* what becomes of all handshakes there */
};

#endif
