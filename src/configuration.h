/* configuration: how the server has been started, as JSON, for the operator's side. Main
 * thread. */
#ifndef MTASYNC_CONFIGURATION_H
#define MTASYNC_CONFIGURATION_H

#include "options.h"
#include "server/server_config.h"

/* Returns a JSON text: the command line; what it came to, with the addresses, which are
 * bound; versions, and what the kernel has. The caller's to free; NULL where memory is
 * short. In a chroot without /proc, some of what the kernel has is left out. */
char *configuration_write(const struct options *options,
    const struct server_config *config, const struct listeners *listeners);

#endif
