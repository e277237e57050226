/*
 * fuzz_proxy: headers of the PROXY protocol. What they come to is the same however they
 * are split, and whatever follows them; and a line of version 1 is what libc reads.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/proxy_header.h"
#include "fuzz.h"

/* Of a header that is whole, no part is; whatever follows it changes nothing. */
static void
check_parts(struct span text, const struct proxy_header *whole)
{
	struct proxy_header header;

	for (size_t size = 0; size < whole->size; size++) {
		struct span part = fuzz_copy((const uint8_t *)text.data, size);

		FUZZ_CHECK(proxy_header_parse(part, &header) == PROXY_MORE);
		fuzz_free(part);
	}
	FUZZ_CHECK(proxy_header_parse((struct span){ text.data, whole->size },
		       &header) == PROXY_OK);
	FUZZ_CHECK(header.size == whole->size);
	FUZZ_CHECK(header.has_peer == whole->has_peer);
	FUZZ_CHECK(
	    memcmp(&header.peer, &whole->peer, sizeof(header.peer)) == 0);
}

/* What was refused stays so, and the last part that was not is at most the longest
 * header. */
static void
check_refused(struct span text)
{
	struct proxy_header header;
	size_t size = text.size;

	while (size > 0 && proxy_header_parse((struct span){ text.data, size },
			       &header) == PROXY_BAD)
		size--;
	FUZZ_CHECK(size < PROXY_HEADER_MAX);
	for (; size > 0; size--)
		FUZZ_CHECK(proxy_header_parse((struct span){ text.data, size },
			       &header) == PROXY_MORE);
}

/* The client's address of a line, as libc finds it. */
static void
check_line(struct span text, const struct proxy_header *header)
{
	char line[128], address[128], other[128], back[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 =
	    (const struct sockaddr_in *)&header->peer;
	const struct sockaddr_in6 *v6 =
	    (const struct sockaddr_in6 *)&header->peer;
	bool is_v4 = header->peer.ss_family == AF_INET;
	char family[2], port[8], other_port[8];
	unsigned char found[16];

	FUZZ_CHECK(header->size < sizeof(line));
	memcpy(line, text.data, header->size);
	line[header->size] = '\0';
	FUZZ_CHECK(sscanf(line, "PROXY TCP%1s %127s %127s %7s %7s\r\n", family,
		       address, other, port, other_port) == 5);
	FUZZ_CHECK(family[0] == (is_v4 ? '4' : '6'));
	FUZZ_CHECK(strtoul(port, NULL, 10) ==
		   ntohs(is_v4 ? v4->sin_port : v6->sin6_port));
	FUZZ_CHECK(strtoul(other_port, NULL, 10) <= 65535);
	FUZZ_CHECK(inet_ntop(header->peer.ss_family,
		       is_v4 ? (const void *)&v4->sin_addr : &v6->sin6_addr,
		       back, sizeof(back)) != NULL);
	FUZZ_CHECK(inet_pton(header->peer.ss_family, address, found) == 1);
	FUZZ_CHECK(
	    memcmp(found, is_v4 ? (const void *)&v4->sin_addr : &v6->sin6_addr,
		is_v4 ? 4 : 16) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = fuzz_copy(data, size);
	struct proxy_header header;

	switch (proxy_header_parse(text, &header)) {
	case PROXY_OK:
		FUZZ_CHECK(header.size <= size);
		FUZZ_CHECK(header.size <= PROXY_HEADER_MAX);
		check_parts(text, &header);
		if (header.has_peer && data[0] == 'P')
			check_line(text, &header);
		break;
	case PROXY_MORE:
		FUZZ_CHECK(size < PROXY_HEADER_MAX);
		break;
	case PROXY_BAD:
		check_refused(text);
		break;
	}
	fuzz_free(text);
	return 0;
}
