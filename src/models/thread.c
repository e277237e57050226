/*
 * thread: one for each connection.
 *
 * The first thread accepts, and has a new thread serve each client. The system
 * deals the CPUs out among the threads, and a thread that sleeps takes none.
 *
 * Behind a /sleep: nobody waits.
 *
 * Breaks: when there are many. Nothing bounds the threads but memory and what
 * the system allows, so that whoever opens connections fast enough takes all
 * of it: a denial of service. Who gets no thread is turned away by a reset.
 * --max-conns sets a bound; those above it wait in the kernel's queue.
 */
#include "config.h"

#include <stdlib.h>

#include "models/blocking.h"
#include "models/models.h"

/* The thread of one client. */
static void
thread_serve(struct crew *crew, void *arg)
{
	struct client client = *(struct client *)arg;

	free(arg);
	blocking_serve(crew, &client);
}

/* Returns false, with errno, where there is no thread or no memory for it. */
static bool
thread_start(struct crew *crew, const struct client *client)
{
	struct client *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return false;
	*copy = *client;
	if (crew_hire(crew, thread_serve, copy))
		return true;
	free(copy);
	return false;
}

static void
thread_run(struct crew *crew)
{
	struct client client;

	while (crew_accept(crew, &client))
		if (!thread_start(crew, &client))
			crew_turn_away(crew, &client);
}

struct worker *
models_new_thread(const struct worker_host *host, unsigned index)
{
	(void)index; /* there is one */
	return crew_new(host, thread_run);
}
