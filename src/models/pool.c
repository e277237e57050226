/*
 * pool: a fixed number of threads, and a queue.
 *
 * The first thread accepts, and puts each client into a queue. A number of
 * others (--workers) take the clients out of it, one at a time, and serve them.
 * What the threads cost is known beforehand, however many clients come.
 *
 * Behind a /sleep: nobody waits, as long as a thread is free.
 *
 * Breaks: when as many requests sleep as there are threads. Then all others
 * wait, the first ones in the queue, the next ones, when it is full, in the
 * kernel's; as behind a single sleep in a server that is serial.
 */
#include "config.h"

#include "models/blocking.h"
#include "models/models.h"

#define POOL_QUEUE_MAX 128

/* The queue of clients that wait for a thread; a local variable of pool_run(). */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t room; /* the queue is not full any more */
	pthread_cond_t work; /* a client is queued, or no more will come */
	struct client queue[POOL_QUEUE_MAX];
	unsigned first;
	unsigned count;
	bool closed; /* no more will come */
};

static void
pool_put(struct pool *pool, const struct client *client)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->count == POOL_QUEUE_MAX)
		pthread_cond_wait(&pool->room, &pool->lock);
	pool->queue[(pool->first + pool->count++) % POOL_QUEUE_MAX] = *client;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

/* Waits for a client; false: no more will come. */
static bool
pool_take(struct pool *pool, struct client *client)
{
	bool found;

	pthread_mutex_lock(&pool->lock);
	while (pool->count == 0 && !pool->closed)
		pthread_cond_wait(&pool->work, &pool->lock);
	found = pool->count > 0;
	if (found) {
		*client = pool->queue[pool->first];
		pool->first = (pool->first + 1) % POOL_QUEUE_MAX;
		pool->count--;
		pthread_cond_signal(&pool->room);
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

/* Serves clients of the queue until no more will come; a thread of the pool. */
static void
pool_serve(struct crew *crew, void *arg)
{
	struct pool *pool = arg;
	struct client client;

	while (pool_take(pool, &client))
		blocking_serve(crew, &client);
}

/* Says that no more will come: the threads end when the queue is empty. */
static void
pool_close(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

static void
pool_run(struct crew *crew)
{
	struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.room = PTHREAD_COND_INITIALIZER,
		.work = PTHREAD_COND_INITIALIZER };
	struct client client;

	if (crew_hire_all(crew, pool_serve, &pool))
		while (crew_accept(crew, &client))
			pool_put(&pool, &client);
	pool_close(&pool);
	crew_await_hands(crew);
}

struct worker *
models_new_pool(const struct worker_host *host, unsigned index)
{
	(void)index; /* there is one */
	return crew_new(host, pool_run);
}
