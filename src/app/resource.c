/* A file and its coded siblings; the thread that asks. */
#include "config.h"

#include "app/resource.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/media_type.h"
#include "base/beneath.h"

static const char *const resource_suffixes[HTTP_CODINGS] = {
	[HTTP_CODING_BR] = ".br",
	[HTTP_CODING_ZSTD] = ".zst",
	[HTTP_CODING_GZIP] = ".gz",
	[HTTP_CODING_IDENTITY] = "",
};

/* What lies on the disk while a resource is opened; -1: no such file. */
struct resource_found {
	int fds[HTTP_CODINGS];
	struct stat status[HTTP_CODINGS];
};

/* The path of one of its files. Returns false where it is too long. */
static bool
resource_path(const struct resource *resource, int coding, char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%s%s", resource->path,
	    resource_suffixes[coding]);

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

/*
 * Opens the siblings that can be used, and says in *varies whether there are
 * any. Returns 0; or -1 with errno where there is no room to find out.
 */
static int
resource_find_coded(const struct resource *resource, int root,
    struct resource_found *found, bool *varies)
{
	const struct stat *plain = &found->status[HTTP_CODING_IDENTITY];
	char path[PATH_MAX];

	for (int i = 0; i < HTTP_CODING_IDENTITY; i++) {
		if (!resource_path(resource, i, path))
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

struct resource *
resource_open(int root, struct span path, struct span fields,
    const struct moment *moment, struct stat *status)
{
	struct resource *resource = calloc(1, sizeof *resource + path.size + 1);
	struct resource_found found = { .fds = { -1, -1, -1, -1 } };
	struct file_facts facts = { .type = media_type_of(path),
		.fields = fields };

	if (resource == NULL)
		return NULL;
	memcpy(resource->path, path.data, path.size);
	resource->path_size = path.size;
	resource->checked = moment->now;
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

/*
 * Whether one of the files is what it was, or as absent: one that is there and
 * can't be opened still is. A coded one that has not changed may be outdated:
 * file_open() may have read a later version of the plain one than that which
 * it was compared with.
 */
static bool
resource_is_same(const struct resource *resource, int root, int coding)
{
	const struct file *file = resource->files[coding];
	const struct file *plain = resource->files[HTTP_CODING_IDENTITY];
	char path[PATH_MAX];
	struct stat status;
	bool there = resource_path(resource, coding, path) &&
		     fstatat(root, path, &status, 0) == 0 &&
		     S_ISREG(status.st_mode) &&
		     resource_is_fresh(&status, &plain->status);

	if (file != NULL)
		return there && file_is_version(file, &status);
	return !there || !resource_can_open(root, path);
}

bool
resource_is_current(const struct resource *resource, int root)
{
	for (int i = 0; i < HTTP_CODINGS; i++)
		if (!resource_is_same(resource, root, i))
			return false;
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
