/*
 * census: who is asleep or queues now. Who wants to know makes one, and puts it into the
 * mailboxes of all workers; each tells its part in a turn of its own. It is owned by who
 * asks and by the mailboxes, so that nobody waits for anybody.
 */
#ifndef MTASYNC_SERVER_CENSUS_H
#define MTASYNC_SERVER_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

#include "app/pool.h"
#include "base/wire.h"

/* Bytes of a target that are told; of a longer one, the first. */
#define CENSUS_TARGET_MAX 128

struct census_sleeper {
	int64_t since, due;           /* as clock_now(); due 0: it queues */
	struct sockaddr_storage peer; /* where `name` is empty */
	char name[WIRE_NAME_MAX];     /* the same as text */
	uint8_t pool_size;
	uint16_t target_size;
	char pool[POOL_NAME_MAX];
	char target[CENSUS_TARGET_MAX];
};

struct census_part {
	bool asked;    /* who asks knows: it has been put into the mailbox */
	unsigned most; /* sleepers that the worker tells of */
	_Atomic bool
	    told;       /* the worker writes it, and nothing else behind it */
	uint64_t count; /* all that it has */
	unsigned shown; /* that are told of */
	struct census_sleeper *sleepers; /* owned */
};

struct census {
	_Atomic unsigned owners;
	unsigned count; /* of parts */
	struct census_part parts[];
};

/* Makes one of so many workers, with the caller as its one owner, who then says how many
 * sleepers each is to tell of; NULL where memory is short. Any thread. */
struct census *census_new(unsigned workers);

/* Adds an owner; takes one away. NULL is allowed. Any thread. */
struct census *census_hold(struct census *census);
void census_release(struct census *census);

#endif
