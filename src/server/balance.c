/* Hands connections over; each function's thread is in balance.h. */
#include "config.h"

#include "server/balance.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/wire.h"

/* How many may be in an inbox: one that has so many is of a loop that is stuck. */
#define BALANCE_INBOX_MAX 64

/* What others write to, apart from what they write of another worker. */
struct inbox {
	alignas(STATS_LINE) struct handed *_Atomic first; /* or &balance_shut */
	_Atomic unsigned size;
	const struct mailbox *mailbox;
};

struct balance {
	struct totals *totals;
	unsigned count;
	struct inbox inboxes[];
};

/* The first of an inbox that is shut. */
static struct handed balance_shut;

struct balance *
balance_new(struct totals *totals, unsigned workers)
{
	const size_t size = sizeof(struct balance) +
			    workers * sizeof(struct inbox);
	struct balance *balance = aligned_alloc(STATS_LINE,
	    (size + STATS_LINE - 1) / STATS_LINE * STATS_LINE);

	if (balance == NULL)
		return NULL;
	memset(balance, 0, size);
	balance->totals = totals;
	balance->count = workers;
	return balance;
}

void
balance_add(struct balance *balance, unsigned worker,
    const struct mailbox *mailbox)
{
	balance->inboxes[worker].mailbox = mailbox;
}

void
balance_free(struct balance *balance)
{
	for (unsigned i = 0; balance != NULL && i < balance->count; i++) {
		struct handed *next, *handed = balance_take(balance, i);

		for (; handed != NULL; handed = next) {
			next = handed->next;
			wire_close(handed->fd);
			free(handed);
		}
	}
	free(balance);
}

/* Returns how many connections a worker has, and is about to have. */
static uint64_t
balance_load(const struct balance *balance, unsigned worker)
{
	const struct stats *stats = balance->totals->stats[worker];

	return stats_read(&stats->accepted) - stats_read(&stats->closed) +
	       atomic_load_explicit(&balance->inboxes[worker].size,
		   memory_order_relaxed);
}

/* Returns the worker with the fewest; or `worker`, where that has at most a quarter more,
 * the one at hand not counted. */
static unsigned
balance_pick(const struct balance *balance, unsigned worker)
{
	const uint64_t own = balance_load(balance, worker);
	uint64_t least = own;
	unsigned picked = worker;

	for (unsigned i = 0; i < balance->count; i++) {
		uint64_t load = balance_load(balance, i);

		if (load < least) {
			least = load;
			picked = i;
		}
	}
	return (own - least) * 4 > least + 1 ? picked : worker;
}

/* Puts a connection into an inbox, and wakes its worker unless who has put the one before it
 * does so. Returns false where it is shut. */
static bool
balance_put(struct inbox *inbox, struct handed *handed)
{
	struct handed *first = atomic_load(&inbox->first);

	do {
		if (first == &balance_shut)
			return false;
		handed->next = first;
	} while (!atomic_compare_exchange_weak(&inbox->first, &first, handed));
	if (first == NULL)
		mailbox_wake(inbox->mailbox);
	return true;
}

bool
balance_hand(struct balance *balance, unsigned worker, int fd,
    const struct sockaddr_storage *peer, const struct entrance *entrance)
{
	struct inbox *inbox = &balance->inboxes[balance_pick(balance, worker)];
	struct handed *handed;

	if (inbox == &balance->inboxes[worker] ||
	    atomic_load(&inbox->size) >= BALANCE_INBOX_MAX)
		return false;
	handed = malloc(sizeof(*handed));
	if (handed == NULL)
		return false;
	*handed = (struct handed){ NULL, fd, entrance, *peer };
	atomic_fetch_add(&inbox->size, 1);
	atomic_fetch_add(&balance->totals->handed, 1);
	if (balance_put(inbox, handed))
		return true;
	atomic_fetch_sub(&inbox->size, 1);
	atomic_fetch_sub(&balance->totals->handed, 1);
	free(handed);
	return false;
}

struct handed *
balance_take(struct balance *balance, unsigned worker)
{
	struct inbox *inbox = &balance->inboxes[worker];
	struct handed *first = atomic_load(&inbox->first);
	unsigned count = 0;

	do {
		if (first == NULL || first == &balance_shut)
			return NULL;
	} while (!atomic_compare_exchange_weak(&inbox->first, &first, NULL));
	for (const struct handed *handed = first; handed != NULL;
	     handed = handed->next)
		count++;
	atomic_fetch_sub(&inbox->size, count);
	atomic_fetch_sub(&balance->totals->handed, count);
	return first;
}

bool
balance_leave(struct balance *balance, unsigned worker)
{
	struct handed *none = NULL;

	return atomic_compare_exchange_strong(&balance->inboxes[worker].first,
		   &none, &balance_shut) ||
	       none == &balance_shut;
}
