/* A file and its coded siblings; the thread that asks. */
#include "config.h"

#include "app/resource.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/clock.h"

static const char *const resource_suffixes[HTTP_CODINGS] = {
	[HTTP_CODING_BR] = ".br",
	[HTTP_CODING_ZSTD] = ".zst",
	[HTTP_CODING_GZIP] = ".gz",
	[HTTP_CODING_IDENTITY] = "",
};

/* How late Vary may say that there are coded files now, to clients that accept
 * none. */
#define RESOURCE_SURVEY_TIME CLOCK_S

/* What lies on the disk while a resource is opened; -1: no such file. */
struct resource_found {
	int fds[HTTP_CODINGS];
	struct stat status[HTTP_CODINGS];
};

/* The path of one of its files. Returns false where it is too long, or there
 * can be none. */
static bool
resource_path(const struct resource *resource, int coding, char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%s%s", resource->path,
	    resource_suffixes[coding]);

	if (resource->coded && coding != HTTP_CODING_IDENTITY)
		return false;
	return size < PATH_MAX;
}

/* Whether a coded file is of this or a later version than the plain one. */
static bool
resource_is_fresh(const struct stat *coded, const struct stat *plain)
{
	if (coded->st_mtim.tv_sec != plain->st_mtim.tv_sec)
		return coded->st_mtim.tv_sec > plain->st_mtim.tv_sec;
	return coded->st_mtim.tv_nsec >= plain->st_mtim.tv_nsec;
}

/* Whether beneath_open() failed for want of room, which says nothing of the
 * file. */
static bool
resource_was_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static void
resource_drop(struct resource_found *found)
{
	int saved = errno;

	for (int i = 0; i < HTTP_CODINGS; i++)
		if (found->fds[i] != -1)
			close(found->fds[i]);
	errno = saved;
}

/* Reads the status of the directory that the file's name is in. Where that
 * fails, *directory is like none, and not settled. */
static void
resource_find_directory(const struct resource *resource, int root,
    struct resource_directory *directory)
{
	size_t size = resource->path_size;
	char path[PATH_MAX];
	struct stat status;

	*directory = (struct resource_directory){ .settled = false };
	while (size > 0 && resource->path[size - 1] != '/')
		size--;
	if (size >= sizeof path)
		return;
	memcpy(path, resource->path, size);
	path[size] = '\0';
	if (fstatat(root, size > 0 ? path : ".", &status, 0) == -1)
		return;
	directory->device = status.st_dev;
	directory->inode = status.st_ino;
	directory->changed = status.st_ctim;
	directory->settled = file_time_is_past(&status.st_ctim);
}

/* Whether a directory has had the same names ever since. */
static bool
resource_has_names(const struct resource_directory *now,
    const struct resource_directory *then)
{
	return then->settled && now->device == then->device &&
	       now->inode == then->inode &&
	       now->changed.tv_sec == then->changed.tv_sec &&
	       now->changed.tv_nsec == then->changed.tv_nsec;
}

/* Whether the name of a coded file is there, be it a link to nowhere. */
static bool
resource_is_named(const struct resource *resource, int root, int coding)
{
	char path[PATH_MAX];
	struct stat status;

	return resource_path(resource, coding, path) &&
	       (fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
		   errno != ENOENT);
}

/*
 * Opens the siblings that can be used, and says in *varies whether there are
 * any. Returns 0; or -1 with errno where there is no room to find out.
 */
static int
resource_find_coded(struct resource *resource, int root,
    struct resource_found *found, bool *varies)
{
	const struct stat *plain = &found->status[HTTP_CODING_IDENTITY];
	char path[PATH_MAX];

	resource_find_directory(resource, root, &resource->directory);
	for (int i = 0; i < HTTP_CODING_IDENTITY; i++) {
		resource->named[i] = resource_is_named(resource, root, i);
		if (!resource->named[i] || !resource_path(resource, i, path))
			continue;
		found->fds[i] = beneath_open(root, path, &found->status[i]);
		if (found->fds[i] == -1) {
			if (resource_was_short(errno))
				return -1;
		} else if (resource_is_fresh(&found->status[i], plain)) {
			*varies = true;
		} else {
			close(found->fds[i]);
			found->fds[i] = -1;
		}
	}
	return 0;
}

