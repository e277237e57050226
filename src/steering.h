/* steering: what the operator asks of the server while it runs, and what comes of it.
 * Main thread. */
#ifndef MTASYNC_STEERING_H
#define MTASYNC_STEERING_H

#include "files.h"
#include "server/petition.h"

struct steering {
	struct files *files;
	struct server *server;
	struct petition *heard; /* until all workers serve by it; or NULL */
	bool reloads; /* the same, by what a signal has had read again */
};

/* Hears the petition that has been asked. */
void steering_hear(struct steering *steering);

/* All workers serve as they were told last. Returns whether that was by a petition
 * alone, and no signal wanted it as well. */
bool steering_settle(struct steering *steering);

/* Lets go of what has been heard; the server ends. */
void steering_end(struct steering *steering);

#endif
