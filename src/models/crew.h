/*
 * crew: a worker whose first thread accepts clients, and whose hands are
 * threads that serve some of them. All blocking models are made of it.
 *
 * There is one application for all of them, under one lock, so that models
 * differ in how they wait and in nothing else.
 */
#ifndef MTASYNC_MODELS_CREW_H
#define MTASYNC_MODELS_CREW_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "app/app.h"
#include "base/stats.h"
#include "server/worker.h"

struct crew_listener {
	int fd; /* -1: it is left */
	const struct entrance *entrance;
	bool inherited;
	bool surplus; /* see shards_is_surplus() */
	bool leaving; /* as soon as nobody is queued there */
};

struct crew {
	struct worker worker;
	const struct worker_host *host;
	const struct server_config *config;
	void (*run)(struct crew *crew); /* the model */
	pthread_t thread;               /* that runs it, and accepts */
	bool started;
	sem_t ready;    /* posted when it accepts, or ends without */
	bool accepting; /* it has begun to */
	struct crew_listener *listeners;
	unsigned count;
	struct pollfd *polled; /* the mailbox, and all of these */
	unsigned turn;         /* whose queue is looked at first */
	_Atomic bool full;     /* who accepts waits until a client leaves */
	/* eventfds that are never read: what is ordered, or more than that */
	int drain; /* WORKER_DRAIN */
	int cut;   /* WORKER_CUT */
	int stop;  /* WORKER_STOP */

	pthread_mutex_t lock; /* of all below, which are any thread's */
	pthread_cond_t idle;  /* there are no hands any more */
	unsigned hands;
	struct app app;
	struct stats stats;
};

/* A client that crew_accept() has accepted. */
struct client {
	int fd; /* non-blocking */
	struct sockaddr_storage peer;
	const struct entrance *entrance; /* where it came in */
};

/* For a model's server_config.new_worker. Main thread. */
struct worker *crew_new(const struct worker_host *host,
    void (*run)(struct crew *crew));

/*
 * Waits for the next client. False: no more will come, and the model returns
 * when it has served those that it has. The thread that runs the model.
 */
bool crew_accept(struct crew *crew, struct client *client);

/* The same, but false where nobody waits to be accepted just now. */
bool crew_accept_ready(struct crew *crew, struct client *client);

/*
 * Starts a thread that does work(crew, arg) and ends, and that nobody need
 * join: the crew ends after the last one has. False: there can be none, and
 * errno says why. The thread that runs the model.
 */
bool crew_hire(struct crew *crew, void (*work)(struct crew *crew, void *arg),
    void *arg);

/*
 * The same, once for each of config->threads. False: not all can be had, and
 * why is said.
 */
bool crew_hire_all(struct crew *crew,
    void (*work)(struct crew *crew, void *arg), void *arg);

/* Waits for the end of all hands. The thread that runs the model. */
void crew_await_hands(struct crew *crew);

/* Resets a client for whom there is no thread, for the reason in errno. */
void crew_turn_away(struct crew *crew, const struct client *client);

/*
 * Takes the lock, and what is under it: the application, which serves from the
 * last generation, and the counters. To be given back soon. May wait for the
 * disk. Any thread.
 */
struct app *crew_take_app(struct crew *crew);
void crew_give_app(struct crew *crew);

/* Forgets a client whose descriptor is closed. Any thread. */
void crew_forget(struct crew *crew);

#endif
