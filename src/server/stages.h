/*
 * stages: what becomes of the listening sockets, from a hand-over by a
 * predecessor to the end of a stop. It knows no worker and no clock: the server
 * tells it the time and whether its workers have obeyed, and passes its orders
 * on. Main thread.
 */
#ifndef MTASYNC_SERVER_STAGES_H
#define MTASYNC_SERVER_STAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "server/listeners.h"
#include "server/worker.h"

/* How long handshakes under way may take to end: some round trips. */
#define STAGES_HANDSHAKE_LIMIT CLOCK_S

/* In their order. A server without a predecessor begins at SERVING; a stop goes
 * to SHUTTING from any stage before it. */
enum stage {
	STAGE_TAKING,   /* the predecessor has not closed its sockets yet */
	STAGE_RETIRING, /* on the surplus, handshakes may be under way */
	STAGE_TRIMMING, /* the workers accept what is queued there */
	STAGE_SERVING,
	STAGE_SHUTTING, /* a stop: on all, handshakes may be under way */
	STAGE_CLOSING,  /* the workers accept what is queued on all */
	STAGE_CLOSED,
};

struct stages {
	struct listeners *listeners;
	enum stage stage;
	int64_t patience; /* when handshakes are not waited for any more */
};

/* The listeners listen, and all workers accept from them; they outlive the
 * stages. */
void stages_begin(struct stages *stages, struct listeners *listeners);

/*
 * Goes on to the next stage if the present one is over. `obeyed` says whether
 * all workers have carried out stages_order(). Returns true if it went on:
 * then stages_order() is to be given to the workers, and the next stage may be
 * over, too. Closes the listeners at the end of STAGE_CLOSING.
 */
bool stages_advance(struct stages *stages, int64_t now, bool obeyed);

/*
 * Begins a stop: no connection begins any more. Returns true if stages_order()
 * is to be given to the workers; false: it has begun before, and goes on.
 */
bool stages_drain(struct stages *stages, int64_t now);

/* What the workers have to do in the present stage. */
enum worker_order stages_order(const struct stages *stages);

/* How often to look whether the present stage is over, in ns; 0: the server
 * hears of it by a worker or a signal. */
int64_t stages_look(const struct stages *stages);

#endif
