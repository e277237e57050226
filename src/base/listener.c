/*
 * listener: addresses as people write them, and the sockets bound to them.
 * Owns nothing; runs in the main thread.
 */
#include "config.h"

#include "base/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/units.h"

#define LISTENER_PORT_MAX 65535

/* What an address that names a unix socket begins with. */
#define LISTENER_UNIX "unix:"

#ifndef IPV6_FREEBIND
# define IPV6_FREEBIND 78
#endif

#ifndef SO_BINDTOIFINDEX
# define SO_BINDTOIFINDEX 62
#endif

/*
 * How much the kernel may hold that it has not sent yet, for each connection.
 * Without a bound, it takes megabytes for a client that reads slowly. More
 * than this makes large files no faster on loopback, and much less would run
 * dry on a fast network before a busy loop comes round again.
 */
#define LISTENER_UNSENT_MAX (64 * 1024)

/* An address's text in its parts. */
struct listener_text {
	char host[NI_MAXHOST];
	const char *port;
	bool bracketed;
};

/* Returns NULL, or what is wrong with the text. */
static const char *
listener_split(const char *text, struct listener_text *parts)
{
	const char *host = text, *colon = strrchr(text, ':');
	size_t size;

	parts->bracketed = text[0] == '[';
	parts->port = colon != NULL ? colon + 1 : text;
	if (colon == NULL) {
		host = "127.0.0.1";
		size = strlen(host);
	} else if (parts->bracketed) {
		host = text + 1;
		size = strcspn(host, "]");
		if (host + size + 1 != colon)
			return "must be [V6]:PORT where it begins with '['";
	} else {
		size = (size_t)(colon - text);
		if (memchr(text, ':', size) != NULL)
			return "an IPv6 address needs brackets, as in [::1]:80";
	}
	if (size == 0 || size >= sizeof(parts->host))
		return "must be HOST:PORT, [V6]:PORT or PORT";
	memcpy(parts->host, host, size);
	parts->host[size] = '\0';
	return NULL;
}

/*
 * Returns NULL, or what is wrong with the host. getaddrinfo() takes `127.1`
 * and `*` (for 127.0.0.1), and asks the name servers for 300.0.0.1: what
 * looks like an IPv4 address must be one in full.
 */
static const char *
listener_check_host(const char *host)
{
	struct in_addr unused;

	if (strcmp(host, "*") == 0)
		return "every address is 0.0.0.0 or [::]";
	if (strspn(host, "0123456789.") == strlen(host) &&
	    inet_pton(AF_INET, host, &unused) != 1)
		return "not an IPv4 address";
	return NULL;
}

/* Adds an address to those found, unless it is among them. Returns 0; or -1 where
 * there is no room for it. */
static int
listener_add(struct listener_addresses *found, const struct sockaddr *address,
    socklen_t size)
{
	struct listener_address *added = &found->list[found->count];

	for (unsigned i = 0; i < found->count; i++)
		if (found->list[i].size == size &&
		    memcmp(&found->list[i].socket, address, size) == 0)
			return 0;
	if (found->count == LISTENER_ADDRESSES_MAX)
		return -1;
	*added = (struct listener_address){ .size = size };
	memcpy(&added->socket, address, size);
	found->count++;
	return 0;
}

/* Whether the name is `localhost` or below it, with or without a final dot. */
static bool
listener_is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t size = strlen(host), wanted = sizeof(name) - 1;

	if (size > 0 && host[size - 1] == '.')
		size--;
	return size >= wanted &&
	       strncasecmp(host + size - wanted, name, wanted) == 0 &&
	       (size == wanted || host[size - wanted - 1] == '.');
}

/* Adds all addresses of a host to those found. Returns NULL, or why it can't. */
static const char *
listener_resolve(const char *host, const char *port,
    const struct addrinfo *hints, struct listener_addresses *found)
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(host, port, hints, &list);
	const char *why = NULL;

	if (error != 0)
		return gai_strerror(error);
	for (const struct addrinfo *at = list; at != NULL; at = at->ai_next)
		if (listener_add(found, at->ai_addr, at->ai_addrlen) == -1)
			why = "the name has more addresses than there is room "
			      "for";
	freeaddrinfo(list);
	return why;
}

