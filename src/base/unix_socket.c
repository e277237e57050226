/* unix_socket: parsing, binding, publishing and removing; the main thread. */
#include "config.h"

#include "base/unix_socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/units.h"

/* What the temporary name adds to the path. */
#define UNIX_SOCKET_SUFFIX     ".%08" PRIx32
#define UNIX_SOCKET_SUFFIX_MAX (sizeof(".01234567") - 1)

_Static_assert(UNIX_SOCKET_PATH_MAX + UNIX_SOCKET_SUFFIX_MAX <
		   sizeof(((struct sockaddr_un *)0)->sun_path),
    "a temporary name may be too long");

/* The longest option of an address, `group=NAME`. */
#define UNIX_SOCKET_OPTION_MAX 64

/* What is found at a path. */
enum unix_socket_found {
	UNIX_SOCKET_NONE,  /* nothing */
	UNIX_SOCKET_STALE, /* a socket that nobody listens on */
	UNIX_SOCKET_LIVE,  /* a socket that somebody listens on */
	UNIX_SOCKET_FAULT, /* errno says what */
};

/* ---- parsing ---- */

/* Returns NULL, or what is wrong with the mode. */
static const char *
unix_socket_parse_mode(const char *text, struct unix_socket_rights *rights)
{
	size_t size = strlen(text);

	if (size == 0 || size > 4 || strspn(text, "01234567") != size)
		return "the mode must be octal, as in mode=0660";
	rights->mode = (mode_t)strtoul(text, NULL, 8);
	rights->mode_given = rights->mode <= 0777;
	return rights->mode_given ? NULL : "the mode must be at most 0777";
}

/* Returns NULL, or what is wrong with the group. */
static const char *
unix_socket_parse_group(const char *text, struct unix_socket_rights *rights)
{
	/* cppcheck-suppress getgrnamCalled */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const struct group *entry = getgrnam(text);
	int64_t number = 0;

	rights->group_given = true;
	if (entry != NULL)
		rights->group = entry->gr_gid;
	else if (units_parse_count(span_of(text), &number) == UNITS_OK &&
		 number < UINT32_MAX)
		rights->group = (gid_t)number;
	else
		return "unknown group";
	return NULL;
}

/* Returns NULL, or what is wrong with an option. */
static const char *
unix_socket_parse_option(const char *option, struct unix_socket_rights *rights)
{
	static const char mode[] = "mode=", group[] = "group=";

	if (strncmp(option, mode, sizeof(mode) - 1) == 0)
		return unix_socket_parse_mode(option + sizeof(mode) - 1,
		    rights);
	if (strncmp(option, group, sizeof(group) - 1) == 0)
		return unix_socket_parse_group(option + sizeof(group) - 1,
		    rights);
	return "what follows the path must be ,mode=OCTAL or ,group=NAME";
}

const char *
unix_socket_parse(const char *text, struct sockaddr_un *address,
    struct unix_socket_rights *rights)
{
	size_t size = strcspn(text, ",");
	const char *why = NULL;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*rights = (struct unix_socket_rights){ 0 };
	if (size == 0 || text[size - 1] == '/')
		return "must be unix:PATH, and PATH the name of a socket";
	if (size > UNIX_SOCKET_PATH_MAX)
		return "the path of a unix socket must be at most 98 bytes long";
	memcpy(address->sun_path, text, size);
	for (text += size; why == NULL && *text == ','; text += size) {
		char option[UNIX_SOCKET_OPTION_MAX];

		size = strcspn(++text, ",");
		snprintf(option, sizeof(option), "%.*s", (int)size, text);
		why = unix_socket_parse_option(option, rights);
	}
	return why;
}

/* ---- binding ---- */

/* Asks whether somebody listens at the path, by connecting. The other end sees a
 * client that leaves. */
static enum unix_socket_found
unix_socket_try(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result, error;

	if (fd == -1)
		return UNIX_SOCKET_FAULT;
	result = connect(fd, (const struct sockaddr *)address,
	    sizeof(*address));
	error = errno;
	close(fd);
	errno = error;
	/* EAGAIN: the queue is full; EPROTOTYPE: it is of datagrams */
	if (result == 0 || error == EAGAIN || error == EPROTOTYPE)
		return UNIX_SOCKET_LIVE;
	if (error == ECONNREFUSED)
		return UNIX_SOCKET_STALE;
	return error == ENOENT ? UNIX_SOCKET_NONE : UNIX_SOCKET_FAULT;
}

