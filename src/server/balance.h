/*
 * balance: how the workers that are event loops deal connections out among themselves. The
 * kernel deals by a hash, so that of few connections one loop may get many. Who accepts one
 * while another loop has fewer by more than a quarter hands it over to that loop's inbox.
 */
#ifndef MTASYNC_SERVER_BALANCE_H
#define MTASYNC_SERVER_BALANCE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "server/entrance.h"
#include "server/mailbox.h"
#include "server/totals.h"

struct balance;

/* A connection on its way to another loop; who has it frees it, and owns `fd`. */
struct handed {
	struct handed *next; /* of a list, NULL: the last */
	int fd;
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
 * it. Returns false where none has fewer by more than a quarter, or memory is short, or
 * that one takes none: the caller keeps it. That worker's thread. */
bool balance_hand(struct balance *balance, unsigned worker, int fd,
    const struct sockaddr_storage *peer, const struct entrance *entrance);

/* Takes all that is in a worker's inbox; NULL: nothing is. Its thread, when it is woken. */
struct handed *balance_take(struct balance *balance, unsigned worker);

/* Shuts a worker's inbox for good. Returns false where something is in it, for which the
 * worker has been woken, or is about to be. Its thread. */
bool balance_leave(struct balance *balance, unsigned worker);

#endif
