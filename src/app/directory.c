/* Reads directories, a name at a time; the thread that asks. */
#include "config.h"

#include "app/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/beneath.h"

/* Bytes of records that are read at once, by getdents64(2): readdir(3) would
 * call more than a worker may. On 64 bits a record is a struct dirent. */
#define DIRECTORY_RECORDS 8192

/* What is needed only while it is read. */
struct directory_reading {
	int root;
	int fd;
	long at; /* of the records, the next one, */
	long size;
	_Alignas(struct dirent) char records[DIRECTORY_RECORDS];
	char path[]; /* below the root; "", or with a slash at its end */
};

int
directory_open(struct directory *directory, int root, struct span path)
{
	struct directory_reading *reading;

	*directory = (struct directory){ .count = 0 };
	if (path.size >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	reading = malloc(sizeof(*reading) + path.size + 1);
	if (reading == NULL)
		return -1;
	directory->reading = reading;
	reading->root = root;
	reading->at = reading->size = 0;
	memcpy(reading->path, path.data, path.size);
	reading->path[path.size] = '\0';
	reading->fd = beneath_open_directory(root, reading->path);
	return reading->fd == -1 ? -1 : 0;
}

/* Returns the next name, but for those of the directory itself and the one
 * above; or NULL: with errno, or 0 at the end. */
static const char *
directory_next_name(struct directory_reading *reading)
{
	const struct dirent *record;

	do {
		if (reading->at == reading->size) {
			errno = 0;
			reading->at = 0;
			reading->size = syscall(SYS_getdents64, reading->fd,
			    reading->records, sizeof(reading->records));
			if (reading->size <= 0) {
				reading->size = 0;
				return NULL;
			}
		}
		record = (const void *)(reading->records + reading->at);
		reading->at += record->d_reclen;
	} while (strcmp(record->d_name, ".") == 0 ||
		 strcmp(record->d_name, "..") == 0);
	return record->d_name;
}

/* Looks at a name as a request for it would find it. Returns false where there
 * is nothing to serve. */
static bool
directory_look(const struct directory_reading *reading, const char *name,
    struct stat *status)
{
	if (fstatat(reading->fd, name, status, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (S_ISLNK(status->st_mode)) {
		char path[PATH_MAX];
		int size = snprintf(path, sizeof(path), "%s%s", reading->path,
		    name);

		if (size >= PATH_MAX ||
		    beneath_stat(reading->root, path, status) == -1)
			return false;
	}
	return S_ISREG(status->st_mode) || S_ISDIR(status->st_mode);
}

/* Makes room for one entry more. Returns 0, or -1 with errno. */
static int
directory_grow(struct directory *directory)
{
	size_t room = directory->room > 0 ? 2 * directory->room : 64;
	struct directory_entry **entries;

	if (directory->count < directory->room)
		return 0;
	entries = reallocarray(directory->entries, room,
	    sizeof(struct directory_entry *));
	if (entries == NULL)
		return -1;
	directory->entries = entries;
	directory->room = room;
	return 0;
}

static int
directory_compare(const struct directory_entry *a,
    const struct directory_entry *b)
{
	if (a->directory != b->directory)
		return a->directory ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Puts an entry in its place, for which there is room: to sort all at the end
 * would take too long at once. */
static void
directory_insert(struct directory *directory, struct directory_entry *entry)
{
	size_t first = 0, end = directory->count;

	while (first < end) {
		size_t middle = (first + end) / 2;

		if (directory_compare(directory->entries[middle], entry) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	memmove(&directory->entries[first + 1], &directory->entries[first],
	    (directory->count - first) * sizeof(struct directory_entry *));
	directory->entries[first] = entry;
	directory->count++;
}

/* Adds an entry. Returns 0, or -1 with errno. */
static int
directory_add(struct directory *directory, const char *name,
    const struct stat *status)
{
	size_t size = strlen(name) + 1;
	struct directory_entry *entry;

	if (directory_grow(directory) == -1)
		return -1;
	entry = malloc(sizeof(*entry) + size);
	if (entry == NULL)
		return -1;
	entry->size = status->st_size;
	entry->modified = status->st_mtim.tv_sec;
	entry->directory = S_ISDIR(status->st_mode);
	memcpy(entry->name, name, size);
	directory_insert(directory, entry);
	return 0;
}

/* Frees what is needed only while it is read. */
static void
directory_end(struct directory *directory)
{
	struct directory_reading *reading = directory->reading;

	directory->reading = NULL;
	if (reading != NULL && reading->fd != -1)
		close(reading->fd);
	free(reading);
}

int
directory_read(struct directory *directory)
{
	const char *name = directory_next_name(directory->reading);
	struct stat status;

	if (name == NULL && errno != 0)
		return -1;
	directory->cut = name != NULL &&
			 directory->looked == DIRECTORY_NAMES_MAX;
	if (name == NULL || directory->cut) {
		directory_end(directory);
		return 0;
	}
	directory->looked++;
	if (name[0] != '.' &&
	    directory_look(directory->reading, name, &status) &&
	    directory_add(directory, name, &status) == -1)
		return -1;
	return 1;
}

void
directory_close(struct directory *directory)
{
	int saved = errno;

	directory_end(directory);
	for (size_t i = 0; i < directory->count; i++)
		free(directory->entries[i]);
	free(directory->entries);
	*directory = (struct directory){ .count = 0 };
	errno = saved;
}
