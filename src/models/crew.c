/*
 * The crew's threads, how they accept and obey. The functions of its kind are
 * the main thread's, and crew_count() is anybody's; all else runs on the thread
 * that runs the model.
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

/* How long a full server waits before it looks for room again, in ms. */
#define CREW_ROOM_TICK 50

struct crew_listener {
	int fd; /* -1: it is left */
	bool inherited;
	bool passing; /* one that we give up after a hand-over */
	bool leaving; /* as soon as nobody is queued there */
};

/* What comes of a look at a queue. */
enum crew_look {
	CREW_CLIENT, /* there was one */
	CREW_NOBODY,
	CREW_FULL, /* no room, no descriptor or no memory for one more */
};

/* What a hand is to do. */
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
				.inherited = shards->inherited
			};
	}
	return 0;
}

static int
crew_open(struct crew *crew)
{
	crew->inbox = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	crew->drain = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	crew->cut = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	crew->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (crew->inbox == -1 || crew->drain == -1 || crew->cut == -1 ||
	    crew->stop == -1 ||
	    app_open(&crew->app, &crew->config->app) == -1 ||
	    crew_open_listeners(crew) == -1)
		return -1;
	totals_add(crew->host->totals, &crew->stats);
	return 0;
}

/* Which of them pass is known once they listen. */
static void
crew_note_passing(struct crew *crew)
{
	const struct listeners *listeners = crew->host->listeners;
	struct crew_listener *next = crew->listeners;

	for (unsigned i = 0; i < listeners->count; i++)
		for (unsigned k = 0; k < listeners->list[i].count; k++, next++)
			next->passing = !next->inherited &&
					shards_pass(&listeners->list[i], k);
}

static void *
crew_thread(void *arg)
{
	struct crew *crew = arg;

	crew->confined = sandbox_enter(&crew->config->sandbox, ROLE_CREW) == 0;
	sem_post(&crew->ready);
	if (crew->confined)
		crew->run(crew);
	crew_await_hands(crew);
	crew->host->on_end(crew->host->server);
	return NULL;
}

static int
crew_start(struct worker *worker)
{
	struct crew *crew = crew_of_worker(worker);

	crew_note_passing(crew);
	errno = pthread_create(&crew->thread, NULL, crew_thread, crew);
	crew->started = errno == 0;
	if (!crew->started) {
		log_error("the thread that accepts can't be started: %m");
		return -1;
	}
	while (sem_wait(&crew->ready) == -1)
		; /* EINTR */
	return crew->confined ? 0 : -1;
}

static void
crew_wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) == -1)
		log_error("the crew can't be told: %m");
}

static void
crew_tell(struct worker *worker, enum worker_order order)
{
	struct crew *crew = crew_of_worker(worker);

	atomic_store(&crew->order, order);
	if (order >= WORKER_DRAIN)
		crew_wake(crew->drain);
	if (order >= WORKER_CUT)
		crew_wake(crew->cut);
	if (order >= WORKER_STOP)
		crew_wake(crew->stop);
	crew_wake(crew->inbox);
}

static enum worker_order
crew_obeyed(const struct worker *worker)
{
	const struct crew *crew = (const struct crew *)worker;

	return (enum worker_order)atomic_load(&crew->obeyed);
}

static void
crew_use_root(struct worker *worker, int root)
{
	struct crew *crew = crew_of_worker(worker);

	pthread_mutex_lock(&crew->lock);
	app_use_root(&crew->app, root);
	pthread_mutex_unlock(&crew->lock);
	crew->host->on_news(crew->host->server);
}

