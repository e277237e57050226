/*
 * Preloaded into a program, it makes its second openat(2) of a directory by O_PATH
 * take until a signal comes, as it does where that lies on a disk that no longer
 * answers: the first one is at its start, the second one in a reload.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

int
openat(int fd, const char *file, int oflag, ...)
{
	static int opened;
	mode_t mode = 0;
	va_list arguments;

	va_start(arguments, oflag);
	if ((oflag & O_CREAT) != 0)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if ((oflag & (O_PATH | O_DIRECTORY)) == (O_PATH | O_DIRECTORY) &&
	    fd == AT_FDCWD && opened++ > 0) {
		(void)poll(NULL, 0, -1); /* which a filter allows */
		errno = EINTR;
		return -1;
	}
	return (int)syscall(SYS_openat, fd, file, oflag, mode);
}
