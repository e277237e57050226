/* settings: what the options, and a service manager, come to. Main thread. */
#ifndef MTASYNC_SETTINGS_H
#define MTASYNC_SETTINGS_H

#include "options.h"
#include "server/server_config.h"

struct settings {
	struct server_config config;
	struct mime_types *types; /* owned: what config.app.site.types is */
};

/*
 * Makes the settings of a server of the options, which outlive them, and of the
 * sockets that a service manager hands over; reads --mime-types with the rights
 * that the program was started with. Of a zeroed struct. Returns 0; or -1, and
 * has said why. settings_free() is right in both cases.
 */
int settings_make(struct settings *settings, const struct options *options);

/* Frees what settings_make() has made, when the server is closed. */
void settings_free(struct settings *settings);

#endif
