/*
 * site: a document root, and one thread's cache of its files.
 *
 * The cache knows a file by the path that is asked for, an index by that of its
 * directory. It is bounded in files, bytes and descriptors, least recently used
 * first out.
 *
 * Who asks after a change is told of it, by whichever thread: site_find()
 * answers from the cache only if it has looked at the disk since the request
 * was sent. A look that was made for another request will do, where that is
 * certain. Looks have numbers, and struct moment says which ones are late
 * enough. A loop counts `look` up when it begins to wait for events, and when
 * it has received bytes, and sets `since` for each request that begins:
 *
 * - The first one of a connection in whose event it runs: its first byte was
 *   there when the wait ended, so that all looks of this round will do. So they
 *   share one, however many connections had something to say.
 * - Any other: all that is known is that it has been received, so that the
 *   looks since the last reception will do. Such are requests that follow in
 *   one recv, and so share a look; those of a later recv; and those of
 *   connections that were accepted within the round, or that go on by an alarm
 *   or a deadline: their bytes may have come after the round's first look.
 *
 * A thread that waits for one client looks anew for each request.
 */
#ifndef MTASYNC_APP_SITE_H
#define MTASYNC_APP_SITE_H

#include "app/generation.h"
#include "app/listings.h"
#include "app/media_type.h"
#include "app/resource.h"

#define SITE_BUCKETS 4096 /* a power of two */

enum site_result {
	SITE_FOUND,
	SITE_MISSING,   /* nothing that we serve */
	SITE_FORBIDDEN, /* there, but not readable for us */
	SITE_DIRECTORY, /* a directory, asked for without its slash */
	SITE_NO_INDEX,  /* no index in a directory, if it is one, asked for
			 * with its slash */
	SITE_BUSY,      /* no descriptor or memory for it just now */
};

/* What is looked for. */
struct site_query {
	struct span path; /* decoded; see http_target_decode() */
	const struct http_request *request; /* for its codings; or NULL */
};

/* What all threads' caches share; constant while they run. */
struct site_config {
	const char *const *indexes; /* the files that a directory is served by,
				     * the first that it has; NULL ends them */
	const char *missing;  /* the page of a 404, a path below the root */
	const char *fallback; /* the page that browsers get instead; or NULL */
	const char *extensions; /* that a path may leave out, with commas
				 * between; or NULL */
	bool listing;           /* a directory without an index is listed */
	struct span fields;     /* field lines that every answer carries */
	unsigned open_files;    /* descriptors that one cache may hold */
};

/* Resources that compete for the same thing. */
struct site_shelf {
	struct list used; /* most recently used first */
	size_t count;     /* of resources in memory; of descriptors */
	size_t bytes;
};

struct site {
	const struct site_config *config;
	struct generation *generation; /* whose root and types it serves;
					* NULL: none yet */
	struct resource **buckets;
	struct site_shelf memory; /* those of small files alone */
	struct site_shelf open;   /* those that hold descriptors */
	struct listings listings; /* those that are being made */
};

/* Returns 0, or -1 with errno. `config` outlives the site. */
int site_open(struct site *site, const struct site_config *config);

/* Forgets all files; those that answers hold live on. */
void site_close(struct site *site);

/*
 * Serves from the root of this generation, of which the site takes the caller's
 * place as an owner, and forgets what it knows of the former one. Nothing is
 * found before the first one.
 */
void site_use_root(struct site *site, struct generation *generation);

/* What becomes of a path, by errno; of 0, by what lies there instead of a file,
 * which is not looked at otherwise. */
enum site_result site_fault(int error, const struct stat *status);

/*
 * Finds what a decoded path (see http_target_decode) names: a file, or, for ""
 * and a path that ends in a slash, an index of the directory; coded as the
 * request wants it, which may be NULL. With SITE_FOUND, *found is a reference
 * that the caller releases. Names that start with a dot are missing, but for
 * `.well-known` (RFC 8615). May wait for the disk. Only the site's thread.
 */
enum site_result site_find(struct site *site, const struct site_query *query,
    const struct moment *moment, struct file **found);

#endif
