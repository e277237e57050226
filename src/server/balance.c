/* Hands connections over; each function's thread is in balance.h. */
#include "config.h"

#include "server/balance.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/wire.h"

/* How many may be on their way to a worker: one that has so many has not turned for a while,
 * and the next would wait. */
#define BALANCE_INBOX_MAX 8

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

/* Its address, as the first of an inbox, says that this is shut. */
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

/* Counts `n` more connections, or fewer, as on their way to a worker. */
static void
balance_count(struct balance *balance, unsigned worker, int n)
{
	atomic_fetch_add(&balance->inboxes[worker].size, (unsigned)n);
	atomic_fetch_add(&balance->totals->handed, (unsigned)n);
}

static void
balance_close(void *unused, const struct handed *handed)
{
	(void)unused;
	wire_close(handed->fd);
}

void
balance_free(struct balance *balance)
{
	for (unsigned i = 0; balance != NULL && i < balance->count; i++)
		(void)balance_take(balance, i, balance_close, NULL);
	free(balance);
}

uint64_t
balance_waiting(const struct balance *balance, unsigned worker)
{
	return atomic_load_explicit(&balance->inboxes[worker].size,
	    memory_order_relaxed);
}

/* Returns how many connections a worker has, and is about to have. */
static uint64_t
balance_load(const struct balance *balance, unsigned worker)
{
	const struct stats *stats = balance->totals->stats[worker];

	return stats_read(&stats->accepted) - stats_read(&stats->closed) +
	       balance_waiting(balance, worker);
}

/* Returns the worker with the fewest of those that keep up with their inboxes; or `worker`,
 * unless that has over a quarter more, the one at hand not counted. */
static unsigned
balance_pick(const struct balance *balance, unsigned worker)
{
	const uint64_t own = balance_load(balance, worker);
	uint64_t least = own;
	unsigned picked = worker;

	for (unsigned i = 0; i < balance->count; i++) {
		uint64_t load = balance_load(balance, i);

		if (load < least &&
		    balance_waiting(balance, i) < BALANCE_INBOX_MAX) {
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
	unsigned picked = balance_pick(balance, worker);
	struct handed *handed;

	if (picked == worker)
		return false;
	handed = malloc(sizeof(*handed));
	if (handed == NULL)
		return false;
	*handed = (struct handed){ NULL, fd, entrance, *peer };
	balance_count(balance, picked, 1);
	if (balance_put(&balance->inboxes[picked], handed))
		return true;
	balance_count(balance, picked, -1);
	free(handed);
	return false;
}

bool
balance_take(struct balance *balance, unsigned worker,
    void (*open)(void *owner, const struct handed *handed), void *owner)
{
	struct inbox *inbox = &balance->inboxes[worker];
	struct handed *next, *handed = atomic_load(&inbox->first);

	do {
		if (handed == NULL || handed == &balance_shut)
			return false;
	} while (!atomic_compare_exchange_weak(&inbox->first, &handed, NULL));
	for (; handed != NULL; handed = next) {
		next = handed->next;
		open(owner, handed);
		free(handed);
		balance_count(balance, worker, -1);
	}
	return true;
}

bool
balance_leave(struct balance *balance, unsigned worker)
{
	struct inbox *inbox = &balance->inboxes[worker];
	struct handed *none = NULL;

	return balance_waiting(balance, worker) == 0 &&
	       (atomic_compare_exchange_strong(&inbox->first, &none,
		    &balance_shut) ||
		   none == &balance_shut);
}