/* Adds the addresses that a text in its parts means to those found. Returns
 * NULL, or why it can't. */
static const char *
listener_find(const struct listener_text *parts,
    struct listener_addresses *found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	const char *why;

	if (parts->bracketed) {
		hints.ai_family = AF_INET6;
		hints.ai_flags |= AI_NUMERICHOST;
	} else {
		why = listener_check_host(parts->host);
		if (why != NULL)
			return why;
	}
	if (!parts->bracketed && listener_is_localhost(parts->host)) {
		hints.ai_flags |= AI_NUMERICHOST;
		why = listener_resolve("127.0.0.1", parts->port, &hints, found);
		if (why != NULL)
			return why;
		return listener_resolve("::1", parts->port, &hints, found);
	}
	why = listener_resolve(parts->host, parts->port, &hints, found);
	return parts->bracketed && why != NULL ? "not an IPv6 address" : why;
}

/* Returns NULL, or what is wrong with a unix socket's text. */
static const char *
listener_parse_unix(const char *text, struct listener_addresses *found)
{
	struct listener_address *address = &found->list[found->count++];

	*address = (struct listener_address){ .size = sizeof(
						  struct sockaddr_un) };
	return unix_socket_parse(text, (struct sockaddr_un *)&address->socket,
	    &address->rights);
}

int
listener_parse(const char *text, struct listener_addresses *found,
    const char **why)
{
	const size_t unix_size = sizeof(LISTENER_UNIX) - 1;
	struct listener_text parts;
	int64_t port;

	found->count = 0;
	if (strncmp(text, LISTENER_UNIX, unix_size) == 0) {
		*why = listener_parse_unix(text + unix_size, found);
		return *why == NULL ? 0 : -1;
	}
	*why = listener_split(text, &parts);
	if (*why != NULL)
		return -1;
	*why = "the port must be a number from 0 to 65535";
	if (units_parse_count(span_of(parts.port), &port) != UNITS_OK ||
	    port > LISTENER_PORT_MAX)
		return -1;
	*why = listener_find(&parts, found);
	return *why == NULL ? 0 : -1;
}

static int
listener_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Sets what a socket of this family needs before it is bound. Returns 0, or -1
 * with errno. */
static int
listener_prepare(int fd, int family, bool freebind)
{
	if (family == AF_INET)
		return freebind ? listener_set(fd, IPPROTO_IP, IP_FREEBIND, 1)
				: 0;
	if (listener_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1)
		return -1;
	return freebind ? listener_set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1) : 0;
}

/*
 * Returns a socket that is bound to the address and does not listen yet, or -1
 * with errno. SO_REUSEADDR, so that connections of an earlier server in
 * TIME_WAIT are no obstacle.
 */
