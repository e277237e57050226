/*
 * signals: lets SIGTERM and SIGINT interrupt the main thread while it waits for a disk,
 * and not for them. Main thread.
 */
#ifndef MTASYNC_SIGNALS_H
#define MTASYNC_SIGNALS_H

/* Lets them in: what waits in a system call fails with EINTR then. */
void signals_let_in(void);

/* Holds them again, as signal_queue_hold() does. Returns the last one that has come
 * meanwhile, or 0. */
int signals_hold(void);

#endif
