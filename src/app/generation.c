/* Counts the owners of a generation; any thread. */
#include "config.h"

#include "app/generation.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct generation *
generation_new(int root)
{
	struct generation *generation = malloc(sizeof(*generation));

	if (generation == NULL) {
		close(root);
		errno = ENOMEM;
		return NULL;
	}
	atomic_init(&generation->owners, 1);
	generation->root = root;
	return generation;
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
	free(generation);
}
