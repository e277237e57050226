/* All addresses that are listened on; main thread. */
#include "config.h"

#include "server/listeners.h"

#include <errno.h>
#include <stdlib.h>

#include "base/activation.h"
#include "base/log.h"

/* Returns what the operator can do about an address that can't be had. */
static const char *
listeners_advice(int error, bool take_over)
{
	switch (error) {
	case EADDRINUSE:
		return take_over
			   ? "it is not an mtasync of the same user, or not "
			     "at just this address, that could be taken over"
			   : "stop what listens there, choose another port, or "
			     "take its place with --take-over";
	case EACCES:
		return "ports below 1024 are for root; choose another one";
	case EADDRNOTAVAIL:
		return "it is no address of this machine";
	case EOPNOTSUPP:
		return "the kernel does not tell who listens there (inet_diag):"
		       " start without --take-over";
	case EMFILE:
		return "raise the limit of file descriptors (ulimit -Hn), or "
		       "ask for fewer workers or addresses";
	default:
		return "choose another address";
	}
}

static void
listeners_refuse(const struct listener_address *address, bool take_over)
{
	char text[LISTENER_TEXT_MAX];
	int error = errno;

	listener_format(text, address);
	errno = error;
	log_error("can't listen on %s: %m: %s", text,
	    listeners_advice(error, take_over));
}

/* Counts in the next shards of the list, which are open, with an entrance that
 * is as `wanted`, but at the address where they are. */
static void
listeners_add(struct listeners *listeners, const struct entrance *wanted)
{
	struct entrance *entrance = &listeners->entrances[listeners->count];

	*entrance = *wanted;
	entrance->address = listeners->list[listeners->count].address;
	listeners->count++;
}

static int
listeners_bind(struct listeners *listeners,
    const struct listeners_wanted *wanted)
{
	for (unsigned i = 0; i < wanted->count; i++) {
		struct shards *shards = &listeners->list[listeners->count];
		const struct entrance *entrance = &wanted->entrances[i];

		if (shards_bind(shards, &entrance->address, wanted->workers,
			wanted->take_over) == -1) {
			listeners_refuse(&entrance->address, wanted->take_over);
			return -1;
		}
		listeners_add(listeners, entrance);
	}
	return 0;
}

static int
listeners_inherit(struct listeners *listeners,
    const struct listeners_wanted *wanted)
{
	const struct entrance entrance = { .routes = app_site_routes };

	for (unsigned i = 0; i < wanted->inherited; i++) {
		struct shards *shards = &listeners->list[listeners->count];
		int fd = ACTIVATION_FIRST + (int)i;

		if (shards_inherit(shards, fd, wanted->workers) == -1) {
			log_error("can't use descriptor %d of LISTEN_FDS: %m: "
				  "hand over TCP sockets that listen",
			    fd);
			return -1;
		}
		listeners_add(listeners, &entrance);
	}
	return 0;
}

int
listeners_open(struct listeners *listeners,
    const struct listeners_wanted *wanted)
{
	unsigned count = wanted->count + wanted->inherited;

	listeners->list = calloc(count, sizeof(*listeners->list));
	listeners->entrances = calloc(count, sizeof(*listeners->entrances));
	if (listeners->list == NULL || listeners->entrances == NULL) {
		log_error("no memory for the listeners");
		return -1;
	}
	if (listeners_inherit(listeners, wanted) == -1)
		return -1;
	return listeners_bind(listeners, wanted);
}

int
listeners_listen(struct listeners *listeners, int backlog)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (shards_listen(&listeners->list[i], backlog) == -1)
			return -1;
	return 0;
}

unsigned
listeners_sockets(const struct listeners *listeners)
{
	unsigned sockets = 0;

	for (unsigned i = 0; i < listeners->count; i++)
		sockets += listeners->list[i].count;
	return sockets;
}

bool
listeners_take_over(const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0)
			return true;
	return false;
}

bool
listeners_are_alone(const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0 &&
		    !shards_are_alone(&listeners->list[i]))
			return false;
	return true;
}

void
listeners_retire_surplus(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0)
			shards_retire_surplus(&listeners->list[i]);
}

void
listeners_close_surplus(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0)
			shards_close_surplus(&listeners->list[i]);
}

void
listeners_shut(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		shards_shut(&listeners->list[i]);
}

bool
listeners_are_shaking_hands(const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (shards_are_shaking_hands(&listeners->list[i]))
			return true;
	return false;
}

void
listeners_close(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		shards_close(&listeners->list[i]);
}

void
listeners_free(struct listeners *listeners)
{
	listeners_close(listeners);
	free(listeners->list);
	free(listeners->entrances);
	*listeners = (struct listeners){ 0 };
}
