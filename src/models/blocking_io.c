/* A client's bytes both ways; the thread that serves the client. */
#include "config.h"

#include "models/blocking_io.h"

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wire.h"

/* What one send or sendfile(2) may take: see loop/channel. */
#define BLOCKING_IO_SEND_MAX ((size_t)64 * 1024)

enum blocking_result
blocking_io_await(struct blocking_io *io, short events, int64_t until)
{
	/* a 503 that tells of the cut, and the wait for the client's FIN, go
	 * on through WORKER_CUT; WORKER_STOP ends them */
	int end = io->cut || io->lingering ? io->crew->stop : io->crew->cut;
	struct pollfd fds[4] = { { io->fd, events, 0 }, { end, POLLIN, 0 },
		{ io->silent ? io->crew->drain : -1, POLLIN, 0 },
		{ io->wake, POLLIN, 0 } };
	int64_t left = until - clock_now();
	struct timespec wait;

	if (left < 0)
		left = 0;
	wait.tv_sec = left / CLOCK_S;
	wait.tv_nsec = left % CLOCK_S;
	if (ppoll(fds, 4, &wait, NULL) <= 0)
		return BLOCKING_LATE;
	if (fds[1].revents != 0)
		return BLOCKING_CUT;
	if (fds[2].revents != 0 && (io->lingering || fds[0].revents == 0))
		return BLOCKING_DRAIN;
	return fds[3].revents != 0 ? BLOCKING_WOKEN : BLOCKING_DONE;
}

enum blocking_result
blocking_io_receive(struct blocking_io *io, int64_t until)
{
	for (;;) {
		enum blocking_result result;
		size_t size;

		switch (wire_recv(io->fd, io->input + io->size,
		    sizeof(io->input) - io->size, &size)) {
		case WIRE_DONE:
			io->size += size;
			io->received += size;
			io->silent = false;
			return BLOCKING_DONE;
		case WIRE_BLOCKED:
			break;
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return BLOCKING_LOST;
		}
		result = blocking_io_await(io, POLLIN, until);
		if (result == BLOCKING_DRAIN) {
			io->silent = false;
			until = clock_now() + io->crew->config->limits.grace;
		} else if (result != BLOCKING_DONE) {
			return result;
		}
	}
}

/* Waits until the client takes more. One that takes too little is reset. */
static enum blocking_result
blocking_io_await_room(struct blocking_io *io)
{
	const struct server_limits *limits = &io->crew->config->limits;
	struct wire_pace pace;
	int64_t now = clock_now();
	enum blocking_result result;

	io->blocked = true;
	wire_begin_pace(&pace, now);
	do {
		result = blocking_io_await(io, POLLOUT,
		    now + limits->write_check);
		now = clock_now();
	} while (result == BLOCKING_LATE && wire_check_pace(io->fd, &pace, now,
						limits->write) != WIRE_SLOW);
	if (result != BLOCKING_LATE)
		return result;
	log_debug("a client takes its answer too slowly");
	io->reset = true; /* what it did not take is freed too */
	return BLOCKING_LOST;
}

/* Waits or gives up, as the result of a send has it. */
static enum blocking_result
blocking_io_on_sent(struct blocking_io *io, enum wire_result result)
{
	switch (result) {
	case WIRE_DONE:
		return BLOCKING_DONE;
	case WIRE_BLOCKED:
		return blocking_io_await_room(io);
	case WIRE_ENDED:
		log_debug("a file changed while it was sent");
		io->reset = true;
		return BLOCKING_LOST;
	case WIRE_BROKEN:
		break;
	}
	return BLOCKING_LOST;
}

static size_t
blocking_io_portion(size_t size)
{
	return size < BLOCKING_IO_SEND_MAX ? size : BLOCKING_IO_SEND_MAX;
}

enum blocking_result
blocking_io_send(struct blocking_io *io, struct span *bytes, bool more)
{
	static const struct span none = { NULL, 0 };
	enum blocking_result result = BLOCKING_DONE;

	while (result == BLOCKING_DONE && bytes->size > 0) {
		struct span next = { bytes->data,
			blocking_io_portion(bytes->size) };
		size_t sent = 0;

		result = blocking_io_on_sent(io,
		    wire_send(io->fd, next, none, more, &sent));
		bytes->data += sent;
		bytes->size -= sent;
		io->sent += sent;
	}
	return result;
}

/* Looks at the file before each part, so that a change before the last look never
 * makes an answer that seems whole. */
enum blocking_result
blocking_io_send_file(struct blocking_io *io, const struct message *message,
    struct piece *piece)
{
	enum blocking_result result = BLOCKING_DONE;

	while (result == BLOCKING_DONE && piece->file.size > 0) {
		enum wire_result sent = WIRE_ENDED;
		off_t before = piece->file.offset;
		size_t size;

		if (message_file_is_unchanged(message))
			sent = wire_sendfile(io->fd, piece->file.fd,
			    &piece->file.offset,
			    blocking_io_portion(piece->file.size));
		size = (size_t)(piece->file.offset - before);
		piece->file.size -= size;
		io->sent += size;
		result = blocking_io_on_sent(io, sent);
	}
	return result;
}
