/*
 * balance: how the workers that are event loops deal new connections out among themselves.
 * The kernel deals by a hash, so that of few connections one loop may get many. A loop that
 * accepts one and has over a quarter more than another hands it over, into that one's inbox.
 */
#ifndef MTASYNC_SERVER_BALANCE_H
#define MTASYNC_SERVER_BALANCE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "server/entrance.h"
#include "server/mailbox.h"
#include "server/totals.h"

struct balance;

/* A connection on its way to another loop. */
struct handed {
	struct handed *next; /* in its inbox; NULL: the last */
	int fd;              /* owned */
	const struct entrance *entrance;
	struct sockaddr_storage peer;
};

/* Makes inboxes for so many workers, whose counters are in `totals`. Returns NULL where
 * memory is short. Main thread, as the next two. */
struct balance *balance_new(struct totals *totals, unsigned workers);

/* Opens a worker's inbox; it will be woken by `mailbox`. Before any thread runs. */
void balance_add(struct balance *balance, unsigned worker,
    const struct mailbox *mailbox);

/* Closes all that nobody has taken, and frees it; NULL: nothing. After all threads. */
void balance_free(struct balance *balance);

/* Hands a connection that `worker` has accepted over to the one with the fewest, and wakes
 * it. Returns false, and the caller keeps it, where `worker` has no more than a quarter more
 * than that one; or memory is short, or that one takes none any more. That worker's
 * thread. */
bool balance_hand(struct balance *balance, unsigned worker, int fd,
    const struct sockaddr_storage *peer, const struct entrance *entrance);

/* Calls open() for each connection in a worker's inbox, which owns its `fd` from then on; it
 * counts as on its way until that returns. Returns whether there was any. The worker's
 * thread, when it is woken. */
bool balance_take(struct balance *balance, unsigned worker,
    void (*open)(void *owner, const struct handed *handed), void *owner);

/* Shuts a worker's inbox for good. Returns false where one is on its way: the worker has
 * been woken for it, or is about to be, or opens it. Its thread. */
bool balance_leave(struct balance *balance, unsigned worker);

/* Returns how many are on their way to a worker. Any thread. */
uint64_t balance_waiting(const struct balance *balance, unsigned worker);

#endif
