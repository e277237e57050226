/*
 * site: a document root, and one thread's cache of its files.
 *
 * The cache is bounded in files, bytes and descriptors, least recently used
 * first out. What it holds is checked against the disk by stat(2) at most once
 * a second, when it is asked for: a change shows within that time.
 */
#ifndef MTASYNC_APP_SITE_H
#define MTASYNC_APP_SITE_H

#include "app/file.h"

#define SITE_BUCKETS 4096 /* a power of two */

enum site_result {
	SITE_FOUND,
	SITE_MISSING,   /* nothing that we serve */
	SITE_FORBIDDEN, /* there, but not readable for us */
	SITE_DIRECTORY, /* a directory, asked for without its slash */
	SITE_BUSY,      /* no descriptor or memory for it just now */
};

LIST_HEAD(site_bucket, file);
TAILQ_HEAD(site_used, file);

/* What all threads' caches share; constant while they run. */
struct site_config {
	int root;            /* an open directory */
	const char *index;   /* the file that a directory is served by */
	const char *missing; /* the page of a 404, a path below the root */
	unsigned open_files; /* descriptors that one cache may hold */
};

/* Files that compete for the same thing. */
struct site_shelf {
	struct site_used used; /* most recently used first */
	size_t files;
	size_t bytes;
};

struct site {
	const struct site_config *config;
	struct site_bucket *buckets;
	struct site_shelf memory; /* small files */
	struct site_shelf open;   /* large ones, by their descriptors */
};

/* Returns 0, or -1 with errno. `config` outlives the site. */
int site_open(struct site *site, const struct site_config *config);

/* Forgets all files; those that answers hold live on. */
void site_close(struct site *site);

/*
 * Finds what a decoded path (see http_target_decode) names: a file, or, for ""
 * and a path that ends in a slash, the directory's index. With SITE_FOUND,
 * *file is a reference that the caller releases. Names that start with a dot
 * are missing, but for `.well-known` (RFC 8615). May wait for the disk. Only
 * the site's thread.
 */
enum site_result site_find(struct site *site, struct span path,
    const struct moment *moment, struct file **file);

#endif
