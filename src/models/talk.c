/* A client's bytes both ways; the thread that serves the client. */
#include "config.h"

#include "models/talk.h"

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wire.h"

/* What one send or sendfile(2) may take: see loop/stream. */
#define TALK_SEND_MAX ((size_t)64 * 1024)

/* Waits until the client is ready for `events`, or until a time. */
enum talk_result
talk_await(struct talk *talk, short events, int64_t until)
{
	/* who has been cut may say so, and who has had all may close, until
	 * all is stopped */
	int end = talk->cut || talk->lingering ? talk->crew->stop
					       : talk->crew->cut;
	struct pollfd fds[3] = { { talk->fd, events, 0 }, { end, POLLIN, 0 },
		{ talk->silent ? talk->crew->drain : -1, POLLIN, 0 } };
	int64_t left = until - clock_now();
	struct timespec wait;

	if (left < 0)
		left = 0;
	wait.tv_sec = left / CLOCK_S;
	wait.tv_nsec = left % CLOCK_S;
	if (ppoll(fds, 3, &wait, NULL) <= 0)
		return TALK_LATE;
	if (fds[1].revents != 0)
		return TALK_CUT;
	return fds[0].revents != 0 ? TALK_DONE : TALK_DRAIN;
}

/* Waits for the next bytes, and puts them behind those that are there. */
enum talk_result
talk_receive(struct talk *talk, int64_t until)
{
	for (;;) {
		enum talk_result result;
		size_t size;

		switch (wire_recv(talk->fd, talk->input + talk->size,
		    sizeof(talk->input) - talk->size, &size)) {
		case WIRE_DONE:
			talk->size += size;
			talk->silent = false;
			return TALK_DONE;
		case WIRE_BLOCKED:
			break;
		case WIRE_ENDED:
		case WIRE_BROKEN:
			return TALK_LOST;
		}
		result = talk_await(talk, POLLIN, until);
		if (result == TALK_DRAIN) {
			talk->silent = false;
			until = clock_now() + talk->crew->config->limits.grace;
		} else if (result != TALK_DONE) {
			return result;
		}
	}
}

/* Waits until the client takes more. Who takes too little is let go. */
static enum talk_result
talk_await_room(struct talk *talk)
{
	const struct server_limits *limits = &talk->crew->config->limits;
	struct wire_pace pace;
	int64_t now = clock_now();
	enum talk_result result;

	talk->blocked = true;
	wire_begin_pace(&pace, now);
	do {
		result = talk_await(talk, POLLOUT, now + limits->write_look);
		now = clock_now();
	} while (result == TALK_LATE &&
		 wire_look(talk->fd, &pace, now, limits->write) != WIRE_SLOW);
	if (result != TALK_LATE)
		return result;
	log_debug("a client takes its answer too slowly");
	talk->reset = true; /* what it did not take is freed too */
	return TALK_LOST;
}

/* What comes of a send. */
static enum talk_result
talk_on_sent(struct talk *talk, enum wire_result result)
{
	switch (result) {
	case WIRE_DONE:
		return TALK_DONE;
	case WIRE_BLOCKED:
		return talk_await_room(talk);
	case WIRE_ENDED:
		log_debug("a file changed while it was sent");
		talk->reset = true;
		return TALK_LOST;
	case WIRE_BROKEN:
		break;
	}
	return TALK_LOST;
}

static size_t
talk_portion(size_t size)
{
	return size < TALK_SEND_MAX ? size : TALK_SEND_MAX;
}

enum talk_result
talk_send(struct talk *talk, struct span *bytes, bool more)
{
	static const struct span none = { NULL, 0 };
	enum talk_result result = TALK_DONE;

	while (result == TALK_DONE && bytes->size > 0) {
		struct span next = { bytes->data, talk_portion(bytes->size) };
		size_t sent = 0;

		result = talk_on_sent(talk,
		    wire_send(talk->fd, next, none, more, &sent));
		bytes->data += sent;
		bytes->size -= sent;
		talk->sent += sent;
	}
	return result;
}

/* Looked at before each part, so that no change before the last one makes an
 * answer that seems whole. */
enum talk_result
talk_send_file(struct talk *talk, const struct message *message,
    struct piece *piece)
{
	enum talk_result result = TALK_DONE;

	while (result == TALK_DONE && piece->file.size > 0) {
		enum wire_result sent = WIRE_ENDED;
		off_t before = piece->file.offset;
		size_t size;

		if (message_file_is_unchanged(message))
			sent = wire_sendfile(talk->fd, piece->file.fd,
			    &piece->file.offset,
			    talk_portion(piece->file.size));
		size = (size_t)(piece->file.offset - before);
		piece->file.size -= size;
		talk->sent += size;
		result = talk_on_sent(talk, sent);
	}
	return result;
}
