/*
 * ending: what the end of the server does to the connections of one worker.
 * That worker's thread.
 */
#ifndef MTASYNC_LOOP_ENDING_H
#define MTASYNC_LOOP_ENDING_H

#include "loop/context.h"

/*
 * Has every answer close its connection from now on. It gives idle connections
 * DEADLINE_GRACE, for requests that are on their way, and those that linger
 * DEADLINE_PART. It resets those that hang on purpose.
 */
void ending_drain(struct context *context);

/*
 * Answers sleepers with 503, behind which their connections close, and ends all
 * other connections at once, but those that only linger.
 */
void ending_cut(struct context *context);

/* Closes all connections at once. */
void ending_stop(struct context *context);

#endif
