/*
 * activation: what a service manager hands over when it starts us, and what it
 * wants to hear; see sd_listen_fds(3) and sd_notify(3). Main thread.
 */
#ifndef MTASYNC_BASE_ACTIVATION_H
#define MTASYNC_BASE_ACTIVATION_H

#include <stdbool.h>

/* The first descriptor of a socket that is handed over. */
#define ACTIVATION_FIRST 3

/*
 * Returns how many sockets are handed over, from ACTIVATION_FIRST on, by
 * LISTEN_FDS and LISTEN_PID in the environment; 0 where these are missing or
 * meant for another process; -1 where LISTEN_FDS is no number of sockets.
 */
int activation_count(void);

enum activation_state {
	ACTIVATION_READY,     /* it serves, or has reloaded */
	ACTIVATION_RELOADING, /* it serves, and is about to reload */
	ACTIVATION_STOPPING,
};

/*
 * Tells the service manager, which asked for it by NOTIFY_SOCKET; else it does
 * nothing. Logs where it can't. Waits while the manager is full of messages.
 */
void activation_tell(enum activation_state state);

/* Whether NOTIFY_SOCKET names a path, which a chroot would hide. */
bool activation_waits_at_path(void);

#endif
