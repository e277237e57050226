/*
 * listeners: all sockets that the server listens on, an entry for each
 * address, as they are opened, change hands and close. Main thread.
 */
#ifndef MTASYNC_SERVER_LISTENERS_H
#define MTASYNC_SERVER_LISTENERS_H

#include <stdbool.h>

#include "base/shards.h"

struct listeners {
	struct shards *list;
	unsigned count;
};

/* What is to be listened on. */
struct listeners_wanted {
	const struct listener_address *addresses;
	unsigned count;
	unsigned inherited; /* sockets from ACTIVATION_FIRST on */
	unsigned workers;
	bool take_over; /* also where a server that takes part listens */
};

/* Binds all, of a zeroed struct. Returns 0, or -1 and has said why. */
int listeners_open(struct listeners *listeners,
    const struct listeners_wanted *wanted);

/* Listens on all. Returns 0, or -1 with errno. */
int listeners_listen(struct listeners *listeners, int backlog);

/* How many sockets there are. */
unsigned listeners_sockets(const struct listeners *listeners);

/* Whether a predecessor's place is taken; and whether it is gone. */
bool listeners_take_over(const struct listeners *listeners);
bool listeners_are_alone(const struct listeners *listeners);

/* Of each entry, what shards_ says. */
void listeners_settle(struct listeners *listeners);
void listeners_trim(struct listeners *listeners);
void listeners_shut(struct listeners *listeners);
bool listeners_are_shaking_hands(const struct listeners *listeners);

/* Closes all. */
void listeners_close(struct listeners *listeners);

#endif
