/*
 * server: all workers, from their start to their end, and the signals that
 * the operator sends. The main thread's.
 */
#ifndef MTASYNC_LOOP_SERVER_H
#define MTASYNC_LOOP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/server_config.h"

struct server;

/* What it has done, summed over all workers. */
struct server_summary {
	uint64_t served; /* requests answered in full */
	uint64_t cut;    /* requests that the stop ended before that */
	bool failed;     /* a worker ended by itself, and all with it */
};

/*
 * Raises RLIMIT_NOFILE to its hard limit, and shares the descriptors out: sets
 * config->max_conns where it is 0, and how many files each worker's cache may
 * hold open. Returns 0; or -1, and has said why, where there are too few for
 * the max_conns that was asked for.
 */
int server_plan_descriptors(struct server_config *config);

/*
 * Blocks the signals that server_run() takes, for this and all later threads,
 * ignores SIGPIPE, and binds the sockets of all workers, so that the addresses
 * in `config` have their ports. `config` outlives the server. Returns NULL,
 * and has said why.
 */
struct server *server_open(struct server_config *config);

/*
 * Listens and serves, and confines the calling thread: no other can be started
 * any more. Returns 0; or -1, and has said why and ended all that had been
 * started.
 */
int server_start(struct server *server);

/*
 * Waits for the end: SIGTERM and SIGINT drain (WORKER_DRAIN), a second one, or
 * the drain deadline and what it takes to say so, ends all. SIGUSR1 re-opens
 * the access log.
 */
void server_run(struct server *server, struct server_summary *summary);

/* Frees all. Workers have ended, or were never started. NULL is allowed. */
void server_close(struct server *server);

/* `2.1.12-stable (epoll)`: the event library and how it waits. */
void server_describe_library(char *text, size_t room);

#endif
