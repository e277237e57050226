/* Reads ranges of addresses, and looks into them; any thread. */
#include "config.h"

#include "base/cidr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an IPv6 address in front of an IPv4 one that is mapped (RFC 4291 2.5.5.2). */
#define CIDR_MAPPED 12

#define CIDR_BITS 128

const struct cidr cidr_loopback[2] = {
	{ { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 127 } }, 104 },
	{ { .s6_addr = { [15] = 1 } }, CIDR_BITS },
};

static void
cidr_map(struct in6_addr *mapped, const void *v4)
{
	memset(mapped, 0, sizeof(*mapped));
	mapped->s6_addr[10] = mapped->s6_addr[11] = 0xff;
	memcpy(&mapped->s6_addr[CIDR_MAPPED], v4, sizeof(struct in_addr));
}

/* Whether the first bits of two addresses are the same. */
static bool
cidr_is_same(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return memcmp(a, b, bytes) == 0 &&
	       (rest == 0 ||
		   (a->s6_addr[bytes] ^ b->s6_addr[bytes]) >> (8 - rest) == 0);
}

/* Whether no bit of an address is set behind the first ones. */
static bool
cidr_is_prefix(const struct cidr *cidr)
{
	for (unsigned bit = cidr->bits; bit < CIDR_BITS; bit++)
		if (cidr->address.s6_addr[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

/* Reads a number of bits, up to `most`. */
static bool
cidr_read_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t size = strlen(text);

	if (size == 0 || size > 3 || strspn(text, "0123456789") != size)
		return false;
	*bits = (unsigned)strtoul(text, NULL, 10);
	return *bits <= most;
}

const char *
cidr_parse(struct cidr *cidr, const char *text)
{
	size_t size = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	struct in_addr v4;
	unsigned most = CIDR_BITS, bits;

	if (size >= sizeof(address))
		return "must be an address, or one with /BITS, such as 10.0.0.0/8";
	memcpy(address, text, size);
	address[size] = '\0';
	if (inet_pton(AF_INET, address, &v4) == 1) {
		cidr_map(&cidr->address, &v4);
		most = 8 * sizeof(v4);
	} else if (inet_pton(AF_INET6, address, &cidr->address) != 1) {
		return "must be an address, or one with /BITS, such as 10.0.0.0/8";
	}
	bits = most;
	if (text[size] == '/' && !cidr_read_bits(text + size + 1, most, &bits))
		return most == CIDR_BITS ? "must have from 0 to 128 bits"
					 : "must have from 0 to 32 bits";
	cidr->bits = CIDR_BITS - most + bits;
	return cidr_is_prefix(cidr)
		   ? NULL
		   : "must be a range: no bits may be set behind the first BITS";
}

bool
cidr_any_has(const struct cidr *cidrs, unsigned count,
    const struct sockaddr_storage *address)
{
	struct in6_addr found;

	if (address->ss_family == AF_INET)
		cidr_map(&found,
		    &((const struct sockaddr_in *)address)->sin_addr);
	else if (address->ss_family == AF_INET6)
		found = ((const struct sockaddr_in6 *)address)->sin6_addr;
	else
		return false;
	for (unsigned i = 0; i < count; i++)
		if (cidr_is_same(&cidrs[i].address, &found, cidrs[i].bits))
			return true;
	return false;
}
