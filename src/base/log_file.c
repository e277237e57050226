/* log_file: opens the access log's file; owns nothing. The main thread. */
#include "config.h"

#include "base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/span.h"
#include "base/syscalls.h"
#include "base/units.h"

/* Opening what is no file must not wait, nor make it our terminal. */
#define LOG_FILE_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

#define LOG_FILE_MODE 0640

/* Names of descriptors that the process was started with; behind a slash comes
 * the number. */
static const struct {
	const char *name;
	int fd;
} log_file_descriptors[] = {
	{ "-", STDOUT_FILENO },
	{ "/dev/stdout", STDOUT_FILENO },
	{ "/dev/stderr", STDERR_FILENO },
	{ "/dev/fd/", -1 },
	{ "/proc/self/fd/", -1 },
};

int
log_file_descriptor(const char *path)
{
	const size_t count = sizeof(log_file_descriptors) /
			     sizeof(log_file_descriptors[0]);

	for (size_t i = 0; i < count; i++) {
		const char *name = log_file_descriptors[i].name;
		size_t size = strlen(name);
		int64_t number;

		if (strcmp(path, name) == 0)
			return log_file_descriptors[i].fd;
		if (name[size - 1] == '/' && strncmp(path, name, size) == 0 &&
		    units_parse_count(span_of(path + size), &number) ==
			UNITS_OK &&
		    number >= 0 && number <= INT_MAX)
			return (int)number;
	}
	return -1;
}

/* Opens the path and sees to it that no part of it is a link. */
static int
log_file_open_without_links(const char *path, int flags, mode_t mode)
{
	const struct open_how how = { .flags = (unsigned)flags,
		.mode = mode,
		.resolve = RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* ---- making one, or seeing whether it could be made ---- */

/* Opens the directory in which `path` could be made by who we are now. */
static int
log_file_open_parent(const char *path, bool links)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX] = ".";
	int fd;

	if (slash != NULL) {
		size_t size = slash == path ? 1 : (size_t)(slash - path);

		if (slash[1] == '\0' || size >= sizeof(parent)) {
			errno = slash[1] == '\0' ? EISDIR : ENAMETOOLONG;
			return -1;
		}
		memcpy(parent, path, size);
		parent[size] = '\0';
	}
	fd = links ? openat(AT_FDCWD, parent, flags)
		   : log_file_open_without_links(parent, flags, 0);
	if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* As whoever we are now. Where `check`, a new file is not made: the directory
 * that it would be made in is opened for it. */
static int
log_file_open_plainly(const char *path, bool check)
{
	int fd = openat(AT_FDCWD, path, LOG_FILE_FLAGS | (check ? 0 : O_CREAT),
	    LOG_FILE_MODE);

	if (fd == -1 && errno == ENOENT && check)
		return log_file_open_parent(path, true);
	return fd;
}

/* ---- root, on behalf of a user ---- */

/* Makes a new file, and gives it to the user, who will open it anew. */
static int
log_file_make(const char *path, const struct privileges *user)
{
	int fd = log_file_open_without_links(path,
	    LOG_FILE_FLAGS | O_CREAT | O_EXCL, LOG_FILE_MODE);

	if (fd >= 0 && fchown(fd, user->user, user->group) == -1) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Takes one that is there already; by another name, it may be anything. */
static int
log_file_take(const char *path)
{
	int fd = log_file_open_without_links(path, LOG_FILE_FLAGS, 0);
	struct stat status;

	if (fd == -1) {
		if (errno == ELOOP)
			errno = EPERM;
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_nlink == 1)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static int
log_file_open_for(const char *path, const struct privileges *user, bool check)
{
	int fd;

	fd = log_file_take(path);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	return check ? log_file_open_parent(path, false)
		     : log_file_make(path, user);
}

static int
log_file_try(const char *path, const struct privileges *user, bool check)
{
	const int descriptor = log_file_descriptor(path);
	struct privileges_before before;
	int fd, saved;

	if (descriptor != -1)
		return fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (user == NULL || user->text == NULL)
		return log_file_open_plainly(path, check);
	if (privileges_assume(user, &before) == -1)
		return -1;
	fd = log_file_open_plainly(path, check);
	saved = errno;
	if (privileges_resume(&before) == -1)
		return -1;
	errno = saved;
	if (fd == -1 && (errno == EACCES || errno == EPERM))
		return log_file_open_for(path, user, check);
	return fd;
}

int
log_file_open(const char *path, const struct privileges *user)
{
	return log_file_try(path, user, false);
}

int
log_file_check(const char *path, const struct privileges *user)
{
	int fd = log_file_try(path, user, true);

	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}
