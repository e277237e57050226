/* Reads the PROXY protocol; any thread. */
#include "config.h"

#include "base/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

/* ---- version 1: a line ---- */

/* The longest line, with its end (section 2.1). */
#define PROXY_LINE_MAX ((size_t)107)

#define PROXY_WORD "PROXY "

/* Takes what is in front of the next blank off the text, and the blank; false: there is
 * none. */
static bool
proxy_take_word(struct span *text, struct span *word)
{
	*word = span_take(text, SPAN(" "));
	if (text->size == 0)
		return false;
	span_skip(text, 1);
	return word->size > 0;
}

/* Reads a number from 0 to 65535, without zeros in front. */
static bool
proxy_read_port(struct span text, in_port_t *port)
{
	unsigned value = 0;

	if (text.size == 0 || text.size > 5 ||
	    (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.data[i] - '0');
	}
	*port = htons((uint16_t)value);
	return value <= UINT16_MAX;
}

static bool
proxy_read_address(int family, struct span text, void *address)
{
	char string[INET6_ADDRSTRLEN];

	if (text.size >= sizeof(string) ||
	    memchr(text.data, '\0', text.size) != NULL)
		return false;
	memcpy(string, text.data, text.size);
	string[text.size] = '\0';
	return inet_pton(family, string, address) == 1;
}

/* Sets the peer to an address as it is in memory. */
static void
proxy_set_peer(struct proxy_header *header, int family, const void *address,
    in_port_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&header->peer;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&header->peer;

	header->has_peer = true;
	header->peer.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		memcpy(&v4->sin_addr, address, sizeof(v4->sin_addr));
		v4->sin_port = port;
	} else if (family == AF_INET6) {
		memcpy(&v6->sin6_addr, address, sizeof(v6->sin6_addr));
		v6->sin6_port = port;
	}
}

/* Reads what follows `PROXY TCP4 ` or `PROXY TCP6 `. */
static bool
proxy_read_ends(int family, struct span text, struct proxy_header *header)
{
	unsigned char address[sizeof(struct in6_addr)], other[sizeof(address)];
	in_port_t port, other_port;
	struct span word;

	if (!proxy_take_word(&text, &word) ||
	    !proxy_read_address(family, word, address) ||
	    !proxy_take_word(&text, &word) ||
	    !proxy_read_address(family, word, other) ||
	    !proxy_take_word(&text, &word) || !proxy_read_port(word, &port) ||
	    !proxy_read_port(text, &other_port))
		return false;
	proxy_set_peer(header, family, address, port);
	return true;
}

static enum proxy_result
proxy_parse_line(struct span input, struct proxy_header *header)
{
	static const struct span unknown = { "UNKNOWN", 7 };
	const char *end = memmem(input.data,
	    input.size < PROXY_LINE_MAX ? input.size : PROXY_LINE_MAX, "\r\n",
	    2);
	struct span text = { input.data, 0 }, word;
	bool good;

	if (end == NULL)
		return input.size < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
	text.size = (size_t)(end - input.data);
	header->size = text.size + 2;
	span_skip(&text, sizeof(PROXY_WORD) - 1);
	word = span_take(&text, SPAN(" "));
	if (span_equal(word, unknown))
		return PROXY_OK;
	if (text.size == 0)
		return PROXY_BAD;
	span_skip(&text, 1);
	if (span_equal(word, SPAN("TCP4")))
		good = proxy_read_ends(AF_INET, text, header);
	else if (span_equal(word, SPAN("TCP6")))
		good = proxy_read_ends(AF_INET6, text, header);
	else
		good = false;
	return good ? PROXY_OK : PROXY_BAD;
}

/* ---- version 2: bytes ---- */

#define PROXY_SIGNATURE  "\r\n\r\n\0\r\nQUIT\n"
#define PROXY_FIXED      ((size_t)16) /* signature, version, family, length */
#define PROXY_TLV_HEAD   ((size_t)3)  /* type, length */
#define PROXY_TLV_CRC32C 3

