/*
 * ending: what the end of the server does to the connections of one worker.
 * That worker's thread.
 */
#ifndef MTASYNC_LOOP_ENDING_H
#define MTASYNC_LOOP_ENDING_H

#include "loop/context.h"

/*
 * Has every answer close its connection from now on, and gives those that are
 * idle a grace (DEADLINE_GRACE), for the request that may be on its way.
 */
void ending_drain(struct context *context);

/*
 * Answers those who sleep with 503, which closes their connections once it is
 * sent, and ends all others at once but those who only linger.
 */
void ending_cut(struct context *context);

/* Closes all at once. */
void ending_stop(struct context *context);

#endif
