/* Looks whether what was read is still there; the main thread. */
#include "config.h"

#include "base/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"

/* The time in which a file may change twice and have the same times: two ticks of the
 * slowest kernels. */
#define WATCH_TICK (20 * CLOCK_MS)

/* What is at a path. */
struct watch_identity {
	int error; /* why nothing is known of it; 0: below is what it is */
	bool gone; /* nothing is there; all below is 0 */
	dev_t device;
	ino_t inode;
	off_t size; /* of a directory 0, as its times */
	int64_t modified;
	int64_t changed;
};

struct watched {
	char *path; /* owned */
	bool noted; /* since watch_begin() */
	struct watch_identity read;
	struct watch_identity seen; /* by the last look */
};

static int64_t
watch_time(const struct timespec *time)
{
	return time->tv_sec * CLOCK_S + time->tv_nsec;
}

static struct watch_identity
watch_identify(const char *path)
{
	struct watch_identity identity = { 0 };
	struct stat status;

	if (stat(path, &status) == -1) {
		identity.gone = errno == ENOENT || errno == ENOTDIR;
		identity.error = identity.gone ? 0 : errno;
		return identity;
	}
	identity.device = status.st_dev;
	identity.inode = status.st_ino;
	if (S_ISDIR(status.st_mode))
		return identity;
	identity.size = status.st_size;
	identity.modified = watch_time(&status.st_mtim);
	identity.changed = watch_time(&status.st_ctim);
	return identity;
}

static bool
watch_is_same(const struct watch_identity *a, const struct watch_identity *b)
{
	return a->error == b->error && a->gone == b->gone &&
	       a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->modified == b->modified &&
	       a->changed == b->changed;
}

/* Takes down what is at a path that is about to be read. */
static void
watch_take(struct watched *watched)
{
	int64_t age;

	watched->read = watch_identify(watched->path);
	age = clock_wall() - watched->read.changed;
	if (age >= 0 && age < WATCH_TICK) {
		const struct timespec rest = { .tv_nsec = WATCH_TICK - age };

		/* a signal may end it */
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
		watched->read = watch_identify(watched->path);
	}
	watched->seen = watched->read;
}

void
watch_begin(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++) {
		watch_take(&watch->list[i]);
		watch->list[i].noted = false;
	}
	watch->looks = 0;
}

/* Adds a path. Returns 0, or -1 where memory is short. */
static int
watch_add(struct watch *watch, const char *path)
{
	struct watched watched = { .noted = true };

	if (watch->count == watch->room) {
		size_t room = 2 * watch->room + 8;
		struct watched *list = realloc(watch->list,
		    room * sizeof(*list));

		if (list == NULL)
			return -1;
		watch->list = list;
		watch->room = room;
	}
	watched.path = strdup(path);
	if (watched.path == NULL)
		return -1;
	watch_take(&watched);
	watch->list[watch->count++] = watched;
	return 0;
}

void
watch_note(struct watch *watch, const char *path)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++)
		if (strcmp(watch->list[i].path, path) == 0) {
			watch->list[i].noted = true;
			return;
		}
	if (watch_add(watch, path) == -1)
		log_error("no memory to watch %.200s", path);
}

void
watch_end(struct watch *watch)
{
	size_t kept = 0;

	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++)
		if (watch->list[i].noted)
			watch->list[kept++] = watch->list[i];
		else
			free(watch->list[i].path);
	watch->count = kept;
}

bool
watch_look(struct watch *watch)
{
	const struct watched *other = NULL;
	bool rests = true;

	if (watch == NULL)
		return false;
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->list[i];
		struct watch_identity now = watch_identify(watched->path);

		rests &= watch_is_same(&watched->seen, &now);
		watched->seen = now;
		if (other == NULL && now.error == 0 &&
		    !watch_is_same(&watched->read, &now))
			other = watched;
	}
	if (other == NULL)
		watch->looks = 0;
	if (other == NULL || (!rests && ++watch->looks < WATCH_LOOKS))
		return false;
	snprintf(watch->cause, sizeof(watch->cause),
	    " (--watch-rules: %.200s has changed)", other->path);
	return true;
}

const char *
watch_cause(const struct watch *watch)
{
	return watch != NULL ? watch->cause : "";
}

void
watch_forget_cause(struct watch *watch)
{
	if (watch != NULL)
		watch->cause[0] = '\0';
}

void
watch_fini(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++)
		free(watch->list[i].path);
	free(watch->list);
	*watch = (struct watch){ 0 };
}
