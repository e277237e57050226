/* healthcheck: asks a server that runs with the same options whether it is ready, as an
 * engine for containers has it asked from inside, where there is no other program. */
#ifndef MTASYNC_HEALTHCHECK_H
#define MTASYNC_HEALTHCHECK_H

#include "options.h"

/*
 * Asks the operator's side for /readyz where there is one, and else the first address of
 * --listen for `OPTIONS *`, to which no rule applies; at one of TLS it only connects. To
 * connect and to answer may take three seconds each. Returns 0 and prints a line; or -1,
 * and has said why it is not ready. `options` are resolved. Main thread.
 */
int healthcheck_run(const struct options *options);

#endif
