/* settings: what the options, and a service manager, come to. Main thread. */
#ifndef MTASYNC_SETTINGS_H
#define MTASYNC_SETTINGS_H

#include "options.h"
#include "server/server_config.h"

/*
 * Makes the settings of a server, a zeroed struct, of the options, which outlive
 * them, and of the sockets that a service manager hands over. Returns 0, or -1
 * and has said why.
 */
int settings_make(struct server_config *config, const struct options *options);

/* Sets what the operator's side is to be, by the clients' config. */
void settings_make_admin(struct server_config *admin,
    const struct server_config *config, const struct options *options);

#endif
