/* Reads files whole; the main thread. */
#include "config.h"

#include "base/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much room a file gets at first whose size the kernel does not tell. */
#define TEXT_FILE_ROOM 4096

/* Returns a descriptor of a regular file, and sets *size to what it has now; or
 * -1 with errno. */
static int
text_file_open(const char *path, size_t *size)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd == -1)
		return -1;
	if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
		errno = EINVAL;
	else if (status.st_size > (off_t)TEXT_FILE_MAX)
		errno = EFBIG;
	else {
		*size = (size_t)status.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

/* Reads on until the end, or until there is no room. Returns 0, or -1 with
 * errno. */
static int
text_file_fill(int fd, char *text, size_t room, size_t *size)
{
	while (*size < room) {
		ssize_t got = read(fd, text + *size, room - *size);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		*size += (size_t)got;
	}
	return 0;
}

/* Reads all; `room` is a first guess of its size. Returns the text, or NULL with
 * errno. */
static char *
text_file_read_all(int fd, size_t room, size_t *size)
{
	char *text = NULL;

	*size = 0;
	for (room += TEXT_FILE_ROOM;; room *= 2) {
		char *more = realloc(text, room);

		if (more == NULL)
			break;
		text = more;
		if (text_file_fill(fd, text, room, size) == -1)
			break;
		if (*size < room && *size <= TEXT_FILE_MAX)
			return text;
		if (*size > TEXT_FILE_MAX) {
			errno = EFBIG;
			break;
		}
	}
	free(text);
	return NULL;
}

char *
text_file_read(const char *path, size_t *size)
{
	size_t room = 0;
	int saved, fd = text_file_open(path, &room);
	char *text;

	if (fd == -1)
		return NULL;
	text = text_file_read_all(fd, room, size);
	saved = errno;
	close(fd);
	errno = saved;
	return text;
}