/*
 * Makes files of what was found, all of whose descriptors it takes over.
 * Returns 0, or -1 with errno where the plain one can't be made.
 */
static int
resource_load(struct resource *resource, struct resource_found *found,
    struct file_facts *facts, const struct moment *moment)
{
	int error = 0;

	for (int i = 0; i < HTTP_CODINGS; i++) {
		if (found->fds[i] == -1)
			continue;
		if (i != HTTP_CODING_IDENTITY || !resource->coded)
			facts->coding = (enum http_coding)i;
		resource->files[i] = file_open(found->fds[i], &found->status[i],
		    facts, moment);
		if (resource->files[i] == NULL)
			error = errno;
	}
	errno = error;
	return resource->files[HTTP_CODING_IDENTITY] != NULL ? 0 : -1;
}

/* Sums up the descriptors and the memory of its files, which stay the same. */
static void
resource_measure(struct resource *resource)
{
	resource->bytes = sizeof *resource + resource->path_size;
	for (int i = 0; i < HTTP_CODINGS; i++) {
		const struct file *file = resource->files[i];

		if (file == NULL)
			continue;
		resource->bytes += sizeof *file + file->head_size;
		if (file_content(file) == NULL)
			resource->descriptors++;
		else
			resource->bytes += (size_t)file_size(file);
	}
}

/* All of its files are looked at by opening them. */
static void
resource_note_look(struct resource *resource, const struct moment *moment)
{
	for (int i = 0; i < HTTP_CODINGS; i++)
		resource->looked[i] = moment->look;
	resource->surveyed = moment->look;
	resource->survey_due = moment->now + RESOURCE_SURVEY_TIME;
}

struct resource *
resource_open(int root, struct span path, const struct file_facts *common,
    const struct moment *moment, struct stat *status)
{
	struct resource *resource = calloc(1, sizeof *resource + path.size + 1);
	struct resource_found found = { .fds = { -1, -1, -1, -1 } };
	struct file_facts facts = *common;

	if (resource == NULL)
		return NULL;
	memcpy(resource->path, path.data, path.size);
	resource->path_size = path.size;
	resource->coded = facts.coding != HTTP_CODING_IDENTITY;
	resource_note_look(resource, moment);
	found.fds[HTTP_CODING_IDENTITY] = beneath_open(root, resource->path,
	    status);
	if (found.fds[HTTP_CODING_IDENTITY] != -1) {
		found.status[HTTP_CODING_IDENTITY] = *status;
		if (resource_find_coded(resource, root, &found,
			&facts.varies) == -1) {
			resource_drop(&found);
		} else if (resource_load(resource, &found, &facts, moment) ==
			   0) {
			resource_measure(resource);
			return resource;
		}
	}

	int saved = errno;

	resource_close(resource);
	errno = saved;
	return NULL;
}

void
resource_close(struct resource *resource)
{
	for (int i = 0; i < HTTP_CODINGS; i++)
		if (resource->files[i] != NULL)
			file_release(resource->files[i]);
	free(resource);
}