/* Looks at what the path names, and remembers which file that is. */
static enum unix_socket_found
unix_socket_look(struct unix_socket *file, const struct sockaddr_un *address)
{
	struct stat status;

	if (fstatat(file->directory, file->name, &status,
		AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? UNIX_SOCKET_NONE : UNIX_SOCKET_FAULT;
	if (!S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return UNIX_SOCKET_FAULT;
	}
	file->old_device = status.st_dev;
	file->old_inode = status.st_ino;
	return unix_socket_try(address);
}

/* Opens the directory, and makes both names. Returns 0, or -1 with errno. */
static int
unix_socket_enter(struct unix_socket *file, const struct sockaddr_un *address)
{
	char directory[UNIX_SOCKET_PATH_MAX + 1] = ".";
	const char *path = address->sun_path, *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t size = strlen(name);
	uint32_t number;

	assert(strlen(path) <= UNIX_SOCKET_PATH_MAX);
	if (slash != NULL)
		memcpy(directory, path, (size_t)(name - path));
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -1;
	memcpy(file->name, name, size + 1);
	memcpy(file->temporary, name, size);
	snprintf(file->temporary + size, UNIX_SOCKET_SUFFIX_MAX + 1,
	    UNIX_SOCKET_SUFFIX, number);
	file->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	file->bound = file->directory != -1;
	return file->bound ? 0 : -1;
}

/* Gives the file, which nobody can connect to yet, its rights, and remembers
 * which file it is. */
static int
unix_socket_grant(struct unix_socket *file,
    const struct unix_socket_rights *rights)
{
	struct stat status;

	if (rights->group_given &&
	    fchownat(file->directory, file->temporary, (uid_t)-1, rights->group,
		AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (rights->mode_given && fchmodat(file->directory, file->temporary,
				      rights->mode, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (fstatat(file->directory, file->temporary, &status,
		AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return 0;
}

/* Binds a socket to the temporary name. */
static int
unix_socket_open(struct unix_socket *file, const struct sockaddr_un *address,
    const struct unix_socket_rights *rights)
{
	struct sockaddr_un temporary = *address;
	size_t directory = strlen(address->sun_path) - strlen(file->name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd == -1)
		return -1;
	memcpy(temporary.sun_path + directory, file->temporary,
	    strlen(file->temporary) + 1);
	if (bind(fd, (const struct sockaddr *)&temporary, sizeof(temporary)) ==
		0 &&
	    unix_socket_grant(file, rights) == 0)
		return fd;
	error = errno;
	close(fd);
	(void)unlinkat(file->directory, file->temporary, 0);
	errno = error;
	return -1;
}

int
unix_socket_bind(struct unix_socket *file, const struct sockaddr_un *address,
    const struct unix_socket_rights *rights, bool take_over)
{
	if (unix_socket_enter(file, address) == -1)
		return -1;
	switch (unix_socket_look(file, address)) {
	case UNIX_SOCKET_FAULT:
		return -1;
	case UNIX_SOCKET_LIVE:
		if (!take_over) {
			errno = EADDRINUSE;
			return -1;
		}
		break;
	case UNIX_SOCKET_NONE:
	case UNIX_SOCKET_STALE:
		break;
	}
	return unix_socket_open(file, address, rights);
}

/* ---- the path ---- */

static int
unix_socket_rename(const struct unix_socket *file, unsigned flags)
{
	return (int)syscall(SYS_renameat2, file->directory, file->temporary,
	    file->directory, file->name, flags);
}

/* Whether a name in the directory is this file. */
static bool
unix_socket_is(const struct unix_socket *file, const char *name, dev_t device,
    ino_t inode)
{
	struct stat status;

	return fstatat(file->directory, name, &status, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       status.st_dev == device && status.st_ino == inode;
}

/*
 * Puts the socket in the place of the file that was there, by an exchange: only
 * then is it certain which file gave way, where two servers start at once.
 */
static int
unix_socket_replace(struct unix_socket *file)
{
	if (unix_socket_rename(file, RENAME_EXCHANGE) == -1)
		return -1;
	file->replaced = unix_socket_is(file, file->temporary, file->old_device,
	    file->old_inode);
	if (file->replaced)
		return 0;
	(void)unix_socket_rename(file, RENAME_EXCHANGE);
	errno = EADDRINUSE;
	return -1;
}

int
unix_socket_publish(struct unix_socket *file)
{
	if (file->old_inode != 0) {
		if (unix_socket_replace(file) == 0)
			return 0;
		if (errno != ENOENT)
			return -1;
	}
	if (unix_socket_rename(file, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		errno = EADDRINUSE;
	return -1;
}

void
unix_socket_confirm(struct unix_socket *file)
{
	if (file->replaced)
		(void)unlinkat(file->directory, file->temporary, 0);
	file->replaced = false;
}

/* Gives the file that was replaced its name back, unless somebody else has come
 * there since. */
static void
unix_socket_take_back(struct unix_socket *file)
{
	if (!unix_socket_is(file, file->name, file->device, file->inode))
		unix_socket_confirm(file);
	else
		(void)unix_socket_rename(file, RENAME_EXCHANGE);
	file->replaced = false;
}

void
unix_socket_remove(struct unix_socket *file)
{
	const char *const names[] = { file->temporary, file->name };

	if (!file->bound)
		return;
	if (file->replaced)
		unix_socket_take_back(file);
	/* fails where the rights to do so have been given up */
	for (size_t i = 0; i < 2; i++)
		if (file->inode != 0 &&
		    unix_socket_is(file, names[i], file->device, file->inode))
			(void)unlinkat(file->directory, names[i], 0);
	unix_socket_leave(file);
}

void
unix_socket_leave(struct unix_socket *file)
{
	if (file->bound)
		close(file->directory);
	file->bound = false;
}
