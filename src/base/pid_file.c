/* Writing, publishing and removing; the main thread, and a child of it. */
#include "config.h"

#include "base/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the temporary name adds to the name. */
#define PID_FILE_SUFFIX     ".%08" PRIx32
#define PID_FILE_SUFFIX_MAX (sizeof(".01234567") - 1)

#define PID_FILE_MODE 0644

/* Opens the directory, and makes both names. Returns 0, or -1 with errno. */
static int
pid_file_enter(struct pid_file *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t before = (size_t)(name - path), size = strlen(name);
	char directory[PATH_MAX] = ".";
	uint32_t number;

	if (size == 0) {
		errno = EISDIR;
		return -1;
	}
	if (before >= sizeof(directory) ||
	    size + PID_FILE_SUFFIX_MAX > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (before > 0)
		memcpy(directory, path, before);
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -1;
	memcpy(file->name, name, size + 1);
	memcpy(file->temporary, name, size);
	snprintf(file->temporary + size, PID_FILE_SUFFIX_MAX + 1,
	    PID_FILE_SUFFIX, number);
	file->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return file->directory != -1 ? 0 : -1;
}

/* Whether a regular file may come to the path: nothing is there, or another one. Returns
 * 0, or -1 with errno. */
static int
pid_file_look(const struct pid_file *file)
{
	struct stat status;

	if (fstatat(file->directory, file->name, &status,
		AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (S_ISREG(status.st_mode))
		return 0;
	errno = S_ISDIR(status.st_mode) ? EISDIR : EEXIST;
	return -1;
}

/* Writes the number, and remembers which file that is. Returns 0, or -1 with errno. */
static int
pid_file_write(struct pid_file *file, int fd)
{
	struct stat status;

	if (dprintf(fd, "%jd\n", (intmax_t)getpid()) < 0 ||
	    fstat(fd, &status) == -1)
		return -1;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return 0;
}

int
pid_file_open(struct pid_file *file, const char *path)
{
	int fd, result, error;

	*file = (struct pid_file){ .directory = -1 };
	if (pid_file_enter(file, path) == -1 || pid_file_look(file) == -1)
		return -1;
	fd = openat(file->directory, file->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PID_FILE_MODE);
	if (fd == -1)
		return -1;
	result = pid_file_write(file, fd);
	error = errno;
	close(fd);
	if (result == -1)
		(void)unlinkat(file->directory, file->temporary, 0);
	errno = error;
	return result;
}

int
pid_file_publish(const struct pid_file *file)
{
	return renameat(file->directory, file->temporary, file->directory,
	    file->name);
}

void
pid_file_close(struct pid_file *file)
{
	const char *const names[] = { file->temporary, file->name };
	struct stat status;

	if (file->directory == -1)
		return;
	/* fails where the rights to do so have been given up */
	for (size_t i = 0; i < 2; i++)
		if (fstatat(file->directory, names[i], &status,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_dev == file->device &&
		    status.st_ino == file->inode)
			(void)unlinkat(file->directory, names[i], 0);
	pid_file_leave(file);
}

void
pid_file_leave(struct pid_file *file)
{
	if (file->directory != -1)
		close(file->directory);
	file->directory = -1;
}
