/*
 * talk: one client's bytes both ways, by a thread that waits until they have
 * come or gone.
 */
#ifndef MTASYNC_MODELS_TALK_H
#define MTASYNC_MODELS_TALK_H

#include "app/message.h"
#include "http/request.h"
#include "models/crew.h"

/* How a step, or a wait, went. */
enum talk_result {
	TALK_DONE,
	TALK_LATE,  /* its time is over */
	TALK_DRAIN, /* the server drains, and nothing has come yet */
	TALK_CUT,   /* its time for that is over */
	TALK_LOST,  /* the client has left, or the answer can't be ended */
};

struct talk {
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
enum talk_result talk_await(struct talk *talk, short events, int64_t until);

/* Waits for the next bytes, and puts them behind those that are there, where
 * there is to be room. */
enum talk_result talk_receive(struct talk *talk, int64_t until);

/* Sends all of these bytes; *bytes is what is left of them. `more` says that
 * others follow at once, or wire_finish(). */
enum talk_result talk_send(struct talk *talk, struct span *bytes, bool more);

/* Sends an answer's PIECE_FILE; *piece is what is left of it. */
enum talk_result talk_send_file(struct talk *talk,
    const struct message *message, struct piece *piece);

#endif