static int
listener_open(const struct listener_address *address, bool shared,
    bool freebind)
{
	const struct sockaddr *socket_address =
	    (const struct sockaddr *)&address->socket;
	int family = address->socket.ss_family, saved;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (listener_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
	    (!shared || listener_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
	    listener_prepare(fd, family, freebind) == 0 &&
	    bind(fd, socket_address, address->size) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
listener_claim(struct listener_address *address, bool freebind)
{
	int fd = listener_open(address, false, freebind), result, saved;

	if (fd < 0)
		return -1;
	address->size = sizeof(address->socket);
	result = getsockname(fd, (struct sockaddr *)&address->socket,
	    &address->size);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int
listener_bind(const struct listener_address *address, bool freebind)
{
	return listener_open(address, true, freebind);
}

int64_t
listener_queue_max(void)
{
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
	int64_t value = SOMAXCONN;
	char text[32] = "";

	if (file == NULL)
		return value;
	if (fgets(text, sizeof(text), file) != NULL)
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	if (units_parse_count(span_of(text), &value) != UNITS_OK || value < 1 ||
	    value > INT_MAX)
		return SOMAXCONN;
	return value;
}

in_port_t
listener_port(const struct listener_address *address)
{
	const struct sockaddr_storage *found = &address->socket;

	if (found->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)found)->sin6_port;
	if (found->ss_family == AF_INET)
		return ((const struct sockaddr_in *)found)->sin_port;
	return 0;
}

void
listener_set_port(struct listener_address *address, in_port_t port)
{
	if (address->socket.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&address->socket)->sin6_port = port;
	else
		((struct sockaddr_in *)&address->socket)->sin_port = port;
}

bool
listener_has_any_port(const struct listener_address *address)
{
	return !listener_is_unix(address) && listener_port(address) == 0;
}

bool
listener_is_local(const struct listener_address *address)
{
	const struct sockaddr *socket =
	    (const struct sockaddr *)&address->socket;

	if (socket->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)socket)
				  ->sin_addr.s_addr) >>
			   24) == IN_LOOPBACKNET;
	if (socket->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(
		    &((const struct sockaddr_in6 *)socket)->sin6_addr);
	return listener_is_unix(address);
}

bool
listener_is_unix(const struct listener_address *address)
{
	return address->socket.ss_family == AF_UNIX;
}

/* Whether `option` of a socket has this value. */
static bool
listener_is(int fd, int option, int value)
{
	int found = -1;
	socklen_t size = sizeof(found);

	return getsockopt(fd, SOL_SOCKET, option, &found, &size) == 0 &&
	       found == value;
}

int
listener_inherit(int fd, struct listener_address *address)
{
	int flags = fcntl(fd, F_GETFL);

	address->size = sizeof(address->socket);
	if (flags == -1 || getsockname(fd, (struct sockaddr *)&address->socket,
			       &address->size) == -1)
		return -1;
	if ((address->socket.ss_family != AF_INET &&
		address->socket.ss_family != AF_INET6 &&
		!listener_is_unix(address)) ||
	    !listener_is(fd, SO_TYPE, SOCK_STREAM) ||
	    !listener_is(fd, SO_ACCEPTCONN, 1)) {
		errno = EINVAL;
		return -1;
	}
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Attaches a program to the group of SO_REUSEPORT that returns an index: a
 * random number modulo `count`, plus `first`. */
int
listener_steer(int fd, unsigned first, unsigned count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (unsigned)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
	    sizeof(program));
}

void
listener_stop_steering(int fd)
{
	/* fails where no program is attached, which is as wanted */
	(void)setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
	    sizeof(int));
}

int
listener_tune(int fd)
{
	if (listener_set(fd, IPPROTO_TCP, TCP_NODELAY, 1) == -1)
		return -1;
	return listener_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
	    LISTENER_UNSENT_MAX);
}

/* Has the kernel drop what begins a connection. The filter sees the TCP header,
 * looks for SYN (0x02) among its flags, and lets the ACKs through that end the
 * handshakes under way. */
static int
listener_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program));
}

/* What the kernel finds for a packet by the device on which it has come is no
 * socket that is bound to another one. A handshake that is under way is a socket
 * of its own, which keeps the device that the listener was bound to when it
 * began, as the connection does that comes of it. */
int
listener_shut(int fd)
{
	if (listener_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
		LISTENER_NO_DEVICE) == 0)
		return 0;
	return listener_filter(fd);
}

/* Writes the path of a unix socket; an abstract name with @ for its NUL. */
static void
listener_format_unix(char text[LISTENER_TEXT_MAX],
    const struct listener_address *address)
{
	const struct sockaddr_un *found =
	    (const struct sockaddr_un *)&address->socket;
	size_t size = address->size - offsetof(struct sockaddr_un, sun_path);
	bool abstract = size > 0 && found->sun_path[0] == '\0';

	snprintf(text, LISTENER_TEXT_MAX, LISTENER_UNIX "%s%.*s",
	    abstract ? "@" : "", (int)(size - abstract),
	    found->sun_path + abstract);
}

void
listener_format(char text[LISTENER_TEXT_MAX],
    const struct listener_address *address)
{
	const struct sockaddr *socket_address =
	    (const struct sockaddr *)&address->socket;
	bool brackets = socket_address->sa_family == AF_INET6;
	char host[LISTENER_TEXT_MAX - sizeof("[]:65535")],
	    port[sizeof("65535")];

	if (listener_is_unix(address))
		listener_format_unix(text, address);
	else if (getnameinfo(socket_address, address->size, host, sizeof(host),
		     port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(text, LISTENER_TEXT_MAX, "an unknown address");
	else
		snprintf(text, LISTENER_TEXT_MAX,
		    brackets ? "[%s]:%s" : "%s:%s", host, port);
}
