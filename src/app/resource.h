/*
 * resource: what a path below the root names: a file, and beside it the same
 * file coded, as `name.br`, `name.zst` and `name.gz`, where somebody has put
 * them there.
 *
 * To look at a resource is one stat(2) of the file that is served, or two where
 * that is a coded one. Whether coded ones have come, the directory tells by its
 * ctime; it is asked where that matters to the request, and else once a second,
 * for what Vary says.
 */
#ifndef MTASYNC_APP_RESOURCE_H
#define MTASYNC_APP_RESOURCE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "app/file.h"
#include "base/list.h"
#include "http/codings.h"
#include "http/request.h"

/* A directory as it was before its names were looked up. */
struct resource_directory {
	dev_t device;
	ino_t inode;
	struct timespec changed; /* ctime */
	bool settled;            /* which tells it from any later state */
};

struct resource {
	struct resource *next; /* in its bucket; the cache's, like these: */
	struct list used;
	size_t key_size; /* how much of `path` it is asked for by */

	/* numbers of looks, see struct moment: the last one at each file, */
	uint64_t looked[HTTP_CODINGS];
	uint64_t ranked;   /* the last one for an index that goes before it, the
			  * cache's; UINT64_MAX: there can be none; */
	uint64_t surveyed; /* and the last one for coded files that come, */
	int64_t survey_due; /* when the next is, for Vary alone */
	struct resource_directory directory; /* of then */
	bool named[HTTP_CODINGS]; /* the name was there, whatever it leads to */

	struct file *files[HTTP_CODINGS]; /* NULL: none; identity is there */
	unsigned descriptors;             /* how many it holds, */
	size_t bytes;                     /* and how much memory */
	bool coded;                       /* the file itself is */
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
 * Opens what is at `path` below the directory `root`; `common` are the facts of
 * the file but for `varies`. A coded file that is older than the plain one, or
 * can't be opened, is none; what is coded itself has none. Returns it; or NULL,
 * with errno and *status as of beneath_open(), ENOMEM, or EAGAIN; also where
 * there is no room to open a coded one. May wait for the disk.
 */
struct resource *resource_open(int root, struct span path,
    const struct file_facts *common, const struct moment *moment,
    struct stat *status);

void resource_close(struct resource *resource);

/*
 * The file that suits the Accept-Encoding of the request, or the plain one
 * where there is no request, or it accepts none (RFC 9110 12.5.3 leaves that
 * to us). The reference stays the resource's.
 */
struct file *resource_choose(const struct resource *resource,
    const struct http_request *request);

/*
 * The same, as far as the disk has it so: looks at what no look has been made
 * at since moment->since. NULL: something is not as it was opened. May wait for
 * the disk.
 */
struct file *resource_current(struct resource *resource, int root,
    const struct http_request *request, const struct moment *moment);

#endif
