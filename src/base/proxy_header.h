/*
 * proxy_header: what a proxy says of its client, in front of all that the client says:
 * the PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt). Any thread.
 */
#ifndef MTASYNC_BASE_PROXY_HEADER_H
#define MTASYNC_BASE_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/span.h"

/* The longest header that is taken; what proxies send is far below. */
#define PROXY_HEADER_MAX ((size_t)4096)

struct proxy_header {
	size_t size;   /* its bytes, behind which the client's begin */
	bool has_peer; /* false: the proxy speaks for itself, as in health
			* checks, or does not know: the peer is who it is */
	struct sockaddr_storage peer; /* the client's address; of a unix socket,
				       * the family alone */
};

enum proxy_result {
	PROXY_OK,
	PROXY_MORE, /* it is not whole yet */
	PROXY_BAD,  /* it is none, whatever may come */
};

/*
 * Reads the header that `input` begins with. Version 1: TCP4, TCP6, UNKNOWN. Version
 * 2: TCP over IPv4 and IPv6, streams of unix sockets, LOCAL and UNSPEC; its further
 * parts (TLVs) are passed over, but for a CRC32C, which has to be right.
 */
enum proxy_result proxy_header_parse(struct span input,
    struct proxy_header *header);

#endif
