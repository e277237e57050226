/* Questions to the kernel about TCP sockets; whichever thread asks. */
#include "config.h"

#include "base/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* The kernel's own numbers of the states, which it does not export. */
#define SOCK_DIAG_SYN_RECV     (1U << 3)
#define SOCK_DIAG_LISTEN       (1U << 10)
#define SOCK_DIAG_NEW_SYN_RECV (1U << 12)

struct sock_diag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

/* What is counted, and how many there have been. */
struct sock_diag_count {
	const struct listener_address *address;
	bool any_address; /* the port alone counts */
	bool open_alone;  /* those do not count that have been shut */
	int number;
};

static bool
sock_diag_is_at(const struct inet_diag_msg *found,
    const struct listener_address *address)
{
	const struct sockaddr_storage *socket_address = &address->socket;

	if (socket_address->ss_family == AF_INET6)
		return memcmp(found->id.idiag_src,
			   &((const struct sockaddr_in6 *)socket_address)
				->sin6_addr,
			   sizeof(struct in6_addr)) == 0;
	return found->id.idiag_src[0] ==
	       ((const struct sockaddr_in *)socket_address)->sin_addr.s_addr;
}

/* Asks for all sockets of the address's family that are in these states. */
static int
sock_diag_ask(int fd, const struct listener_address *address, unsigned states)
{
	struct sock_diag_request request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = (__u8)address->socket.ss_family,
		    .sdiag_protocol = IPPROTO_TCP,
		    .idiag_states = states,
		    .id = { .idiag_sport = listener_port(address) } },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -1 : 0;
}

/* Returns 1 after the last message of the answer, 0 before, -1 with errno. */
static int
sock_diag_take(const struct nlmsghdr *message, struct sock_diag_count *count)
{
	const struct inet_diag_msg *found = NLMSG_DATA(message);

	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	if (message->nlmsg_type == NLMSG_ERROR) {
		errno = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		return -1;
	}
	if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	    found->id.idiag_sport == listener_port(count->address) &&
	    (count->any_address || sock_diag_is_at(found, count->address)) &&
	    !(count->open_alone && found->id.idiag_if == LISTENER_NO_DEVICE))
		count->number++;
	return 0;
}

/* Receives some messages of the answer, and returns what sock_diag_take() said
 * of the last. */
static int
sock_diag_receive(int fd, struct sock_diag_count *count)
{
	alignas(struct nlmsghdr) char buffer[32768];
	ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	int result = size < 0 ? -1 : 0;

	while (result == 0 && NLMSG_OK(message, (size_t)size)) {
		result = sock_diag_take(message, count);
		message = NLMSG_NEXT(message, size);
	}
	return result;
}

/* Returns the errno that callers of this module get for one that the question
 * met: every fault but a lack of resources means that the kernel does not
 * tell. */
static int
sock_diag_reason(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return error;
	default:
		return EOPNOTSUPP;
	}
}

static int
sock_diag_count(struct sock_diag_count *count, unsigned states)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int result = fd < 0 ? -1 : sock_diag_ask(fd, count->address, states);
	int saved;

	while (result == 0)
		result = sock_diag_receive(fd, count);
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (result > 0)
		return count->number;
	errno = sock_diag_reason(saved);
	return -1;
}

int
sock_diag_count_listening(const struct listener_address *address)
{
	struct sock_diag_count count = { .address = address };

	return sock_diag_count(&count, SOCK_DIAG_LISTEN);
}

int
sock_diag_count_open(const struct listener_address *address)
{
	struct sock_diag_count count = { .address = address,
		.open_alone = true };

	return sock_diag_count(&count, SOCK_DIAG_LISTEN);
}

int
sock_diag_count_handshakes(const struct listener_address *address)
{
	struct sock_diag_count count = { .address = address,
		.any_address = true };

	return sock_diag_count(&count,
	    SOCK_DIAG_SYN_RECV | SOCK_DIAG_NEW_SYN_RECV);
}
