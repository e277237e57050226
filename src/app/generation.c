/* Counts the owners of a generation; any thread. */
#include "config.h"

#include "app/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/mime_types.h"
#include "app/rules.h"
#include "base/clock.h"
#include "tls/keys.h"

/* How often ROOT may be opened anew. */
#define GENERATION_LOOK_TIME CLOCK_S

struct generation *
generation_new(int root, struct mime_types *types)
{
	struct generation *generation = malloc(sizeof(*generation));

	if (generation == NULL) {
		close(root);
		errno = ENOMEM;
		return NULL;
	}
	atomic_init(&generation->owners, 1);
	generation->root = root;
	generation->types = mime_types_hold(types);
	generation->rules = NULL;
	generation->keys = NULL;
	generation->key_count = 0;
	generation->on_gone = NULL;
	generation->arg = NULL;
	atomic_init(&generation->look_due, clock_now() + GENERATION_LOOK_TIME);
	return generation;
}

int
generation_use_keys(struct generation *generation, struct tls_keys *const *keys,
    unsigned count)
{
	if (count == 0)
		return 0;
	generation->keys = calloc(count, sizeof(struct tls_keys *));
	if (generation->keys == NULL)
		return -1;
	for (unsigned i = 0; i < count; i++)
		generation->keys[i] = tls_keys_hold(keys[i]);
	generation->key_count = count;
	return 0;
}

struct tls_keys *
generation_keys(const struct generation *generation, unsigned worker)
{
	return generation != NULL && worker < generation->key_count
		   ? generation->keys[worker]
		   : NULL;
}

/*
 * Whether the entries of a removed directory are asked for: overlayfs, of which
 * containers have their files, makes up the number of its links.
 */
static bool
generation_has_no_entries(int root)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char entries[512];
	bool gone;

	if (fd == -1)
		return errno == ENOENT;
	gone = syscall(SYS_getdents64, fd, entries, sizeof(entries)) == -1 &&
	       errno == ENOENT;
	close(fd);
	return gone;
}

/* A network file system fails where the directory is gone (ESTALE). */
bool
generation_is_gone(int root)
{
	struct stat status;

	return fstat(root, &status) == -1 || status.st_nlink == 0 ||
	       generation_has_no_entries(root);
}

void
generation_miss(struct generation *generation, int64_t now)
{
	int64_t due = atomic_load(&generation->look_due);

	if (generation->on_gone == NULL || now < due)
		return;
	/* one thread of all that have missed by now looks */
	if (atomic_compare_exchange_strong(&generation->look_due, &due,
		now + GENERATION_LOOK_TIME) &&
	    generation_is_gone(generation->root))
		generation->on_gone(generation->arg);
}

struct generation *
generation_hold(struct generation *generation)
{
	atomic_fetch_add(&generation->owners, 1);
	return generation;
}

void
generation_release(struct generation *generation)
{
	if (generation == NULL || atomic_fetch_sub(&generation->owners, 1) > 1)
		return;
	close(generation->root);
	mime_types_release(generation->types);
	rules_release(generation->rules);
	for (unsigned i = 0; i < generation->key_count; i++)
		tls_keys_release(generation->keys[i]);
	free(generation->keys);
	free(generation);
}
