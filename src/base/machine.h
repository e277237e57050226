/* machine: what the system grants this process, and all others, of what connections take. */
#ifndef MTASYNC_BASE_MACHINE_H
#define MTASYNC_BASE_MACHINE_H

#include <stdint.h>

/* What the system does not tell, or has not got. */
#define MACHINE_UNKNOWN INT64_C(-1)
/* What has no bound. */
#define MACHINE_ENDLESS INT64_MAX

/* Each is a number, MACHINE_UNKNOWN or MACHINE_ENDLESS. */
struct machine {
	int64_t cpus;       /* see cpus_available() */
	int64_t soft, hard; /* RLIMIT_NOFILE */
	int64_t nr_open;    /* the most that this may be raised to */
	int64_t file_max;   /* open files of all processes */
	int64_t watches;    /* of epoll(7), for each user */
	int64_t memory;     /* bytes that can still be taken, without swap */
	int64_t memory_max; /* bytes that the cgroups allow */
	int64_t queue;      /* of accept(2), for each listening socket */
	int64_t syn_queue;  /* of handshakes under way, likewise */
	int64_t tcp_pages;  /* for what is sent and not taken, of all sockets */
	int64_t page;       /* bytes of one */
	int64_t tracked;    /* connections that the firewall knows now */
	int64_t tracked_max;             /* and at most */
	int64_t ports_first, ports_last; /* of clients, see ip(7) */
};

/*
 * Reads them, of proc(5) and sysfs as these are below `root`: "" is the real system; a
 * test makes files of its own. CPUs and RLIMIT_NOFILE are always this process's. Main
 * thread.
 */
void machine_read(struct machine *machine, const char *root);

#endif
