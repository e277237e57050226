/* cidr: ranges of addresses, as 10.0.0.0/8 (RFC 4632 3.1, RFC 4291 2.3). Any thread. */
#ifndef MTASYNC_BASE_CIDR_H
#define MTASYNC_BASE_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* An IPv4 address is its mapped one of IPv6. */
struct cidr {
	struct in6_addr address;
	unsigned bits; /* of it that count, 0 to 128 */
};

/* The addresses by which a machine reaches itself: 127.0.0.0/8 and ::1. */
extern const struct cidr cidr_loopback[2];

/* Reads `text`: an address, or one with /BITS, behind which none may be set. Returns NULL;
 * or what is wrong with it, constant. */
const char *cidr_parse(struct cidr *cidr, const char *text);

/* Whether an address is in one of `count` ranges; one of a unix socket is in none. */
bool cidr_any_has(const struct cidr *cidrs, unsigned count,
    const struct sockaddr_storage *address);

#endif
