/*
 * blocking_io: one client's bytes both ways. The thread that serves the client
 * waits until they have come or gone.
 */
#ifndef MTASYNC_MODELS_BLOCKING_IO_H
#define MTASYNC_MODELS_BLOCKING_IO_H

#include "app/message.h"
#include "http/request.h"
#include "models/crew.h"

/* How a step, or a wait, went. */
enum blocking_result {
	BLOCKING_DONE,
	BLOCKING_LATE,  /* its limit has passed */
	BLOCKING_DRAIN, /* the server drains, and nothing has come yet */
	BLOCKING_CUT,   /* the drain is over, or the server stops */
	BLOCKING_WOKEN, /* `wake` is readable */
	BLOCKING_LOST,  /* the client has left, or the answer can't be ended */
};

struct blocking_io {
	struct crew *crew;
	int fd;
	int wake;     /* eventfd: ends a wait for a slot; -1: none */
	bool silent;  /* no byte has come, nor the drain, which ends a wait; the
			 * same again while it lingers */
	bool cut;     /* the end of the drain has ended it */
	bool blocked; /* a send had to wait for the client */
	bool lingering;    /* our FIN is out, and we wait for the client's */
	bool reset;        /* the close says that something went wrong */
	bool ended;        /* the client's FIN has been seen in a wait */
	uint64_t sent;     /* bytes so far */
	uint64_t received; /* likewise */
	size_t used;       /* bytes of the input that are done with */
	size_t size;       /* bytes of input */
	char input[HTTP_HEAD_MAX];
};

/* Waits until the client is ready for `events` of poll(2), or until a time as
 * clock_now(). */
enum blocking_result blocking_io_await(struct blocking_io *io, short events,
    int64_t until);

/* Waits for bytes, and puts them behind the input, which must have room. `until`
 * is as clock_now(). */
enum blocking_result blocking_io_receive(struct blocking_io *io, int64_t until);

/* Sends `bytes`, all where it returns BLOCKING_DONE; *bytes is what is left.
 * `more` says that other bytes, or wire_finish(), follow at once. */
enum blocking_result blocking_io_send(struct blocking_io *io,
    struct span *bytes, bool more);

/* Sends an answer's PIECE_FILE; *piece is what is left of it. */
enum blocking_result blocking_io_send_file(struct blocking_io *io,
    const struct message *message, struct piece *piece);

#endif
