/*
 * beneath: the two ways to find a file below a directory. Owns nothing; runs
 * in whichever thread calls.
 */
#include "config.h"

#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/syscalls.h"

/* What to look for, and by which way: openat(2), but only below `root`. */
struct beneath_lookup {
	int (*find)(int root, const char *path, int flags);
	int root;
	const char *path;
};

/* How often a rename that disturbs a lookup with `..` in it is put up with. */
#define BENEATH_TRIES 16

static void
beneath_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static int
beneath_resolve(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = -1;

	if (path[0] == '\0')
		path = ".";
	for (int i = 0; i < BENEATH_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

/* One component of a walk: the first `size` bytes of `name`. */
static int
beneath_step(int directory, const char *name, size_t size, int flags)
{
	char component[NAME_MAX + 1];
	struct stat status;
	int fd;

	if (size > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(component, name, size);
	component[size] = '\0';
	if (strcmp(component, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	fd = openat(directory, size > 0 ? component : ".",
	    flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* With O_PATH, O_NOFOLLOW opens the link itself. */
	if (fstat(fd, &status) == 0 && !S_ISLNK(status.st_mode))
		return fd;
	close(fd);
	errno = ELOOP;
	return -1;
}

static int
beneath_walk(int root, const char *path, int flags)
{
	int directory = root;

	if (path[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	for (;;) {
		size_t size = strcspn(path, "/");
		bool last = path[size] == '\0';
		int next = beneath_step(directory, path, size,
		    last ? flags : O_PATH);

		if (directory != root)
			beneath_close(directory);
		if (next < 0 || last)
			return next;
		directory = next;
		path += size + 1;
	}
}

/* Finds the path, and returns it open where it is a regular file. */
static int
beneath_open_regular(const struct beneath_lookup *lookup, int flags,
    struct stat *status)
{
	int fd = lookup->find(lookup->root, lookup->path, flags);

	if (fd < 0)
		return -1;
	if (fstat(fd, status) == 0) {
		if (S_ISREG(status->st_mode))
			return fd;
		errno = 0;
	}
	beneath_close(fd);
	return -1;
}

/*
 * Looks first, without opening: to open a FIFO may wake its writer, and a
 * device may do anything. What takes the file's place between the two is
 * opened without waiting for it, and told by the second look.
 */
static int
beneath_open_by(const struct beneath_lookup *lookup, struct stat *status)
{
	int fd = beneath_open_regular(lookup, O_PATH, status);

	if (fd < 0)
		return -1;
	close(fd);
	return beneath_open_regular(lookup, O_RDONLY | O_NONBLOCK | O_NOCTTY,
	    status);
}

int
beneath_open(int root, const char *path, struct stat *status)
{
	struct beneath_lookup lookup = { beneath_resolve, root, path };
	int fd = beneath_open_by(&lookup, status);

	/* ENOSYS from a kernel before 5.6, EPERM from an older sandbox. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return beneath_open_walk(root, path, status);
	return fd;
}

int
beneath_open_walk(int root, const char *path, struct stat *status)
{
	struct beneath_lookup lookup = { beneath_walk, root, path };

	return beneath_open_by(&lookup, status);
}

/* Opens what is at a path, whatever it is, in one of the two ways. */
static int
beneath_find(int root, const char *path, int flags)
{
	int fd = beneath_resolve(root, path, flags);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return beneath_walk(root, path, flags);
	return fd;
}

int
beneath_open_directory(int root, const char *path)
{
	return beneath_find(root, path, O_RDONLY | O_DIRECTORY);
}

int
beneath_stat(int root, const char *path, struct stat *status)
{
	int fd = beneath_find(root, path, O_PATH);
	int result;

	if (fd < 0)
		return -1;
	result = fstat(fd, status);
	beneath_close(fd);
	return result;
}
