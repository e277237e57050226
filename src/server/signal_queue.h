/*
 * signal_queue: the operator's signals, held until the server has time for them. Main
 * thread.
 */
#ifndef MTASYNC_SERVER_SIGNAL_QUEUE_H
#define MTASYNC_SERVER_SIGNAL_QUEUE_H

struct signal_queue {
	int fd;    /* signalfd; or -1 */
	int noted; /* one that has come elsewhere; 0: none */
};

/*
 * Blocks the signals that the queue takes, for this and all later threads, and
 * ignores SIGPIPE. The first thing that the program does: a signal that comes while
 * it starts waits until it serves, and is obeyed then, unless the program lets it in
 * before.
 */
void signal_queue_hold(void);

/* Returns 0, or -1 with errno. signal_queue_close() is right in both cases, and for
 * one whose `fd` is -1. */
int signal_queue_open(struct signal_queue *queue);
void signal_queue_close(struct signal_queue *queue);

/* Takes the next one out; returns 0 where there is none. */
int signal_queue_next(struct signal_queue *queue);

#endif
