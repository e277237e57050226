/*
 * blocking_io: one client's bytes both ways, by a thread that waits until they have
 * come or gone.
 */
#ifndef MTASYNC_MODELS_BLOCKING_IO_H
#define MTASYNC_MODELS_BLOCKING_IO_H

#include "app/message.h"
#include "http/request.h"
#include "models/crew.h"

/* How a step, or a wait, went. */
enum blocking_result {
	BLOCKING_DONE,
	BLOCKING_LATE,  /* its time is over */
	BLOCKING_DRAIN, /* the server drains, and nothing has come yet */
	BLOCKING_CUT,   /* its time for that is over */
	BLOCKING_LOST,  /* the client has left, or the answer can't be ended */
};

struct blocking_io {
	struct crew *crew;
	int fd;
	bool silent;    /* not a byte has come, nor was there a drain */
	bool cut;       /* the end of the drain has ended it */
	bool blocked;   /* a send had to wait for the client */
	bool lingering; /* it has had all, and we wait for its close */
	bool reset;     /* the close says that something went wrong */
	uint64_t sent;  /* bytes so far */
	size_t used;    /* bytes of the input that are not needed */
	size_t size;    /* bytes of input */
	char input[HTTP_HEAD_MAX];
};

/* Waits until the client is ready for `events` of poll(2), or until a time as
 * clock_now(). */
enum blocking_result blocking_io_await(struct blocking_io *io, short events,
    int64_t until);

/* Waits for the next bytes, and puts them behind those that are there, where
 * there is to be room. */
enum blocking_result blocking_io_receive(struct blocking_io *io, int64_t until);

/* Sends all of these bytes; *bytes is what is left of them. `more` says that
 * others follow at once, or wire_finish(). */
enum blocking_result blocking_io_send(struct blocking_io *io,
    struct span *bytes, bool more);

/* Sends an answer's PIECE_FILE; *piece is what is left of it. */
enum blocking_result blocking_io_send_file(struct blocking_io *io,
    const struct message *message, struct piece *piece);

#endif
