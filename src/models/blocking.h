/*
 * blocking: one client served from its request to its end by a thread that
 * waits. What the event loop does in states is here one function after the
 * other: receive, answer piece by piece, close.
 */
#ifndef MTASYNC_MODELS_BLOCKING_H
#define MTASYNC_MODELS_BLOCKING_H

#include "models/crew.h"

/*
 * Answers one request and closes the connection. It waits by ppoll(2) for the
 * client, for its limits, and for the end of the drain, so that a client that
 * leaves and a deadline are seen in the middle of a sleep. Any thread.
 */
void blocking_serve(struct crew *crew, const struct client *client);

#endif
