/*
 * Preloaded into a program, it holds the thread that has just looked at a file
 * by fstatat(2): where a file `hold` is in the current directory, it becomes
 * `held`, and the thread waits until that is removed. So a test can change the
 * file, and ask again, behind the look's back.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
fstatat(int fd, const char *file, struct stat *buf, int flag)
{
	const struct timespec wait = { 0, 1000000 };
	long result = syscall(SYS_newfstatat, fd, file, buf, flag);
	int saved = errno;

	if (strcmp(file, "page") == 0 && rename("hold", "held") == 0)
		while (access("held", F_OK) == 0)
			nanosleep(&wait, NULL);
	errno = saved;
	return (int)result;
}
