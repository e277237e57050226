/* One thread's cache of the files below the root; that thread alone. */
#include "config.h"

#include "app/site.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"

/* Bounds of one cache. */
#define SITE_FILES_MAX  8192
#define SITE_BYTES_MAX  ((size_t)32 * 1024 * 1024)
#define SITE_CHECK_TIME CLOCK_S

int
site_open(struct site *site, const struct site_config *config)
{
	*site = (struct site){ .config = config };
	site->buckets = calloc(SITE_BUCKETS, sizeof *site->buckets);
	TAILQ_INIT(&site->memory.used);
	TAILQ_INIT(&site->open.used);
	return site->buckets == NULL ? -1 : 0;
}

/* The bytes that a file holds in this process. */
static size_t
site_weight(const struct file *file)
{
	return sizeof *file + file->path_size + file->head_size +
	       (file->fd == -1 ? file_size(file) : 0);
}

static struct site_shelf *
site_shelf_of(struct site *site, const struct file *file)
{
	return file->fd == -1 ? &site->memory : &site->open;
}

static void
site_forget(struct site *site, struct file *file)
{
	struct site_shelf *shelf = site_shelf_of(site, file);

	LIST_REMOVE(file, bucket);
	TAILQ_REMOVE(&shelf->used, file, used);
	shelf->files--;
	shelf->bytes -= site_weight(file);
	file_release(file);
}

/* Lets go of the least recently used until a shelf is within its bounds. */
static void
site_limit(struct site *site, struct site_shelf *shelf, size_t files)
{
	while (shelf->files > files || shelf->bytes > SITE_BYTES_MAX)
		site_forget(site, TAILQ_LAST(&shelf->used, site_used));
}

void
site_close(struct site *site)
{
	if (site->buckets == NULL)
		return;
	site_limit(site, &site->memory, 0);
	site_limit(site, &site->open, 0);
	free(site->buckets);
	site->buckets = NULL;
}

/* FNV-1a: paths are short, and a client that finds collisions among the names
 * below ROOT only slows down lookups of them. */
static struct site_bucket *
site_bucket_of(const struct site *site, struct span path)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < path.size; i++)
		hash = (hash ^ (unsigned char)path.data[i]) * 16777619U;
	return &site->buckets[(hash ^ hash >> 16) & (SITE_BUCKETS - 1)];
}

static struct file *
site_lookup(const struct site_bucket *bucket, struct span path)
{
	struct file *file;

	LIST_FOREACH(file, bucket, bucket)
		if (span_equal((struct span){ file->path, file->path_size },
			path))
			return file;
	return NULL;
}

/* Takes the reference over, and lets go of others where there are too many. */
static void
site_remember(struct site *site, struct site_bucket *bucket, struct file *file)
{
	struct site_shelf *shelf = site_shelf_of(site, file);

	LIST_INSERT_HEAD(bucket, file, bucket);
	TAILQ_INSERT_HEAD(&shelf->used, file, used);
	shelf->files++;
	shelf->bytes += site_weight(file);
	site_limit(site, &site->memory, SITE_FILES_MAX);
	site_limit(site, &site->open, site->config->open_files);
}

/* What a file that can't be opened is to its client. */
static enum site_result
site_fault(int error, const struct stat *status)
{
	switch (error) {
	case 0:
		return S_ISDIR(status->st_mode) ? SITE_DIRECTORY : SITE_MISSING;
	case ENOENT:
	case ENOTDIR:
	case EXDEV:
	case ELOOP:
	case ENAMETOOLONG:
		return SITE_MISSING;
	case EACCES:
	case EPERM:
		return SITE_FORBIDDEN;
	default:
		return SITE_BUSY;
	}
}

/* Whether a cached file can be served as it is. */
static bool
site_is_current(const struct site *site, struct file *file,
    const struct moment *moment)
{
	if (!file_is_whole(file))
		return false;
	if (moment->now - file->checked < SITE_CHECK_TIME)
		return true;
	file->checked = moment->now;
	return file_is_current(file, site->config->root);
}

/* The cached file at a path, as the most recently used; NULL: none is good. */
static struct file *
site_cached(struct site *site, const struct site_bucket *bucket,
    struct span path, const struct moment *moment)
{
	struct file *file = site_lookup(bucket, path);
	struct site_shelf *shelf;

	if (file == NULL)
		return NULL;
	if (!site_is_current(site, file, moment)) {
		site_forget(site, file);
		return NULL;
	}
	shelf = site_shelf_of(site, file);
	if (file != TAILQ_FIRST(&shelf->used)) {
		TAILQ_REMOVE(&shelf->used, file, used);
		TAILQ_INSERT_HEAD(&shelf->used, file, used);
	}
	return file;
}

/* Finds a file by its whole path below the root. */
static enum site_result
site_find_file(struct site *site, struct span path, const struct moment *moment,
    struct file **found)
{
	struct site_bucket *bucket = site_bucket_of(site, path);
	struct file *file = site_cached(site, bucket, path, moment);
	struct stat status;

	if (file != NULL) {
		*found = file_take(file);
		return SITE_FOUND;
	}
	file = file_open(site->config->root, path, moment, &status);
	if (file == NULL)
		return site_fault(errno, &status);
	*found = file_take(file);
	site_remember(site, bucket, file);
	return SITE_FOUND;
}

/* Whether a name on the way to the file starts with a dot. */
static bool
site_is_hidden(struct span path)
{
	static const struct span known = SPAN(".well-known/");

	for (size_t i = 0; i < path.size; i++) {
		if (path.data[i] != '.' || (i > 0 && path.data[i - 1] != '/'))
			continue;
		if (i > 0 || path.size < known.size ||
		    memcmp(path.data, known.data, known.size) != 0)
			return true;
	}
	return false;
}

/* A directory's path with the name of its index behind it. */
static enum site_result
site_find_index(struct site *site, struct span directory,
    const struct moment *moment, struct file **file)
{
	char path[PATH_MAX];
	struct span index = span_of(site->config->index);

	if (directory.size + index.size >= sizeof path)
		return SITE_MISSING;
	memcpy(path, directory.data, directory.size);
	memcpy(path + directory.size, index.data, index.size);

	enum site_result result = site_find_file(site,
	    (struct span){ path, directory.size + index.size }, moment, file);

	return result == SITE_DIRECTORY ? SITE_MISSING : result;
}

enum site_result
site_find(struct site *site, struct span path, const struct moment *moment,
    struct file **file)
{
	if (site_is_hidden(path))
		return SITE_MISSING;
	if (path.size == 0 || path.data[path.size - 1] == '/')
		return site_find_index(site, path, moment, file);
	return site_find_file(site, path, moment, file);
}