/* Returns the CRC32c of bytes (RFC 3720 B.4), those of [hole, hole + 4) being 0. */
static uint32_t
proxy_crc32c(struct span bytes, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes.size; i++) {
		if (i < hole || i >= hole + 4)
			crc ^= (unsigned char)bytes.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

static size_t
proxy_read_length(const char *data)
{
	return (size_t)(unsigned char)data[0] << 8 | (unsigned char)data[1];
}

/* Whether the TLVs from `at` to the end of the header fill it, and a CRC32C among them is
 * right. */
static bool
proxy_check_parts(struct span bytes, size_t at)
{
	while (at < bytes.size) {
		size_t value = at + PROXY_TLV_HEAD, size;
		uint32_t told;

		if (value > bytes.size)
			return false;
		size = proxy_read_length(bytes.data + at + 1);
		if (size > bytes.size - value)
			return false;
		if (bytes.data[at] == PROXY_TLV_CRC32C) {
			if (size != sizeof(told))
				return false;
			memcpy(&told, bytes.data + value, sizeof(told));
			if (ntohl(told) != proxy_crc32c(bytes, value))
				return false;
		}
		at = value + size;
	}
	return true;
}

/* What a header says of its addresses, by its byte of family and protocol. */
static const struct proxy_family {
	unsigned char code;
	int family;
	size_t size; /* of the addresses in all */
	size_t port; /* where the client's begins */
} proxy_families[] = {
	{ 0x00, AF_UNSPEC, 0, 0 },
	{ 0x11, AF_INET, 12, 8 },
	{ 0x21, AF_INET6, 36, 32 },
	{ 0x31, AF_UNIX, 216, 0 },
};

static const struct proxy_family *
proxy_find_family(unsigned char code)
{
	for (size_t i = 0;
	     i < sizeof(proxy_families) / sizeof(proxy_families[0]); i++)
		if (proxy_families[i].code == code)
			return &proxy_families[i];
	return NULL;
}

/* Reads the addresses of a header that is whole. */
static enum proxy_result
proxy_read_block(struct span bytes, bool local, struct proxy_header *header)
{
	const struct proxy_family *found = proxy_find_family(
	    (unsigned char)bytes.data[13]);
	const char *block = bytes.data + PROXY_FIXED;
	in_port_t port = 0;

	if (found == NULL) /* of LOCAL, whatever it is */
		return local ? PROXY_OK : PROXY_BAD;
	if (bytes.size - PROXY_FIXED < found->size ||
	    !proxy_check_parts(bytes, PROXY_FIXED + found->size))
		return PROXY_BAD;
	if (local || found->family == AF_UNSPEC)
		return PROXY_OK;
	if (found->port > 0)
		memcpy(&port, block + found->port, sizeof(port));
	proxy_set_peer(header, found->family, block, port);
	return PROXY_OK;
}

static enum proxy_result
proxy_parse_bytes(struct span input, struct proxy_header *header)
{
	unsigned char command;
	size_t size;

	if (input.size < PROXY_FIXED)
		return PROXY_MORE;
	command = (unsigned char)input.data[12];
	size = PROXY_FIXED + proxy_read_length(input.data + 14);
	if ((command != 0x20 && command != 0x21) || size > PROXY_HEADER_MAX)
		return PROXY_BAD;
	if (input.size < size)
		return PROXY_MORE;
	header->size = size;
	return proxy_read_block((struct span){ input.data, size },
	    command == 0x20, header);
}

/* ---- either ---- */

/* Whether the input begins like `first`, as far as it is there. */
static bool
proxy_begins(struct span input, struct span first)
{
	size_t size = input.size < first.size ? input.size : first.size;

	return size == 0 || memcmp(input.data, first.data, size) == 0;
}

enum proxy_result
proxy_header_parse(struct span input, struct proxy_header *header)
{
	*header = (struct proxy_header){ 0 };
	if (proxy_begins(input, SPAN(PROXY_WORD)))
		return input.size < sizeof(PROXY_WORD) - 1
			   ? PROXY_MORE
			   : proxy_parse_line(input, header);
	if (proxy_begins(input, SPAN(PROXY_SIGNATURE)))
		return proxy_parse_bytes(input, header);
	return PROXY_BAD;
}
