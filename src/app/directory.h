/*
 * directory: the names in a directory that are served, sorted, with what is
 * told of each. It is read name by name, so that whoever reads it can do
 * something else in between. One thread at a time.
 */
#ifndef MTASYNC_APP_DIRECTORY_H
#define MTASYNC_APP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/span.h"

/* As many names are looked at, whether they are listed or not: of a larger
 * directory those that come first from the disk. */
#define DIRECTORY_NAMES_MAX 4096

struct directory_entry {
	int64_t size; /* bytes */
	time_t modified;
	bool directory;
	char name[]; /* NUL-terminated */
};

struct directory_reading;

struct directory {
	struct directory_entry **entries; /* directories first, each kind by
					   * name */
	size_t count;
	size_t room;
	size_t looked; /* how many names have been looked at */
	bool cut;      /* there are more than DIRECTORY_NAMES_MAX */
	struct directory_reading *reading; /* NULL: it has been read */
};

/*
 * Opens what is at a decoded path, "" or one that ends in a slash, below the
 * directory `root`, which stays open until all is read. Returns 0; or -1 with
 * errno (as of beneath_open_directory(), ENAMETOOLONG, ENOMEM). In both cases
 * it is to be closed. May wait for the disk.
 */
int directory_open(struct directory *directory, int root, struct span path);

/*
 * Looks at the next name, and adds an entry where a request for it would find a
 * file or a directory, and it does not begin with a dot. Returns 1; 0 at the
 * end, or at the bound; or -1 with errno. May wait for the disk.
 */
int directory_read(struct directory *directory);

/* Frees all of it, read or not. */
void directory_close(struct directory *directory);

#endif
