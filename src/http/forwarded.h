/* forwarded: for whom the proxies in front have asked: Forwarded (RFC 7239), and fields
 * such as X-Forwarded-For, which nothing but custom specifies. */
#ifndef MTASYNC_HTTP_FORWARDED_H
#define MTASYNC_HTTP_FORWARDED_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/cidr.h"
#include "base/span.h"
#include "http/request.h"

/* Whom to believe, and where they say it. */
struct forwarded {
	const char *field;          /* its name; NULL: nowhere */
	const struct cidr *trusted; /* proxies, in so many ranges */
	unsigned trusted_count;
};

/* Whether a peer is one whom to believe; all of a unix socket are. Any thread. */
bool forwarded_trusts(const struct forwarded *forwarded,
    const struct sockaddr_storage *peer);

/*
 * Finds the client of a request that a trusted peer has sent: of the addresses in the
 * field's lines, the rightmost that is no trusted proxy's; where all are, the leftmost.
 * What is no address hides all that is left of it, since nobody knows who said that; and
 * nothing hides what is right of it.
 * Returns false where none is left: the peer speaks for itself. The thread that serves
 * the request.
 */
bool forwarded_client(const struct forwarded *forwarded,
    const struct http_request *request, struct sockaddr_storage *client);

#endif
