/*
 * capacity: what so many requests asleep, and so many a second, need of a machine,
 * beside what it has. Reckons alone: base/machine.h reads, capacity_page.h prints. Main
 * thread.
 */
#ifndef MTASYNC_CAPACITY_H
#define MTASYNC_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/machine.h"
#include "server/server_config.h"

/* The rows of capacity_costs. */
enum capacity_item {
	CAPACITY_REST,        /* bytes of a program that serves nobody */
	CAPACITY_PROGRAM,     /* bytes of the program for a sleeper */
	CAPACITY_PROGRAM_TLS, /* the same over TLS */
	CAPACITY_KERNEL,      /* bytes of the kernel for a connection */
	CAPACITY_UNREAD,      /* the same for an answer that is not taken yet */
	CAPACITY_REQUEST,     /* ns of CPU for a request, kept alive */
	CAPACITY_SLEEP,       /* the same for one that sleeps */
	CAPACITY_REQUEST_TLS, /* for one that does not, over TLS */
	CAPACITY_ALONE,       /* for one with a connection of its own */
	CAPACITY_ALONE_TLS,   /* the same with a full handshake */
	CAPACITY_ITEMS,
};

/* What one more takes: the only place that says so. doc/scale.md tells the same. */
struct capacity_cost {
	const char *name;
	int64_t amount;
	const char *unit; /* bytes or ns */
	const char *how;  /* it was measured */
};

extern const struct capacity_cost capacity_costs[CAPACITY_ITEMS];

/* How much of a core's time is planned for, in percent: beyond, queues grow. */
#define CAPACITY_BUSY 70

/* For how long new connections may queue, in ms: a loop that a disk holds up, or the
 * way of a handshake's packets. */
#define CAPACITY_QUEUED_MS 100

/* For so long a port can't be used again, in s: TCP_TIMEWAIT_LEN of the kernel. */
#define CAPACITY_TIME_WAIT 60

struct capacity_wish {
	int64_t sleepers, rate;
	const struct server_config *config; /* as settings_make() makes it */
	unsigned others; /* descriptors of the operator's side */
};

/* What a row is about. */
enum capacity_kind {
	CAPACITY_ASLEEP,   /* those who sleep */
	CAPACITY_AT_ONCE,  /* the same, where all get their answers at once */
	CAPACITY_KEPT,     /* requests a second, on connections that stay */
	CAPACITY_ONE_EACH, /* requests a second, with a connection for each */
};

enum capacity_unit {
	CAPACITY_COUNT,
	CAPACITY_BYTES,
	CAPACITY_MILLICORES,
};

/* Numbers may be MACHINE_ENDLESS. */
struct capacity_row {
	const char *name;
	enum capacity_kind kind;
	enum capacity_unit unit;
	int64_t needed, here;
	int64_t soft;   /* what the server raises to `here`; 0: nothing */
	int64_t enough; /* so many sleepers, or requests a second, `here` is
			 * enough for */
	int64_t enough_raised; /* the same, once it is raised */
	const char *raise;     /* how; each # is raise_to */
	int64_t raise_to;
};

#define CAPACITY_ROWS_MAX 16

struct capacity {
	struct capacity_row rows[CAPACITY_ROWS_MAX];
	unsigned count;
	const struct capacity_row *asleep, *kept; /* which end first */
	int64_t machines; /* so many like this; MACHINE_ENDLESS: too many */
	int64_t machines_raised; /* the same with all raised that can be */
	int64_t memory_program, memory_kernel; /* of the row of memory */
	int64_t ports;     /* of one client address; MACHINE_UNKNOWN */
	int64_t addresses; /* of clients that so many sleepers need */
};

/* Reckons what the wish comes to on this machine. */
void capacity_reckon(struct capacity *capacity,
    const struct capacity_wish *wish, const struct machine *machine);

#endif
