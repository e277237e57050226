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

/*
 * A way that is gone name by name, in place of the kernel. The names of a link
 * may lead through what is outside of ROOT, and have to have led into ROOT when
 * they are over. No rename can lead the way out: below ROOT the kernel is given
 * one name at a time, which is no link, and never a `..`.
 */
struct beneath_way {
	int root;
	struct stat top;     /* by which ROOT is known */
	int at;              /* where the way has come to, or `root` */
	char done[PATH_MAX]; /* the names from ROOT to there, no links */
	char rest[PATH_MAX]; /* the names to come */
	bool outside;        /* it is not below ROOT now */
	bool linked;         /* the next name is that of a link, */
	size_t behind;       /* whose names are over with so much of the rest */
	unsigned steps;
	unsigned links;
	int flags; /* for what the way leads to, */
	int found; /* and that, open; -1: not yet */
};

/* Bounds of a way; that of links is the kernel's. */
#define BENEATH_LINKS 40
#define BENEATH_STEPS 4096

static int
beneath_refuse(int error)
{
	errno = error;
	return -1;
}

/* Goes to an open directory, which the way closes when it leaves it. */
static void
beneath_go(struct beneath_way *way, int at)
{
	if (way->at != way->root)
		beneath_close(way->at);
	way->at = at;
}

/* Takes the next name off the rest. Returns 0, or -1 with errno. */
static int
beneath_take(struct beneath_way *way, char name[NAME_MAX + 1], bool *last)
{
	size_t size = strcspn(way->rest, "/");
	const char *next = way->rest + size;

	if (++way->steps > BENEATH_STEPS)
		return beneath_refuse(ELOOP);
	if (size > NAME_MAX)
		return beneath_refuse(ENAMETOOLONG);
	memcpy(name, way->rest, size);
	name[size] = '\0';
	*last = *next == '\0';
	if (!*last)
		next++;
	memmove(way->rest, next, strlen(next) + 1);
	return 0;
}

/* Puts names before the rest; `last`: nothing stood behind the one that they
 * replace. Returns 0, or -1 with errno. */
static int
beneath_put(struct beneath_way *way, const char *names, bool last)
{
	size_t size = strlen(names), rest = strlen(way->rest) + 1;
	size_t slash = last ? 0 : 1;

	if (size + slash + rest > sizeof(way->rest))
		return beneath_refuse(ENAMETOOLONG);
	memmove(way->rest + size + slash, way->rest, rest);
	memcpy(way->rest, names, size);
	if (!last)
		way->rest[size] = '/';
	return 0;
}

/* Goes to an open directory above ROOT, or to ROOT where it is that. Returns 0,
 * or -1 with errno. */
static int
beneath_go_outside(struct beneath_way *way, int at)
{
	struct stat status;

	if (at < 0)
		return -1;
	if (fstat(at, &status) < 0) {
		beneath_close(at);
		return -1;
	}
	way->outside = status.st_dev != way->top.st_dev ||
		       status.st_ino != way->top.st_ino;
	if (!way->outside) {
		beneath_close(at);
		at = way->root;
		way->done[0] = '\0';
	}
	beneath_go(way, at);
	return 0;
}

