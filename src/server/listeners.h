/*
 * listeners: all sockets that the server listens on, with an entry for each
 * address, as they are opened, change hands and close. Main thread; any thread
 * may read the entrances.
 */
#ifndef MTASYNC_SERVER_LISTENERS_H
#define MTASYNC_SERVER_LISTENERS_H

#include <stdbool.h>

#include "base/shards.h"
#include "server/entrance.h"

struct listeners {
	struct shards *list;
	struct entrance *entrances; /* the one of each of the list */
	unsigned count;
};

/* Where one --listen asks for, and what is served there. */
struct listeners_place {
	struct listener_addresses addresses;
	const struct app_route *routes;
	bool proxied; /* this and the next: see struct entrance */
	bool tls;
	struct tls_act act;
};

/* What is to be listened on. */
struct listeners_wanted {
	const struct listeners_place *places;
	unsigned count;
	unsigned inherited; /* sockets from ACTIVATION_FIRST on */
	struct shards_terms terms;
	const struct app_route *routes; /* what answers at inherited ones */
};

/* Returns how many addresses there are at all places. */
unsigned listeners_count_addresses(const struct listeners_wanted *wanted);

/*
 * Binds all that are wanted, for a zeroed struct, and makes their entrances, in
 * whose addresses port 0 has been replaced, by the same port for all addresses
 * of a place. Of several addresses of a place, those that the machine has not
 * got are left out, unless none is left. Returns 0, or -1 and has
 * said why; listeners_free() is right in both cases.
 */
int listeners_open(struct listeners *listeners,
    const struct listeners_wanted *wanted);

/* Whether there are unix sockets that have names or are to get them. */
bool listeners_have_names(const struct listeners *listeners);

/* Puts all unix sockets, which listen by now, at their paths, or none of them: see
 * unix_socket_publish(). Returns 0, or -1 and has said why. */
int listeners_publish(struct listeners *listeners, bool take_over);

/* See unix_socket_leave(). */
void listeners_leave_names(struct listeners *listeners);

/* Has all sockets listen. Returns 0, or -1 with errno. */
int listeners_listen(struct listeners *listeners, int backlog);

/* How many sockets there are. */
unsigned listeners_sockets(const struct listeners *listeners);

/* How many descriptors they take: of sockets, and of unix sockets' directories.
 */
unsigned listeners_descriptors(const struct listeners *listeners);

/* Whether a predecessor listens on one of the addresses, too. */
bool listeners_take_over(const struct listeners *listeners);

/* Whether no predecessor listens any more on any of them. */
bool listeners_are_alone(const struct listeners *listeners);

/* Each does to every entry what the function of shards.h by the same name does;
 * the first two to those that had a predecessor. Where connections may still
 * begin, listeners_shut() says so. */
int listeners_retire_surplus(struct listeners *listeners);
void listeners_close_surplus(struct listeners *listeners);
void listeners_shut(struct listeners *listeners);
bool listeners_are_shaking_hands(const struct listeners *listeners);

/* Closes all sockets. The entrances stay, for the connections that have come in
 * there. */
void listeners_close(struct listeners *listeners);

/* Closes all sockets, and frees the entrances; no connection is left. */
void listeners_free(struct listeners *listeners);

#endif
