/*
 * fork_join: a batch after the other.
 *
 * The first thread gathers all clients that are ready, forks a task for each of
 * them onto a fixed number of threads (--workers), joins them, that is, waits
 * until all tasks have ended, and only then gathers again. For work that can be
 * cut into equal parts that is a fine way to use all CPUs.
 *
 * Behind a /sleep: who is in the same batch is served by the other threads; who
 * comes later waits for the join, however quick its own answer would be.
 *
 * Breaks: as soon as the answers of a batch take unequal time. The slowest of
 * each holds all up who come after it.
 */
#include "config.h"

#include "models/blocking.h"
#include "models/models.h"

#define FORK_JOIN_BATCH_MAX 256

/* A batch; a local variable of fork_join_run(). */
struct fork_join {
	pthread_mutex_t lock;
	pthread_cond_t fork; /* there are tasks, or no more will come */
	pthread_cond_t join; /* all tasks have ended */
	struct client clients[FORK_JOIN_BATCH_MAX];
	unsigned count;
	unsigned begun;
	unsigned ended;
	bool closed; /* no more will come */
};

/* Takes a task of this batch or, when all are taken, waits for the next; false
 * where no more will come. */
static bool
fork_join_take(struct fork_join *batch, struct client *client)
{
	bool found;

	pthread_mutex_lock(&batch->lock);
	while (batch->begun == batch->count && !batch->closed)
		pthread_cond_wait(&batch->fork, &batch->lock);
	found = batch->begun < batch->count;
	if (found)
		*client = batch->clients[batch->begun++];
	pthread_mutex_unlock(&batch->lock);
	return found;
}

/* Serves tasks until no more will come; a thread of fork_join_run(). */
static void
fork_join_serve(struct crew *crew, void *arg)
{
	struct fork_join *batch = arg;
	struct client client;

	while (fork_join_take(batch, &client)) {
		blocking_serve(crew, &client);
		pthread_mutex_lock(&batch->lock);
		if (++batch->ended == batch->count)
			pthread_cond_signal(&batch->join);
		pthread_mutex_unlock(&batch->lock);
	}
}

/* Waits for one client, and accepts all others that are queued; returns how many.
 * It needs no lock: there is no task meanwhile, and no other thread looks at
 * `clients`. */
static unsigned
fork_join_gather(struct crew *crew, struct client *clients)
{
	unsigned count = 0;

	if (!crew_accept(crew, &clients[count]))
		return 0;
	do
		count++;
	while (count < FORK_JOIN_BATCH_MAX &&
	       crew_accept_ready(crew, &clients[count]));
	return count;
}

/* Has the threads serve a batch, and waits until all have ended; a batch of none
 * says that no more will come. */
static void
fork_join_do(struct fork_join *batch, unsigned count)
{
	pthread_mutex_lock(&batch->lock);
	batch->count = count;
	batch->begun = batch->ended = 0;
	batch->closed = count == 0;
	pthread_cond_broadcast(&batch->fork);
	while (batch->ended < batch->count)
		pthread_cond_wait(&batch->join, &batch->lock);
	batch->count = batch->begun = 0;
	pthread_mutex_unlock(&batch->lock);
}

static void
fork_join_run(struct crew *crew)
{
	struct fork_join batch = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.fork = PTHREAD_COND_INITIALIZER,
		.join = PTHREAD_COND_INITIALIZER };

	if (crew_hire_all(crew, fork_join_serve, &batch)) {
		unsigned count;

		while ((count = fork_join_gather(crew, batch.clients)) > 0)
			fork_join_do(&batch, count);
	}
	fork_join_do(&batch, 0);
	crew_await_hands(crew);
}

struct worker *
models_new_fork_join(const struct worker_host *host, unsigned index)
{
	(void)index; /* there is one */
	return crew_new(host, fork_join_run);
}
