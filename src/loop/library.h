/* library: libevent, as it is told of, and as it tells. */
#ifndef MTASYNC_LOOP_LIBRARY_H
#define MTASYNC_LOOP_LIBRARY_H

#include <stddef.h>

/* `2.1.12-stable (epoll)`: its version, and how it waits. Main thread. */
void library_describe(char *text, size_t room);

/* Has our log take what it says, from now on. Main thread. */
void library_begin_log(void);

#endif
