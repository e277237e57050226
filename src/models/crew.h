/*
 * crew: a worker whose first thread accepts clients, and whose hands are the
 * threads that serve them. All blocking models are crews.
 *
 * All threads share one application, under one lock, so that models differ in how
 * they wait and in nothing else.
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
	bool shared;  /* inherited, or of unix */
	bool surplus; /* see shards_is_surplus() */
	bool leaving; /* as soon as nobody is queued there */
};

struct crew {
	struct worker worker;
	const struct worker_host *host;
	const struct server_config *config;
	void (*run)(struct crew *crew); /* the model's thread */
	pthread_t thread;               /* calls run(), and accepts */
	sem_t ready; /* posted when `thread` accepts, or ends before */
	struct crew_listener *listeners;
	struct pollfd *polled; /* the mailbox, and all of these */
	unsigned count;        /* of the listeners */
	unsigned turn;         /* the listener that is looked at first */
	bool started;
	bool accepting;    /* `thread` has begun to accept */
	_Atomic bool full; /* `thread` waits until a client leaves */
	/* eventfds, never read: readable from that order on */
	int drain; /* WORKER_DRAIN */
	int cut;   /* WORKER_CUT */
	int stop;  /* WORKER_STOP */

	pthread_mutex_t lock; /* of all members below; any thread */
	pthread_cond_t idle;  /* `hands` is 0 */
	unsigned hands;
	struct app app;
	struct stats stats;
};

/* A client that crew_accept() has accepted. */
struct client {
	int fd; /* non-blocking */
	struct sockaddr_storage peer;
	uint64_t number; /* its connection's, from visitor_number() */
	const struct entrance *entrance; /* where it came in */
};

/* For a model's server_config.new_worker. Main thread. */
struct worker *crew_new(const struct worker_host *host,
    void (*run)(struct crew *crew));

/*
 * Waits for the next client. Returns false where no more will come: then the
 * model serves those that it has, and returns. The thread that runs the model.
 */
bool crew_accept(struct crew *crew, struct client *client);

/* Accepts a client that is queued; false where none is. The thread that runs the
 * model. */
bool crew_accept_ready(struct crew *crew, struct client *client);

/*
 * Starts a thread that calls work(crew, arg) and ends. It is detached; the crew
 * ends after the last of its hands. Returns false, with errno, where there can be
 * no thread. The thread that runs the model.
 */
bool crew_hire(struct crew *crew, void (*work)(struct crew *crew, void *arg),
    void *arg);

/*
 * Calls crew_hire() config->threads times. Where one can't be had, it logs why
 * and returns false.
 */
bool crew_hire_all(struct crew *crew,
    void (*work)(struct crew *crew, void *arg), void *arg);

/* Waits until all hands have ended. The thread that runs the model. */
void crew_await_hands(struct crew *crew);

/* Resets a client for which there is no thread; errno says why. */
void crew_turn_away(struct crew *crew, const struct client *client);

/*
 * Takes the lock of the application and the counters, and has the application
 * serve a new generation, if main has sent one. crew_give_app() gives the lock
 * back, soon. May wait for the disk. Any thread.
 */
struct app *crew_take_app(struct crew *crew);
void crew_give_app(struct crew *crew);

/* Counts a client whose descriptor is closed, and its bytes, and wakes `thread` where it
 * waits for that. Any thread. */
void crew_forget(struct crew *crew, uint64_t received, uint64_t sent);

#endif
