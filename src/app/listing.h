/*
 * listing: the page of a directory that has no index: its files and directories
 * with sizes and times, for people as HTML, for programs as JSON.
 */
#ifndef MTASYNC_APP_LISTING_H
#define MTASYNC_APP_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* As many names are listed; of a larger directory those that come first from
 * the disk, and the page says that there are more. */
#define LISTING_MAX 4096

struct listing {
	const char *type; /* Content-Type, a constant */
	char *text;
	size_t size;
};

/*
 * Lists what is served of a decoded path, "" or one that ends in a slash, below
 * `root`: directories first, each kind by name. Left out are names that begin
 * with a dot, what is neither file nor directory, and links that lead to none
 * or out of `root`. Returns it, for listing_free(); or NULL with errno (as of
 * beneath_open_directory(), ENAMETOOLONG, ENOMEM). May wait for the disk. Any
 * thread.
 */
struct listing *listing_new(int root, struct span path, bool json);

void listing_free(struct listing *listing);

#endif
