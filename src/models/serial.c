/*
 * serial: one after the other.
 *
 * A single thread accepts a client, receives its request, answers it, closes
 * the connection, and only then looks for the next one. This is the first
 * server that one writes, and for quick answers it does well.
 *
 * Behind a /sleep: everybody waits, in the kernel's queue, until it has ended.
 * A client that connects and says nothing has the same effect.
 *
 * Breaks: as soon as one answer is slow. When the queue (--backlog) is full,
 * clients are not even connected any more.
 */
#include "config.h"

#include "models/blocking.h"
#include "models/models.h"

static void
serial_run(struct crew *crew)
{
	struct client client;

	while (crew_accept(crew, &client))
		blocking_serve(crew, &client);
}

struct worker *
models_new_serial(const struct worker_host *host, unsigned index)
{
	(void)index; /* there is one */
	return crew_new(host, serial_run);
}
