/*
 * floor: what a web server cannot cost less than. Each thread has a listener
 * and an epoll of its own, and answers a constant to each blank line; nothing
 * is parsed, checked, timed or limited. For `make bench` alone:
 *
 *     floor PORT THREADS FILE
 *
 * serves the FILE's content at 127.0.0.1:PORT, whatever is asked for.
 */
#include "config.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOR_BACKLOG  4096
#define FLOOR_EVENTS   512
#define FLOOR_RECV_MAX (64 * 1024)
#define FLOOR_SEND_MIN ((size_t)64 * 1024)
#define FLOOR_SEND_MAX ((size_t)64 * 1024)

/* Equal answers in a row, for one send of many. */
struct floor_answers {
	char *bytes;
	size_t size;     /* of all of them */
	size_t size_one; /* of each */
};

/* All of it is set before the first thread starts. */
struct floor {
	in_port_t port;
	struct floor_answers answers[2]; /* by whether the connection closes */
	struct floor_conn *conns;        /* by descriptor; one thread's each */
};

struct floor_conn {
	uint64_t owed;     /* bytes still to be sent */
	uint32_t line;     /* bytes since the last newline */
	bool closing;      /* once nothing is owed */
	bool awaits_write; /* what its epoll asks for; else it awaits bytes */
};

/* The blank lines that end in these bytes. */
static unsigned
floor_count_requests(struct floor_conn *conn, const char *data, size_t size)
{
	const char *at = data, *end = data + size, *newline;
	unsigned count = 0;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		count += conn->line + (size_t)(newline - at) <= strlen("\r");
		conn->line = 0;
		at = newline + 1;
	}
	conn->line += (uint32_t)(end - at);
	return count;
}

/* Returns false if the client has gone. */
static bool
floor_receive(const struct floor *floor, int fd)
{
	static _Thread_local char data[FLOOR_RECV_MAX];
	struct floor_conn *conn = &floor->conns[fd];
	ssize_t size = recv(fd, data, sizeof(data), 0);

	if (size <= 0)
		return size < 0 && errno == EAGAIN;
	if (memmem(data, (size_t)size, "close", strlen("close")) != NULL)
		conn->closing = true;
	conn->owed += floor->answers[conn->closing].size_one *
		      floor_count_requests(conn, data, (size_t)size);
	return true;
}

/* Returns false if the client has gone. */
static bool
floor_send(const struct floor *floor, int fd)
{
	struct floor_conn *conn = &floor->conns[fd];
	const struct floor_answers *answers = &floor->answers[conn->closing];

	while (conn->owed > 0) {
		size_t left = conn->owed % answers->size_one;
		size_t from = left > 0 ? answers->size_one - left : 0;
		size_t size = answers->size - from;
		ssize_t sent;

		if (size > conn->owed)
			size = conn->owed;
		if (size > FLOOR_SEND_MAX)
			size = FLOOR_SEND_MAX;
		sent = send(fd, answers->bytes + from, size, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN;
		conn->owed -= (uint64_t)sent;
	}
	return true;
}

static void
floor_await(const struct floor *floor, int epoll, int fd)
{
	struct floor_conn *conn = &floor->conns[fd];
	bool owes = conn->owed > 0;
	struct epoll_event event = { .events = owes ? EPOLLOUT : EPOLLIN,
		.data.fd = fd };

	if (owes == conn->awaits_write)
		return;
	conn->awaits_write = owes;
	if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0)
		err(EXIT_FAILURE, "epoll_ctl");
}

static void
floor_serve(const struct floor *floor, int epoll, int fd)
{
	struct floor_conn *conn = &floor->conns[fd];
	bool there = conn->owed > 0 || floor_receive(floor, fd);

	if (!there || !floor_send(floor, fd) ||
	    (conn->closing && conn->owed == 0))
		close(fd);
	else
		floor_await(floor, epoll, fd);
}

static void
floor_accept(const struct floor *floor, int epoll, int listener)
{
	struct epoll_event event = { .events = EPOLLIN };

	while ((event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >=
	       0) {
		floor->conns[event.data.fd] = (struct floor_conn){ 0 };
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
			err(EXIT_FAILURE, "epoll_ctl");
	}
}

static int
floor_listen(in_port_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, FLOOR_BACKLOG) != 0)
		err(EXIT_FAILURE, "port %u", port);
	return fd;
}

static void *
floor_run(void *argument)
{
	const struct floor *floor = argument;
	struct epoll_event events[FLOOR_EVENTS];
	int epoll = epoll_create1(0), listener = floor_listen(floor->port);

	events[0] = (struct epoll_event){ .events = EPOLLIN,
		.data.fd = listener };
	if (epoll < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]) != 0)
		err(EXIT_FAILURE, "epoll");
	for (;;) {
		int count = epoll_wait(epoll, events, FLOOR_EVENTS, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				floor_accept(floor, epoll, fd);
			else
				floor_serve(floor, epoll, fd);
		}
	}
	return NULL;
}

/* A head and the body, again and again. */
static struct floor_answers
floor_make_answers(const char *fields, const char *body, size_t body_size)
{
	struct floor_answers answers;
	size_t head_size, copies;
	char head[128];

	head_size = (size_t)snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", body_size,
	    fields);
	answers.size_one = head_size + body_size;
	copies = 1 + FLOOR_SEND_MIN / answers.size_one;
	answers.size = copies * answers.size_one;
	answers.bytes = malloc(answers.size);
	if (answers.bytes == NULL)
		err(EXIT_FAILURE, "malloc");
	for (size_t i = 0; i < copies; i++) {
		char *one = answers.bytes + i * answers.size_one;

		memcpy(one, head, head_size);
		memcpy(one + head_size, body, body_size);
	}
	return answers;
}

static void
floor_read(struct floor *floor, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size;
	char *body;
	long end;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
	    (end = ftell(file)) <= 0)
		err(EXIT_FAILURE, "%s", path);
	size = (size_t)end;
	body = malloc(size);
	if (body == NULL || fseek(file, 0, SEEK_SET) != 0 ||
	    fread(body, 1, size, file) != size)
		err(EXIT_FAILURE, "%s", path);
	fclose(file);
	floor->answers[false] = floor_make_answers("", body, size);
	floor->answers[true] = floor_make_answers("Connection: close\r\n", body,
	    size);
	free(body);
}

static void
floor_make_conns(struct floor *floor)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		err(EXIT_FAILURE, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		err(EXIT_FAILURE, "setrlimit");
	floor->conns = calloc(limit.rlim_cur, sizeof(*floor->conns));
	if (floor->conns == NULL)
		err(EXIT_FAILURE, "calloc");
}

int
main(int argc, char **argv)
{
	static struct floor floor;
	long threads;

	if (argc != 4)
		errx(EXIT_FAILURE, "usage: floor PORT THREADS FILE");
	floor.port = (in_port_t)strtol(argv[1], NULL, 10);
	threads = strtol(argv[2], NULL, 10);
	floor_read(&floor, argv[3]);
	floor_make_conns(&floor);
	for (long i = 1; i < threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, floor_run, &floor) != 0)
			errx(EXIT_FAILURE, "a thread could not be started");
	}
	floor_run(&floor);
}
