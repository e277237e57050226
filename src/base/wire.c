/* System calls on clients' descriptors; the thread that owns each. */
#include "config.h"

#include "base/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h> /* its tcp_info is longer than that of netinet/tcp.h */
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/clock.h"

int
wire_accept(int listener, struct sockaddr_storage *peer)
{
	socklen_t size = sizeof *peer;

	return accept4(listener, (struct sockaddr *)peer, &size,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void
wire_name_peer(const struct sockaddr_storage *peer, char name[WIRE_NAME_MAX])
{
	const struct in6_addr *v6 =
	    &((const struct sockaddr_in6 *)peer)->sin6_addr;
	int family = peer->ss_family;
	const void *address = v6;

	if (family == AF_UNIX) {
		memcpy(name, "unix", sizeof("unix"));
		return;
	}
	if (family == AF_INET)
		address = &((const struct sockaddr_in *)peer)->sin_addr;
	else if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6)) {
		family = AF_INET;
		address = &v6->s6_addr[12];
	}
	if (inet_ntop(family, address, name, WIRE_NAME_MAX) == NULL)
		name[0] = '\0';
}

bool
wire_read_name(struct span text, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	char name[WIRE_NAME_MAX];

	if (text.size >= sizeof(name) ||
	    memchr(text.data, '\0', text.size) != NULL)
		return false;
	memcpy(name, text.data, text.size);
	name[text.size] = '\0';
	memset(address, 0, sizeof(*address));
	address->ss_family = AF_INET;
	if (inet_pton(AF_INET, name, &v4->sin_addr) == 1)
		return true;
	address->ss_family = AF_INET6;
	return inet_pton(AF_INET6, name, &v6->sin6_addr) == 1;
}

void
wire_peer(int fd, struct sockaddr_storage *peer)
{
	socklen_t size = sizeof *peer;

	if (getpeername(fd, (struct sockaddr *)peer, &size) == -1)
		peer->ss_family = AF_UNSPEC;
}

bool
wire_is_queue_empty(int listener)
{
	struct tcp_info info;
	socklen_t size = sizeof info;

	/* of a socket that listens, this is its queue */
	return getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_unacked == 0;
}

void
wire_look_at_queue(int listener, uint64_t *waiting, uint64_t *overflows)
{
	struct tcp_info info = { 0 };
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof info;

	if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == -1)
		return;
	*waiting += info.tcpi_unacked;
	size = sizeof memory;
	(void)getsockopt(listener, SOL_SOCKET, SO_MEMINFO, memory, &size);
	*overflows += memory[SK_MEMINFO_DROPS];
}

/* Returns what errno says of the connection, behind a call that has failed. */
static enum wire_result
wire_fault(void)
{
	return errno == EAGAIN ? WIRE_BLOCKED : WIRE_BROKEN;
}

enum wire_result
wire_recv(int fd, char *data, size_t room, size_t *size)
{
	ssize_t n = recv(fd, data, room, 0);

	if (n == -1)
		return wire_fault();
	*size = (size_t)n;
	return n == 0 ? WIRE_ENDED : WIRE_DONE;
}

/* Sends two spans in one system call, so that they share segments. */
static ssize_t
wire_send_both(int fd, struct span first, struct span second, int flags)
{
	struct iovec parts[2] = {
		{ (void *)first.data, first.size },
		{ (void *)second.data, second.size },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &message, flags);
}

enum wire_result
wire_send(int fd, struct span first, struct span second, bool more,
    size_t *size)
{
	int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	ssize_t n = second.size == 0 ? send(fd, first.data, first.size, flags)
				     : wire_send_both(fd, first, second, flags);

	if (n == -1)
		return wire_fault();
	*size = (size_t)n;
	return WIRE_DONE;
}

enum wire_result
wire_sendfile(int fd, int file, off_t *offset, size_t size)
{
	ssize_t n = sendfile(fd, file, offset, size);

	if (n == -1)
		return wire_fault();
	return n == 0 ? WIRE_ENDED : WIRE_DONE;
}

/* Returns `now` in ms, modulo 2^32: differences are right for 49 days. */
static uint32_t
wire_time(int64_t now)
{
	return (uint32_t)(now / CLOCK_MS);
}

void
wire_begin_pace(struct wire_pace *pace, int64_t now)
{
	pace->taken = 0; /* so the first look counts from what is taken then */
	pace->kept_up = wire_time(now);
}

void
wire_note_sent(struct wire_pace *pace, size_t size)
{
	pace->taken -= (uint32_t)size;
}

/* What a look at a connection has found. */
struct wire_view {
	uint32_t taken; /* bytes that the peer has taken, modulo 2^32 */
	bool all;       /* it has taken all that was sent */
};

/* Looks at a unix socket, where the peer takes bytes by reading. The kernel tells
 * how much memory is filled with what it has not read: whole buffers, so that
 * what was taken is known to some KiB. Bytes that are sent count against it; see
 * wire_note_sent(). */
static struct wire_view
wire_view_unix(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof memory;

	(void)getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size);
	return (struct wire_view){ 0 - memory[SK_MEMINFO_WMEM_ALLOC],
		memory[SK_MEMINFO_WMEM_ALLOC] == 0 };
}

static struct wire_view
wire_view(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof info;

	memset(&info, 0, sizeof info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == -1)
		return wire_view_unix(fd);
	return (struct wire_view){ (uint32_t)info.tcpi_bytes_acked,
		info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0 };
}

enum wire_pace_state
wire_check_pace(int fd, struct wire_pace *pace, int64_t now, int64_t limit)
{
	const struct wire_view view = wire_view(fd);

	if ((view.taken - pace->taken) * CLOCK_S >= limit * WIRE_RATE_MIN) {
		pace->taken = view.taken;
		pace->kept_up = wire_time(now);
	}
	if (view.all)
		return WIRE_TAKEN;
	if ((wire_time(now) - pace->kept_up) * CLOCK_MS > limit)
		return WIRE_SLOW;
	return WIRE_PENDING;
}

bool
wire_is_taken(int fd)
{
	return wire_view(fd).all;
}

bool
wire_is_silent(int fd)
{
	char byte;

	return recv(fd, &byte, sizeof byte, MSG_PEEK) == -1 && errno == EAGAIN;
}

bool
wire_is_broken(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1 ||
	       error != 0;
}

void
wire_finish(int fd)
{
	/* fails where the peer is gone already, which its close will show */
	(void)shutdown(fd, SHUT_WR);
}

void
wire_close(int fd)
{
	close(fd);
}

void
wire_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}
