/*
 * resource: what a path below the root names: a file, and beside it the same
 * file coded, as `name.br`, `name.zst` and `name.gz`, where somebody has put
 * them there.
 */
#ifndef MTASYNC_APP_RESOURCE_H
#define MTASYNC_APP_RESOURCE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "app/file.h"
#include "base/list.h"
#include "http/codings.h"
#include "http/request.h"

struct resource {
	struct resource *next; /* in its bucket; the cache's, like these: */
	struct list used;
	int64_t checked; /* when it was last known to be current */
	size_t key_size; /* how much of `path` it is asked for by */
	struct file *files[HTTP_CODINGS]; /* NULL: none; identity is there */
	unsigned descriptors;             /* how many it holds, */
	size_t bytes;                     /* and how much memory */
	size_t path_size;
	char path[]; /* below the root, NUL-terminated */
};

/* The path that it is asked for by. */
static inline struct span
resource_key(const struct resource *resource)
{
	return (struct span){ resource->path, resource->key_size };
}

/*
 * Opens what is at `path` below the directory `root`; every answer carries
 * `fields`. A coded file that is older than the plain one, or can't be opened,
 * is none. Returns it; or NULL, with errno and *status as of beneath_open(),
 * ENOMEM, or EAGAIN; also where there is no room to open a coded one. May wait
 * for the disk.
 */
struct resource *resource_open(int root, struct span path, struct span fields,
    const struct moment *moment, struct stat *status);

void resource_close(struct resource *resource);

/* Whether the paths still lead to what was opened. May wait for the disk. */
bool resource_is_current(const struct resource *resource, int root);

/*
 * The file that suits the Accept-Encoding of the request, or the plain one
 * where there is no request, or it accepts none (RFC 9110 12.5.3 leaves that
 * to us). The reference stays the resource's.
 */
struct file *resource_choose(const struct resource *resource,
    const struct http_request *request);

#endif
