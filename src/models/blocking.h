/*
 * blocking: a thread serves one client from its request to its end, and waits
 * for it. What are states in the event loop are functions here, one called after
 * the other: receive, answer piece by piece, close.
 */
#ifndef MTASYNC_MODELS_BLOCKING_H
#define MTASYNC_MODELS_BLOCKING_H

#include "models/crew.h"

/*
 * Answers one request and closes the connection. Each wait is a ppoll(2) for the
 * client, for a limit, and for the end of the drain, so that all three end a
 * sleep. Any thread.
 */
void blocking_serve(struct crew *crew, const struct client *client);

#endif
