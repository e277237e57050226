/* All addresses that are listened on; main thread. */
#include "config.h"

#include "server/listeners.h"

#include <errno.h>
#include <stdlib.h>

#include "base/activation.h"
#include "base/log.h"

/* How many free ports are tried for several addresses of one name. */
#define LISTENERS_PORT_TRIES 8

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
		return "it is no address of this machine; if it will be one "
		       "later, start with --freebind";
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

/* The same for a unix socket. */
static const char *
listeners_advise_unix(int error, bool take_over)
{
	switch (error) {
	case EADDRINUSE:
		return take_over ? "another server has come there meanwhile"
				 : "stop what listens there, choose another "
				   "path, or take its place with --take-over";
	case EEXIST:
		return "it is no socket: remove it, or choose another path";
	case EPERM:
		return "only root gives it to a group that mtasync is not in";
	case EACCES:
		return "mtasync needs to write in its directory, and to connect"
		       " to a socket that is there already";
	case ENOENT:
		return "make its directory first";
	default:
		return "choose another path";
	}
}

static void
listeners_refuse(const struct listener_address *address, bool take_over)
{
	char text[LISTENER_TEXT_MAX];
	int error = errno;
	const char *advice = listener_is_unix(address)
				 ? listeners_advise_unix(error, take_over)
				 : listeners_advice(error, take_over);

	listener_format(text, address);
	errno = error;
	log_error("can't listen on %s: %m: %s", text, advice);
}

/* Counts in the next shards of the list, which are open, with an entrance at the address
 * where they are. */
static void
listeners_add(struct listeners *listeners, const struct listeners_place *place)
{
	listeners->entrances[listeners->count] = (struct entrance){
		.address = listeners->list[listeners->count].address,
		.routes = place->routes,
		.proxied = place->proxied,
		.tls = place->tls,
		.act = place->act
	};
	listeners->count++;
}

/* Whether an address is lacking on this machine, or the address's family is. */
static bool
listeners_is_lacking(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/*
 * Binds the addresses of a place that the machine has, where the port is 0, to
 * the port of the first. Returns 0; or -1 with errno, and *failed is the address
 * that could not be had.
 */
static int
listeners_bind_addresses(struct listeners *listeners,
    const struct listeners_place *place, const struct shards_terms *terms,
    struct listener_address *failed)
{
	unsigned before = listeners->count;
	in_port_t port = 0;
	int lacking = 0;

	for (unsigned i = 0; i < place->addresses.count; i++) {
		struct shards *shards = &listeners->list[listeners->count];
		struct listener_address address = place->addresses.list[i];

		if (listener_has_any_port(&address))
			listener_set_port(&address, port);
		if (shards_bind(shards, &address, terms) == 0) {
			port = listener_port(&shards->address);
			listeners_add(listeners, place);
			continue;
		}
		if (lacking == 0)
			*failed = address;
		if (!listeners_is_lacking(errno)) {
			*failed = address;
			return -1;
		}
		lacking = errno;
	}
	errno = lacking;
	return listeners->count > before ? 0 : -1;
}

/* Closes those of the list from number `first` on, which leaves it shorter. */
static void
listeners_cut(struct listeners *listeners, unsigned first)
{
	while (listeners->count > first)
		shards_close(&listeners->list[--listeners->count]);
}

/* Binds a place. A free port that is taken at another of its addresses makes it
 * try another one. Returns 0, or -1 and has said why. */
static int
listeners_bind_place(struct listeners *listeners,
    const struct listeners_place *place, const struct shards_terms *terms)
{
	bool any_port = listener_has_any_port(&place->addresses.list[0]);
	unsigned before = listeners->count;
	struct listener_address failed;

	for (int i = 0; i < LISTENERS_PORT_TRIES; i++) {
		int error;

		if (listeners_bind_addresses(listeners, place, terms,
			&failed) == 0)
			return 0;
		error = errno;
		listeners_cut(listeners, before);
		errno = error;
		if (!any_port || error != EADDRINUSE)
			break;
	}
	listeners_refuse(&failed, terms->take_over);
	return -1;
}

static int
listeners_inherit(struct listeners *listeners,
    const struct listeners_wanted *wanted)
{
	for (unsigned i = 0; i < wanted->inherited; i++) {
		struct shards *shards = &listeners->list[listeners->count];
		int fd = ACTIVATION_FIRST + (int)i;

		if (shards_inherit(shards, fd, wanted->terms.workers) == -1) {
			log_error("can't use descriptor %d of LISTEN_FDS: %m: "
				  "hand over TCP or unix sockets that listen",
			    fd);
			return -1;
		}
		listeners_add(listeners,
		    &(struct listeners_place){ .routes = wanted->routes });
	}
	return 0;
}

unsigned
listeners_count_addresses(const struct listeners_wanted *wanted)
{
	unsigned addresses = 0;

	for (unsigned i = 0; i < wanted->count; i++)
		addresses += wanted->places[i].addresses.count;
	return addresses;
}

int
listeners_open(struct listeners *listeners,
    const struct listeners_wanted *wanted)
{
	unsigned count = listeners_count_addresses(wanted) + wanted->inherited;

	listeners->list = calloc(count, sizeof(*listeners->list));
	listeners->entrances = calloc(count, sizeof(*listeners->entrances));
	if (listeners->list == NULL || listeners->entrances == NULL) {
		log_error("no memory for the listeners");
		return -1;
	}
	if (listeners_inherit(listeners, wanted) == -1)
		return -1;
	for (unsigned i = 0; i < wanted->count; i++)
		if (listeners_bind_place(listeners, &wanted->places[i],
			&wanted->terms) == -1)
			return -1;
	return 0;
}

bool
listeners_have_names(const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].file.bound)
			return true;
	return false;
}

int
listeners_publish(struct listeners *listeners, bool take_over)
{
	for (unsigned i = 0; i < listeners->count; i++) {
		struct shards *shards = &listeners->list[i];

		if (!shards->file.bound ||
		    unix_socket_publish(&shards->file) == 0)
			continue;
		listeners_refuse(&shards->address, take_over);
		for (unsigned k = 0; k < listeners->count; k++)
			unix_socket_remove(&listeners->list[k].file);
		return -1;
	}
	for (unsigned i = 0; i < listeners->count; i++)
		unix_socket_confirm(&listeners->list[i].file);
	return 0;
}

void
listeners_leave_names(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		unix_socket_leave(&listeners->list[i].file);
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

unsigned
listeners_descriptors(const struct listeners *listeners)
{
	unsigned descriptors = listeners_sockets(listeners);

	for (unsigned i = 0; i < listeners->count; i++)
		descriptors += listeners->list[i].file.bound;
	return descriptors;
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

int
listeners_retire_surplus(struct listeners *listeners)
{
	int result = 0;

	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0 &&
		    shards_retire_surplus(&listeners->list[i]) == -1)
			result = -1;
	return result;
}

void
listeners_close_surplus(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (listeners->list[i].before > 0)
			shards_close_surplus(&listeners->list[i]);
}

/* Says what may be lost at an address whose sockets can't be shut, by errno. */
static void
listeners_warn(const struct listener_address *address)
{
	char text[LISTENER_TEXT_MAX];
	int error = errno;

	listener_format(text, address);
	errno = error;
	log_error("clients that come to %s while it closes may be lost, since "
		  "it can't be shut before: %m",
	    text);
}

void
listeners_shut(struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++)
		if (shards_shut(&listeners->list[i]) == -1)
			listeners_warn(&listeners->list[i].address);
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