/* Follows the link that is open in `fd`. Returns 0, or -1 with errno. */
static int
beneath_follow(struct beneath_way *way, int fd, bool last)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(fd, "", target, sizeof(target));
	size_t behind = strlen(way->rest);

	if (size < 0)
		return -1;
	if ((size_t)size == sizeof(target))
		return beneath_refuse(ENAMETOOLONG);
	target[size] = '\0';
	if (++way->links > BENEATH_LINKS)
		return beneath_refuse(ELOOP);
	if (beneath_put(way, target + strspn(target, "/"), last) < 0)
		return -1;
	if (!way->linked)
		way->behind = behind;
	way->linked = true;
	if (target[0] != '/')
		return 0;
	return beneath_go_outside(way,
	    openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Goes to the directory above. Below ROOT it is found by its names, for the one
 * where the way is may have been moved. Returns 0, or -1 with errno. */
static int
beneath_rise(struct beneath_way *way, bool last)
{
	char *name = strrchr(way->done, '/');

	if (way->done[0] == '\0' && !way->outside && !way->linked)
		return beneath_refuse(EXDEV);
	if (way->done[0] == '\0' || way->outside)
		return beneath_go_outside(way,
		    openat(way->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (name == NULL)
		name = way->done;
	*name = '\0';
	if (beneath_put(way, way->done, last) < 0)
		return -1;
	beneath_go(way, way->root);
	way->done[0] = '\0';
	return 0;
}

/* Goes to the directory `name`, which is open in `at`. Returns 0, or -1 with
 * errno. */
static int
beneath_enter(struct beneath_way *way, int at, const char *name)
{
	size_t size = strlen(way->done);

	if (way->outside)
		return beneath_go_outside(way, at);
	beneath_go(way, at);
	if (size + 1 + strlen(name) >= sizeof(way->done))
		return beneath_refuse(ENAMETOOLONG);
	if (size > 0)
		way->done[size++] = '/';
	memcpy(way->done + size, name, strlen(name) + 1);
	return 0;
}

/* Opens the last name, which is no link, and so cannot lead out. */
static int
beneath_arrive(struct beneath_way *way, const char *name)
{
	way->found = openat(way->at, name, way->flags | O_NOFOLLOW | O_CLOEXEC);
	return way->found < 0 ? -1 : 0;
}

/* Goes on by a name that is neither `.` nor `..`. Returns 0, or -1 with
 * errno. */
static int
beneath_go_on(struct beneath_way *way, const char *name, bool last)
{
	int fd = openat(way->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	int result;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		result = -1;
	else if (S_ISLNK(status.st_mode))
		result = beneath_follow(way, fd, last);
	else if (last && !way->outside)
		result = beneath_arrive(way, name);
	else if (S_ISDIR(status.st_mode))
		return beneath_enter(way, fd, name);
	else
		result = beneath_refuse(ENOTDIR);
	beneath_close(fd);
	return result;
}

/* Goes on by the next name. Returns 0, or -1 with errno, which tells nothing of
 * what is outside. */
static int
beneath_step(struct beneath_way *way)
{
	char name[NAME_MAX + 1];
	bool last, outside = way->outside;
	int result = beneath_take(way, name, &last);

	if (result < 0)
		return -1;
	if (strcmp(name, "..") == 0)
		result = beneath_rise(way, last);
	else if (name[0] != '\0' && strcmp(name, ".") != 0)
		result = beneath_go_on(way, name, last);
	else if (last && !way->outside)
		result = beneath_arrive(way, ".");
	if (result < 0 && outside && errno != EMFILE && errno != ENFILE)
		return beneath_refuse(EXDEV);
	way->linked &= strlen(way->rest) > way->behind;
	return result == 0 && way->outside && !way->linked
		   ? beneath_refuse(EXDEV)
		   : result;
}

static int
beneath_walk(int root, const char *path, int flags)
{
	struct beneath_way way = { .root = root,
		.at = root,
		.flags = flags,
		.found = -1 };
	size_t size = strlen(path);

	if (path[0] == '/')
		return beneath_refuse(EXDEV);
	if (size >= sizeof(way.rest))
		return beneath_refuse(ENAMETOOLONG);
	if (fstat(root, &way.top) < 0)
		return -1;
	memcpy(way.rest, path, size + 1);
	while (way.found < 0 && beneath_step(&way) == 0)
		;
	beneath_go(&way, root);
	return way.found;
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

	/* EXDEV for a way out, which may come in again; ENOSYS from a kernel
	 * before 5.6, EPERM from an older sandbox */
	if (fd < 0 && (errno == EXDEV || errno == ENOSYS || errno == EPERM))
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

	if (fd < 0 && (errno == EXDEV || errno == ENOSYS || errno == EPERM))
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
