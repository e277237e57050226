/*
 * admin: the operator's side of the server: what runs beside the clients' workers, on
 * a loop of its own, to be looked at and steered by. It reads the counters that each
 * worker writes for itself, and never holds one up.
 */
#ifndef MTASYNC_ADMIN_ADMIN_H
#define MTASYNC_ADMIN_ADMIN_H

#include "server/server.h"
#include "server/server_config.h"

struct admin {
	struct server_config config; /* of its side; config.app.arg is this */
	const struct server_config *clients;
	struct server *server;
	const char *const *hosts; /* names that a Host may have, beside those of
				   * the machine itself */
	unsigned host_count;
	char *options;     /* those in force, as JSON; owned, never NULL */
	char *token;       /* what who asks has to know; NULL: nothing */
	int64_t started;   /* as clock_wall() */
	unsigned watchers; /* of /events, now */
	int memory;        /* /proc/self/statm; or -1 */
	int descriptors;   /* /proc/self/fd; or -1 */
};

/* The routes of the operator's side. */
extern const struct app_route admin_routes[];

/*
 * Opens what is looked at later, and reads the token's file, where one is named.
 * `clients` is what the server is to be; admin->config, hosts and server are set by
 * the caller. Returns 0; or -1, and has said why. Main thread.
 */
int admin_open(struct admin *admin, const struct server_config *clients,
    const char *token_file);

void admin_close(struct admin *admin);

#endif
