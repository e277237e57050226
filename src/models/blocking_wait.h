/*
 * blocking_wait: how a thread waits while its client's answer does: for a time, for a
 * slot, for the client's acknowledgement. Known to blocking alone. The thread that
 * serves the client.
 */
#ifndef MTASYNC_MODELS_BLOCKING_WAIT_H
#define MTASYNC_MODELS_BLOCKING_WAIT_H

#include "app/pool.h"
#include "models/blocking_io.h"
#include "server/exchange.h"

/* A client that is served; a local variable of blocking_serve(). */
struct blocking {
	struct moment moment;
	struct exchange_host host;
	struct pool_waker waker; /* of the answer that waits for a slot */
	const struct entrance *entrance;
	const struct sockaddr_storage *peer; /* of the connection */
	struct visitor visitor;
	bool answering; /* the exchange has begun, and is to be ended */
	bool waited;    /* the answer had to wait for its time */
	struct blocking_io io;
	struct exchange exchange;
	struct http_request request;
	char room[EXCHANGE_ROOM];
};

/* Waits until a time; where the stop of the server ends that, the answer is a
 * 503. */
enum blocking_result blocking_sleep(struct blocking *b, int64_t until);

/* Waits until a slot is there, or until a time. */
enum blocking_result blocking_queue(struct blocking *b, int64_t until);

/* Ends that wait: the callback for pool_waker_init(). Any thread. */
void blocking_ring(struct pool_waker *waker);

/* Waits until a time, unless the client leaves or the server drains before. */
enum blocking_result blocking_hang(struct blocking *b, int64_t until);

/* Waits until the client has acknowledged all that it was sent, and has the close be
 * a reset. */
enum blocking_result blocking_reset(struct blocking *b);

#endif
