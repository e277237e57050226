/*
 * Preloaded into a program, it makes sendfile(2) take for ever, as it does
 * where a file lies on a disk that no longer answers: the thread that calls it
 * sleeps, and hears of nothing.
 */
#include "config.h"

#include <semaphore.h>
#include <sys/sendfile.h>

ssize_t
sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	sem_t never;

	(void)out_fd;
	(void)in_fd;
	(void)offset;
	(void)count;
	sem_init(&never, 0, 0);
	for (;;)
		(void)sem_wait(&never);
}
