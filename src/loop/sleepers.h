/* sleepers: tells who of a worker's connections is asleep. The worker's thread. */
#ifndef MTASYNC_LOOP_SLEEPERS_H
#define MTASYNC_LOOP_SLEEPERS_H

#include "loop/context.h"
#include "server/census.h"

/* Writes the part of a worker in a census; what it says is there once it is told. */
void sleepers_tell(struct context *context, struct census *census);

#endif
