/*
 * The threads of a crew. The main thread calls the functions of crew_kind, any
 * thread those under the last heading; all others run on the thread that runs
 * the model. How that one accepts is in accepting.c.
 */
#include "config.h"

#include "models/crew.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wire.h"

/* What crew_hire() hands to a new thread, crew_hand(). */
struct crew_task {
	struct crew *crew;
	void (*work)(struct crew *crew, void *arg);
	void *arg;
};

/* ---- the main thread's side ---- */

static struct crew *
crew_of_worker(struct worker *worker)
{
	return (struct crew *)worker; /* its first member */
}

static int
crew_open_listeners(struct crew *crew)
{
	const struct listeners *listeners = crew->host->listeners;
	unsigned sockets = listeners_sockets(listeners);

	crew->listeners = calloc(sockets, sizeof(*crew->listeners));
	crew->polled = calloc(1 + sockets, sizeof(*crew->polled));
	if (crew->listeners == NULL || crew->polled == NULL)
		return -1;
	for (unsigned i = 0; i < listeners->count; i++) {
		const struct shards *shards = &listeners->list[i];

		for (unsigned k = 0; k < shards->count; k++)
			crew->listeners[crew->count++] = (struct crew_listener){
				.fd = shards->fds[k],
				.entrance = &listeners->entrances[i],
				.inherited = shards->inherited,
				.shared = shards->shared
			};
	}
	return 0;
}

static int
crew_open(struct crew *crew)
{
	crew->drain = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	crew->cut = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	crew->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox_open(&crew->worker.mailbox, crew->host) == -1 ||
	    crew->drain == -1 || crew->cut == -1 || crew->stop == -1 ||
	    app_open(&crew->app, &crew->config->app) == -1 ||
	    crew_open_listeners(crew) == -1)
		return -1;
	totals_add(crew->host->totals, &crew->stats);
	return 0;
}

/* Notes which listeners are surplus (closed after a hand-over): that is known
 * only after listen(2). */
static void
crew_note_surplus(struct crew *crew)
{
	const struct listeners *listeners = crew->host->listeners;
	struct crew_listener *next = crew->listeners;

	for (unsigned i = 0; i < listeners->count; i++)
		for (unsigned k = 0; k < listeners->list[i].count; k++, next++)
			next->surplus = !next->inherited &&
					shards_is_surplus(&listeners->list[i],
					    k);
}

static void *
crew_thread(void *arg)
{
	struct crew *crew = arg;

	if (sandbox_enter(&crew->config->sandbox, ROLE_CREW) == 0)
		crew->run(crew);
	crew_await_hands(crew);
	if (!crew->accepting)
		sem_post(&crew->ready);
	crew->host->on_end(crew->host->server);
	return NULL;
}

static int
crew_start(struct worker *worker)
{
	struct crew *crew = crew_of_worker(worker);

	crew_note_surplus(crew);
	errno = pthread_create(&crew->thread, NULL, crew_thread, crew);
	crew->started = errno == 0;
	if (!crew->started) {
		log_error("the thread that accepts can't be started: %m");
		return -1;
	}
	while (sem_wait(&crew->ready) == -1)
		; /* EINTR */
	return crew->accepting ? 0 : -1;
}

/* Makes an eventfd readable for good. */
static void
crew_signal(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) == -1)
		log_error("the crew can't be told: %m");
}

/* Wakes all threads that wait for a client. The mailbox would wake only the
 * thread that accepts, and not while it serves a client itself. */
static void
crew_on_order(struct worker *worker, enum worker_order order)
{
	const struct crew *crew = crew_of_worker(worker);

	if (order >= WORKER_DRAIN)
		crew_signal(crew->drain);
	if (order >= WORKER_CUT)
		crew_signal(crew->cut);
	if (order >= WORKER_STOP)
		crew_signal(crew->stop);
}

static void
crew_join(struct worker *worker)
{
	struct crew *crew = crew_of_worker(worker);

	if (crew->started)
		pthread_join(crew->thread, NULL);
	crew->started = false;
}

