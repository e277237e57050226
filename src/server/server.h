/*
 * server: all workers, from their start to their end, and the signals that
 * the operator sends. The main thread's.
 */
#ifndef MTASYNC_SERVER_H
#define MTASYNC_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/server_config.h"

struct generation;
struct server;
struct petition;
struct side;

/* What the main thread has to know of or to do. */
enum server_event {
	SERVER_REOPEN,   /* SIGUSR1: re-open the log */
	SERVER_RELOAD,   /* SIGHUP: re-open ROOT and the log */
	SERVER_RELOADED, /* all workers serve from the new ROOT */
	SERVER_GONE,     /* ROOT has been removed: look for another one */
	SERVER_HOUR,     /* another hour has passed, where there is TLS */
	SERVER_LOOK,     /* another limits.look has passed */
	SERVER_ASKED,    /* server_take_petition() has what */
	SERVER_STOPPING, /* SIGTERM, SIGINT, or a worker ended by itself */
	SERVER_ENDED,    /* all workers have ended, or are stuck */
};

/* How far it is. */
enum server_phase {
	SERVER_STARTING,
	SERVER_SERVING,
	SERVER_DRAINING,
};

/* What it has done, summed over all workers. */
struct server_summary {
	uint64_t served;    /* requests answered in full */
	uint64_t cut;       /* requests that the stop ended before that */
	uint64_t forgotten; /* keys that had to make room */
	bool failed;        /* a worker ended by itself, and all with it */
	bool urgent; /* the operator has asked twice: nobody is to wait */
	bool stuck;  /* some workers have not ended, whatever holds them */
};

/*
 * Binds all sockets, shares the descriptors out (see descriptors_plan()), and
 * makes the workers. `admin` is for those of the operator's side; NULL: there is
 * none. Both outlive the server. Returns NULL, and has said why.
 */
struct server *server_open(struct server_config *config,
    struct server_config *admin);

/*
 * Keeps the rights that the program has now for when unix sockets, and the --pid-file,
 * are put at their paths, at the end of server_start(): see server/publisher. In a chroot,
 * no descriptor leads out of it from then on. Before there is another thread. Returns
 * 0, or -1 and has said why.
 */
int server_prepare(struct server *server, bool chrooted);

/* Where it listens, for clients and for the operator; port 0 has been replaced. */
const struct listeners *server_listeners(const struct server *server);
const struct listeners *server_admin_listeners(const struct server *server);

/* The clients' side, of which other threads may read the counters. */
const struct side *server_clients(const struct server *server);

/* Has the main thread hear a petition. Returns false while another one is heard: then
 * it is to be asked again. Any thread. */
bool server_ask(struct server *server, struct petition *petition);

/* Returns the petition that SERVER_ASKED tells of, which the caller owns. Main
 * thread. */
struct petition *server_take_petition(struct server *server);

/* How far it is; and how many generations there have been. Any thread. */
enum server_phase server_phase(const struct server *server);
uint64_t server_generation(const struct server *server);

/*
 * Has all workers serve from this generation's root, from the start or from now
 * on. Each worker becomes an owner of the generation, whose one owner has been
 * the caller; SERVER_GONE tells when they miss its directory.
 */
void server_use_root(struct server *server, struct generation *generation);

/*
 * Listens and serves, and confines the calling thread: no other can be started
 * any more. Returns 0; or -1, and has said why and ended all that had been
 * started.
 */
int server_start(struct server *server);

/*
 * Waits for the next event. SIGTERM and SIGINT drain (WORKER_DRAIN), where
 * limits.leave is a time, after that, or by a second one (WORKER_LEAVE); one more, or the drain deadline and what it takes to say so, ends all. A worker
 * that does not end soon then, since a disk or a pipe holds its thread, is
 * stuck: SERVER_ENDED comes without it, and server_summary.stuck says so. With
 * that event, the --pid-file has gone.
 */
enum server_event server_wait(struct server *server);

/* Has server_wait() obey a signal that has come elsewhere; 0: none has. */
void server_note_signal(struct server *server, int number);

/*
 * After the end. Of workers that are stuck, each connection that is open counts
 * as a request that is cut: what it is at, only they know.
 */
void server_sum_up(const struct server *server, struct server_summary *summary);

/* Frees all. Workers have ended, or were never started; none is stuck. NULL is
 * allowed. */
void server_close(struct server *server);

#endif