/* Whether beneath_open() opens what stat(2) has found. */
static bool
resource_can_open(int root, const char *path)
{
	struct stat status;
	int fd = beneath_open(root, path, &status);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* Whether stat(2) finds a regular file there, for a coded one not older than
 * the plain one, whose status is up to date. */
static bool
resource_find(const struct resource *resource, int root, int coding,
    struct stat *status)
{
	const struct file *plain = resource->files[HTTP_CODING_IDENTITY];
	char room[PATH_MAX];
	const char *path = resource->path;

	if (coding != HTTP_CODING_IDENTITY) {
		if (!resource_path(resource, coding, room))
			return false;
		path = room;
	}
	return fstatat(root, path, status, 0) == 0 &&
	       S_ISREG(status->st_mode) &&
	       (coding == HTTP_CODING_IDENTITY ||
		   resource_is_fresh(status, &plain->status));
}

/* Looks at a file that is there, unless a look has been made that will do. A
 * large one is read only while it is sent, so that its head has to be right. */
static inline bool
resource_look(struct resource *resource, int root, int coding,
    const struct moment *moment)
{
	const struct file *file = resource->files[coding];
	struct stat status;

	if (resource->looked[coding] >= moment->since)
		return file_is_whole(file);
	resource->looked[coding] = moment->look;
	return resource_find(resource, root, coding, &status) &&
	       file_is_version(file, &status);
}

/*
 * Whether a coded file is there, or is none, as before. One that is there and
 * can't be opened is none. One that has not changed may be outdated:
 * file_open() may have read a later version of the plain one than that which it
 * was compared with.
 */
static bool
resource_is_same(const struct resource *resource, int root, int coding)
{
	const struct file *file = resource->files[coding];
	char path[PATH_MAX];
	struct stat status;

	if (!resource->named[coding] ||
	    !resource_find(resource, root, coding, &status))
		return file == NULL;
	if (file != NULL)
		return file_is_version(file, &status);
	return !resource_path(resource, coding, path) ||
	       !resource_can_open(root, path);
}

/*
 * Whether no coded file has come or gone. As long as the directory has the same
 * names, those that can be used need no look, since the one that is served gets
 * its own; the others may become of use by what is written to them.
 */
static bool
resource_survey(struct resource *resource, int root,
    const struct moment *moment)
{
	struct resource_directory now;
	bool same;

	if (resource->surveyed >= moment->since)
		return true;
	resource->surveyed = moment->look;
	resource->survey_due = moment->now + RESOURCE_SURVEY_TIME;
	resource_find_directory(resource, root, &now);
	same = resource_has_names(&now, &resource->directory);
	resource->directory = now;
	for (int i = 0; i < HTTP_CODING_IDENTITY; i++) {
		if (same && resource->files[i] != NULL)
			continue;
		if (!same)
			resource->named[i] = resource_is_named(resource, root,
			    i);
		if (!resource_is_same(resource, root, i))
			return false;
	}
	return true;
}

struct file *
resource_choose(const struct resource *resource,
    const struct http_request *request)
{
	struct file *plain = resource->files[HTTP_CODING_IDENTITY];
	struct file *best = plain;
	uint16_t quality[HTTP_CODINGS];

	if (!plain->facts.varies || request == NULL)
		return plain;
	http_codings_accepted(request, quality);
	for (int i = HTTP_CODING_IDENTITY - 1; i >= 0; i--)
		if (resource->files[i] != NULL && quality[i] > 0 &&
		    quality[i] >= quality[best->facts.coding])
			best = resource->files[i];
	return best;
}

/* Whether coded files matter to the request: its client may get one, or it has a
 * part of one and names the date that they all may have. */
static inline bool
resource_has_to_survey(const struct http_request *request)
{
	return request != NULL &&
	       (request->present & (HTTP_FIELD_BIT(HTTP_FIELD_ACCEPT_ENCODING) |
				       HTTP_FIELD_BIT(HTTP_FIELD_IF_RANGE))) !=
		   0;
}

/* Out of line, or each request that needs none of it would pay for its frame. */
static __attribute__((noinline)) struct file *
resource_look_at_all(struct resource *resource, int root,
    const struct http_request *request, const struct moment *moment)
{
	struct file *file = resource->files[HTTP_CODING_IDENTITY];

	if (!resource_look(resource, root, HTTP_CODING_IDENTITY, moment))
		return NULL;
	if (!resource_has_to_survey(request) &&
	    moment->now < resource->survey_due)
		return file;
	if (!resource_survey(resource, root, moment))
		return NULL;
	file = resource_choose(resource, request);
	if (file->facts.coding != HTTP_CODING_IDENTITY &&
	    !resource_look(resource, root, (int)file->facts.coding, moment))
		return NULL;
	return file;
}

struct file *
resource_current(struct resource *resource, int root,
    const struct http_request *request, const struct moment *moment)
{
	struct file *file = resource->files[HTTP_CODING_IDENTITY];

	if (resource->looked[HTTP_CODING_IDENTITY] >= moment->since &&
	    file_content(file) != NULL && !resource_has_to_survey(request))
		return file;
	return resource_look_at_all(resource, root, request, moment);
}