static void
crew_free(struct worker *worker)
{
	struct crew *crew = crew_of_worker(worker);
	const int fds[] = { crew->drain, crew->cut, crew->stop };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			close(fds[i]);
	mailbox_close(&crew->worker.mailbox);
	app_close(&crew->app);
	free(crew->listeners);
	free(crew->polled);
	sem_destroy(&crew->ready);
	pthread_cond_destroy(&crew->idle);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

static const struct worker_kind crew_kind = {
	.start = crew_start,
	.on_order = crew_on_order,
	.join = crew_join,
	.free = crew_free,
};

struct worker *
crew_new(const struct worker_host *host, void (*run)(struct crew *crew))
{
	struct crew *crew = calloc(1, sizeof(*crew));

	if (crew == NULL)
		return NULL;
	crew->worker.kind = &crew_kind;
	crew->host = host;
	crew->config = host->config;
	crew->run = run;
	crew->drain = crew->cut = crew->stop = -1;
	sem_init(&crew->ready, 0, 0);
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->idle, NULL);
	if (crew_open(crew) == 0)
		return &crew->worker;

	int error = errno;

	crew_free(&crew->worker);
	errno = error;
	return NULL;
}

/* ---- hands ---- */

static void *
crew_hand(void *arg)
{
	struct crew_task task = *(struct crew_task *)arg;
	struct crew *crew = task.crew;

	free(arg);
	task.work(crew, task.arg);
	pthread_mutex_lock(&crew->lock);
	if (--crew->hands == 0)
		pthread_cond_signal(&crew->idle);
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void
crew_add_hands(struct crew *crew, int count)
{
	pthread_mutex_lock(&crew->lock);
	crew->hands += (unsigned)count;
	pthread_mutex_unlock(&crew->lock);
}

bool
crew_hire(struct crew *crew, void (*work)(struct crew *crew, void *arg),
    void *arg)
{
	struct crew_task *task = malloc(sizeof(*task));
	pthread_t thread;

	if (task == NULL)
		return false;
	*task = (struct crew_task){ crew, work, arg };
	crew_add_hands(crew, 1);
	errno = pthread_create(&thread, NULL, crew_hand, task);
	if (errno == 0) {
		pthread_detach(thread);
		return true;
	}
	crew_add_hands(crew, -1);
	free(task);
	return false;
}

bool
crew_hire_all(struct crew *crew, void (*work)(struct crew *crew, void *arg),
    void *arg)
{
	for (unsigned i = 0; i < crew->config->threads; i++)
		if (!crew_hire(crew, work, arg)) {
			log_error("thread %u of %u can't be started: %m", i + 1,
			    crew->config->threads);
			return false;
		}
	return true;
}

void
crew_await_hands(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	while (crew->hands > 0)
		pthread_cond_wait(&crew->idle, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
}

void
crew_turn_away(struct crew *crew, const struct client *client)
{
	if (totals_may_say(crew->host->totals))
		log_error("a client is turned away, for whom there is no "
			  "thread: %m");
	wire_reset(client->fd);
	crew_forget(crew, 0, 0);
}

/* ---- any thread ---- */

struct app *
crew_take_app(struct crew *crew)
{
	struct generation *generation;

	pthread_mutex_lock(&crew->lock);
	generation = mailbox_take(&crew->worker.mailbox);
	if (generation != NULL)
		app_use_root(&crew->app, generation);
	return &crew->app;
}

void
crew_give_app(struct crew *crew)
{
	pthread_mutex_unlock(&crew->lock);
}

void
crew_forget(struct crew *crew, uint64_t received, uint64_t sent)
{
	pthread_mutex_lock(&crew->lock);
	stats_add(&crew->stats.closed, 1);
	stats_add(&crew->stats.received, received);
	stats_add(&crew->stats.sent, sent);
	pthread_mutex_unlock(&crew->lock);
	if (atomic_load(&crew->full))
		mailbox_wake(&crew->worker.mailbox);
}
