/* The sockets of one address; owns them. Main thread. */
#include "config.h"

#include "base/shards.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sock_diag.h"

/* Returns the place among fds[] of the first surplus shard. Behind the surplus
 * ones lie as many as the predecessor has: these are the ones that move to its
 * indices when it goes, which leaves the surplus ones last in the group. */
static unsigned
shards_first_surplus(const struct shards *shards)
{
	return shards->count - shards->workers - shards->before;
}

bool
shards_is_surplus(const struct shards *shards, unsigned number)
{
	unsigned first = shards_first_surplus(shards);

	return shards->before > 0 && number >= first &&
	       number < first + shards->workers;
}

bool
shards_are_for(const struct shards *shards, unsigned number, unsigned worker)
{
	return shards->shared || number % shards->workers == worker;
}

/*
 * Returns how many shards to bind: one for each worker. In a predecessor's
 * place, one surplus shard for each worker, and as many more as fill the
 * predecessor's indices, rounded up so that each worker has equally many.
 */
static unsigned
shards_wanted(const struct shards *shards)
{
	unsigned workers = shards->workers;

	if (shards->before == 0)
		return workers;
	return (shards->before + workers - 1) / workers * workers + workers;
}

/* Counts the predecessor's sockets into `before`, unless they have been shut:
 * those are of no group any more. Where there are none, claims the address, which
 * fails where anybody else has it. */
static int
shards_claim(struct shards *shards, const struct shards_terms *terms)
{
	const struct listener_address *address = &shards->address;
	bool join = terms->take_over && !listener_has_any_port(address);
	int others = join ? sock_diag_count_listening(address) : 0, open = 0;

	if (others > 0)
		open = sock_diag_count_open(address);
	if (others < 0 || open < 0)
		return -1;
	shards->before = (unsigned)open;
	return others > 0 ? 0
			  : listener_claim(&shards->address, terms->freebind);
}

/* Binds the next shard. Returns 0, or -1 with errno. */
static int
shards_bind_next(struct shards *shards, const struct shards_terms *terms)
{
	const struct listener_address *address = &shards->address;
	int fd;

	if (listener_is_unix(address))
		fd = unix_socket_bind(&shards->file,
		    (const struct sockaddr_un *)&address->socket,
		    &address->rights, terms->take_over);
	else
		fd = listener_bind(address, terms->freebind);
	if (fd == -1)
		return -1;
	shards->fds[shards->count++] = fd;
	return 0;
}

int
shards_bind(struct shards *shards, const struct listener_address *address,
    const struct shards_terms *terms)
{
	unsigned wanted = 1;

	*shards = (struct shards){ .address = *address,
		.workers = terms->workers,
		.shared = listener_is_unix(address) };
	if (!shards->shared) {
		if (shards_claim(shards, terms) == -1)
			return -1;
		wanted = shards_wanted(shards);
	}
	shards->fds = calloc(wanted, sizeof(*shards->fds));
	if (shards->fds == NULL)
		return -1;
	while (shards->count < wanted)
		if (shards_bind_next(shards, terms) == -1) {
			int saved = errno;

			shards_close(shards);
			errno = saved;
			return -1;
		}
	return 0;
}

int
shards_inherit(struct shards *shards, int fd, unsigned workers)
{
	*shards = (struct shards){ .workers = workers,
		.shared = true,
		.inherited = true };
	if (listener_inherit(fd, &shards->address) == -1)
		return -1;
	shards->fds = malloc(sizeof(*shards->fds));
	if (shards->fds == NULL)
		return -1;
	shards->fds[0] = fd;
	shards->count = 1;
	return 0;
}

/* Lowers `before` by those of the predecessor's sockets that have gone, or been
 * shut, since shards_claim() counted them. */
static void
shards_count_again(struct shards *shards)
{
	int others = sock_diag_count_open(&shards->address);

	if (others >= 0 && (unsigned)others < shards->before)
		shards->before = (unsigned)others;
}

int
shards_listen(struct shards *shards, int backlog)
{
	if (listener_is_unix(&shards->address))
		return shards->inherited ? 0 : listen(shards->fds[0], backlog);
	if (shards->before > 0)
		shards_count_again(shards);
	for (unsigned i = 0; i < shards->count; i++)
		if (listener_tune(shards->fds[i]) == -1 ||
		    (!shards->inherited &&
			listen(shards->fds[i], backlog) == -1))
			return -1;
	if (shards->before == 0)
		return 0;
	return listener_steer(shards->fds[0], shards->before, shards->workers);
}

/* Sockets that have been shut count, too: they keep their index until they are
 * closed. */
bool
shards_are_alone(const struct shards *shards)
{
	return sock_diag_count_listening(&shards->address) ==
	       (int)shards->count;
}

int
shards_retire_surplus(struct shards *shards)
{
	/* where we are not alone, a successor of ours has just come, and
	 * steers itself */
	if (!shards_are_alone(shards))
		return 0;
	return listener_steer(shards->fds[0], 0,
	    shards->count - shards->workers);
}

void
shards_close_surplus(struct shards *shards)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < shards->count; i++)
		if (shards_is_surplus(shards, i))
			close(shards->fds[i]);
		else
			shards->fds[kept++] = shards->fds[i];
	shards->count = kept;
	shards->before = 0;
	/* where we are not alone, the program may be a successor's by now */
	if (shards_are_alone(shards))
		listener_stop_steering(shards->fds[0]);
}

/* Gives new connections back to the predecessor. Where fewer of its sockets are
 * open, it is told to stop, too; where there are more, a successor has come, and
 * steers itself. */
static void
shards_give_back(const struct shards *shards)
{
	unsigned all = shards->count + shards->before;

	if (shards->before > 0 &&
	    sock_diag_count_open(&shards->address) == (int)all)
		(void)listener_steer(shards->fds[0], 0, shards->before);
}

int
shards_shut(struct shards *shards)
{
	int result = 0;

	shards_give_back(shards);
	if (shards->inherited)
		return 0;
	unix_socket_remove(&shards->file);
	for (unsigned i = 0; i < shards->count; i++)
		if ((shards->shared ? shutdown(shards->fds[i], SHUT_RD)
				    : listener_shut(shards->fds[i])) == -1)
			result = -1;
	return result;
}

bool
shards_are_shaking_hands(const struct shards *shards)
{
	return shards->count > 0 && !shards->shared &&
	       sock_diag_count_handshakes(&shards->address) != 0;
}

void
shards_close(struct shards *shards)
{
	unix_socket_remove(&shards->file);
	for (unsigned i = 0; i < shards->count; i++)
		close(shards->fds[i]);
	free(shards->fds);
	shards->fds = NULL;
	shards->count = 0;
}