/* It is all threads' at once. */
static bool
crew_has_root(const struct worker *worker)
{
	(void)worker;
	return true;
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
	const int fds[] = { crew->inbox, crew->drain, crew->cut, crew->stop };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			close(fds[i]);
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
	.tell = crew_tell,
	.obeyed = crew_obeyed,
	.use_root = crew_use_root,
	.has_root = crew_has_root,
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
	crew->inbox = crew->drain = crew->cut = crew->stop = -1;
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

/* ---- obeying ---- */

/* What an order has to do with a listener. */
static void
crew_obey_at(struct crew_listener *listener, enum worker_order order)
{
	switch (order) {
	case WORKER_SERVE:
		return;
	case WORKER_TRIM:
		listener->leaving = listener->passing;
		return;
	case WORKER_DRAIN: /* who is queued there is the next server's */
		if (listener->inherited)
			listener->fd = -1;
		return;
	case WORKER_CLOSE:
		listener->leaving = true;
		return;
	case WORKER_CUT:
	case WORKER_STOP:
		listener->fd = -1;
		return;
	}
}

/* Takes up a new order; one that was passed over is part of it. */
static void
crew_obey(struct crew *crew)
{
	enum worker_order order = (enum worker_order)atomic_load(&crew->order);

	while (crew->obeying < order) {
		crew->obeying++;
		for (unsigned i = 0; i < crew->count; i++)
			crew_obey_at(&crew->listeners[i], crew->obeying);
	}
}

/* Tells when all that were to be left have been. */
static void
crew_tell_obeyed(struct crew *crew)
{
	if (atomic_load(&crew->obeyed) == (int)crew->obeying)
		return;
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->listeners[i].fd != -1 && crew->listeners[i].leaving)
			return;
	atomic_store(&crew->obeyed, crew->obeying);
	crew->host->on_news(crew->host->server);
}

/* ---- accepting ---- */

/* Looks at one queue; where nobody is there any more, it can be left. */
static enum crew_look
crew_look_at(struct crew *crew, struct crew_listener *listener,
    struct client *client)
{
	struct totals *totals = crew->host->totals;

	if (!totals_have_room(totals)) {
		if (listener->leaving && wire_is_queue_empty(listener->fd))
			listener->fd = -1;
		totals_say_full(totals, 0);
		return CREW_FULL;
	}
	do
		client->fd = wire_accept(listener->fd, &client->peer);
	while (client->fd == -1 && (errno == ECONNABORTED || errno == EINTR));
	if (client->fd != -1)
		return CREW_CLIENT;
	if (errno == EAGAIN) {
		if (listener->leaving)
			listener->fd = -1;
		return CREW_NOBODY;
	}
	totals_say_full(totals, errno);
	return CREW_FULL;
}

/* Looks at all queues, beginning with another one each time. */
static enum crew_look
crew_look(struct crew *crew, struct client *client)
{
	enum crew_look look = CREW_NOBODY;

	crew_obey(crew);
	for (unsigned i = 0; i < crew->count && look == CREW_NOBODY; i++) {
		struct crew_listener *listener =
		    &crew->listeners[crew->turn++ % crew->count];

		if (listener->fd != -1)
			look = crew_look_at(crew, listener, client);
	}
	crew_tell_obeyed(crew);
	if (look != CREW_CLIENT)
		return look;
	pthread_mutex_lock(&crew->lock);
	stats_add(&crew->stats.accepted, 1);
	pthread_mutex_unlock(&crew->lock);
	return look;
}

static bool
crew_has_left(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->listeners[i].fd != -1)
			return false;
	return true;
}

/* Waits for an order and, unless the server is full, for a client. */
static void
crew_await(struct crew *crew, bool full)
{
	struct pollfd *fds = crew->polled;
	unsigned count = 0;
	uint64_t orders;

	fds[count++] = (struct pollfd){ crew->inbox, POLLIN, 0 };
	for (unsigned i = 0; i < crew->count && !full; i++)
		if (crew->listeners[i].fd != -1)
			fds[count++] = (struct pollfd){ crew->listeners[i].fd,
				POLLIN, 0 };
	poll(fds, count, full ? CREW_ROOM_TICK : -1);
	(void)!read(crew->inbox, &orders, sizeof(orders));
}

bool
crew_accept(struct crew *crew, struct client *client)
{
	for (;;) {
		enum crew_look look = crew_look(crew, client);

		if (look == CREW_CLIENT)
			return true;
		if (crew_has_left(crew))
			return false;
		crew_await(crew, look == CREW_FULL);
	}
}

bool
crew_accept_ready(struct crew *crew, struct client *client)
{
	return crew_look(crew, client) == CREW_CLIENT;
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
	totals_say_full(crew->host->totals, errno);
	wire_reset(client->fd);
	crew_count(crew, false, false);
}

void
crew_count(struct crew *crew, bool served, bool cut)
{
	pthread_mutex_lock(&crew->lock);
	stats_add(&crew->stats.served, served);
	stats_add(&crew->stats.cut, cut);
	stats_add(&crew->stats.closed, 1);
	pthread_mutex_unlock(&crew->lock);
}
