/* configuration: how the server has been started, as JSON, for the operator's side. Main
 * thread. */
#ifndef MTASYNC_CONFIGURATION_H
#define MTASYNC_CONFIGURATION_H

#include "options.h"
#include "server/server_config.h"

/* Returns a JSON text: the command line, the numbers among the options as they are in
 * force, versions, and what the kernel has. The caller's to free; NULL where memory is
 * short. */
char *configuration_write(const struct options *options,
    const struct server_config *config, char **argv);

#endif
