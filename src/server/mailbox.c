/* Orders and generations on their way to a worker, through atomic places. */
#include "config.h"

#include "server/mailbox.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "server/census.h"
#include "server/worker.h"

int
mailbox_open(struct mailbox *mailbox, const struct worker_host *host)
{
	*mailbox = (struct mailbox){ .host = host };
	mailbox->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return mailbox->wake == -1 ? -1 : 0;
}

void
mailbox_close(struct mailbox *mailbox)
{
	if (mailbox->wake != -1)
		close(mailbox->wake);
	mailbox->wake = -1;
	generation_release(atomic_exchange(&mailbox->generation, NULL));
	census_release(atomic_exchange(&mailbox->census, NULL));
}

bool
mailbox_ask(struct mailbox *mailbox, struct census *census)
{
	struct census *none = NULL;

	if (!atomic_compare_exchange_strong(&mailbox->census, &none,
		census_hold(census))) {
		census_release(census);
		return false;
	}
	mailbox_wake(mailbox);
	return true;
}

struct census *
mailbox_take_census(struct mailbox *mailbox)
{
	return atomic_exchange(&mailbox->census, NULL);
}

void
mailbox_order(struct mailbox *mailbox, enum worker_order order)
{
	if ((int)order <= atomic_load(&mailbox->order))
		return;
	atomic_store(&mailbox->order, order);
	mailbox_wake(mailbox);
}

enum worker_order
mailbox_done(const struct mailbox *mailbox)
{
	return (enum worker_order)atomic_load(&mailbox->order_done);
}

void
mailbox_send(struct mailbox *mailbox, struct generation *generation)
{
	generation_release(
	    atomic_exchange(&mailbox->generation, generation_hold(generation)));
	mailbox_wake(mailbox);
}

bool
mailbox_is_taken(const struct mailbox *mailbox)
{
	return atomic_load(&mailbox->generation) == NULL;
}

void
mailbox_wake(const struct mailbox *mailbox)
{
	uint64_t one = 1;

	if (write(mailbox->wake, &one, sizeof(one)) == -1)
		log_error("a worker can't be told: %m");
}

void
mailbox_rest(const struct mailbox *mailbox)
{
	uint64_t count;

	(void)!read(mailbox->wake, &count, sizeof(count));
}

struct generation *
mailbox_take(struct mailbox *mailbox)
{
	struct generation *generation = atomic_exchange(&mailbox->generation,
	    NULL);

	if (generation != NULL)
		mailbox->host->on_news(mailbox->host->server);
	return generation;
}

bool
mailbox_next(struct mailbox *mailbox, enum worker_order *order)
{
	*order = (enum worker_order)atomic_load(&mailbox->order);
	if (*order <= mailbox->order_seen)
		return false;
	mailbox->order_seen = *order;
	return true;
}

void
mailbox_report(struct mailbox *mailbox)
{
	atomic_store(&mailbox->order_done, mailbox->order_seen);
	mailbox->host->on_news(mailbox->host->server);
}
