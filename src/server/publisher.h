/*
 * publisher: a process that puts unix sockets, or a file, at their paths when the
 * server is certain to start, and not before: a predecessor loses its name by that. To
 * do so takes rights that the server has given up by then, so a child of it keeps
 * them meanwhile, and ends right after. Main thread.
 */
#ifndef MTASYNC_SERVER_PUBLISHER_H
#define MTASYNC_SERVER_PUBLISHER_H

#include <stdbool.h>

#include "base/pid_file.h"
#include "server/listeners.h"

struct publisher {
	int fd; /* a socket to the child; -1: there is none */
};

/*
 * Forks the child, which has the rights that the caller has now; where no unix
 * socket is to be put anywhere, there is none. While there is no other thread.
 * Returns 0, or -1 and has said why.
 */
int publisher_start(struct publisher *publisher, struct listeners *listeners,
    bool take_over);

/* The same, of a file that pid_file_open() has opened, if it has: no child without. */
int publisher_start_pid_file(struct publisher *publisher,
    struct pid_file *file);

/*
 * Has the child put all unix sockets, which listen by now, at their paths, or the file,
 * and ends it. Returns 0; or -1, and has said why: then all paths are as they were.
 */
int publisher_publish(struct publisher *publisher);

/* Has the child remove what the sockets were bound to, or the file, and ends it, unless
 * it has ended. */
void publisher_abandon(struct publisher *publisher);

#endif
