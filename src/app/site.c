/* One thread's cache of the files below the root; that thread alone. */
#include "config.h"

#include "app/site.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Bounds of one cache. */
#define SITE_FILES_MAX 8192
#define SITE_BYTES_MAX ((size_t)32 * 1024 * 1024)

int
site_open(struct site *site, const struct site_config *config)
{
	*site = (struct site){ .config = config };
	site->buckets = calloc(SITE_BUCKETS, sizeof(struct resource *));
	list_init(&site->memory.used);
	list_init(&site->open.used);
	listings_init(&site->listings);
	return site->buckets == NULL ? -1 : 0;
}

static struct site_shelf *
site_shelf_of(struct site *site, const struct resource *resource)
{
	return resource->descriptors == 0 ? &site->memory : &site->open;
}

/* site_shelf.count goes up by this for a resource. */
static size_t
site_weight(const struct resource *resource)
{
	return resource->descriptors == 0 ? 1 : resource->descriptors;
}

/* site_bucket_of() hashes by FNV-1a: paths are short, and a client that finds
 * collisions among the names below ROOT slows down lookups of these alone. */
static struct resource **
site_bucket_of(const struct site *site, struct span path)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < path.size; i++)
		hash = (hash ^ (unsigned char)path.data[i]) * 16777619U;
	return &site->buckets[(hash ^ hash >> 16) & (SITE_BUCKETS - 1)];
}

static void
site_forget(struct site *site, struct resource *resource)
{
	struct site_shelf *shelf = site_shelf_of(site, resource);
	struct resource **place = site_bucket_of(site, resource_key(resource));

	while (*place != resource)
		place = &(*place)->next;
	*place = resource->next;
	list_remove(&resource->used);
	shelf->count -= site_weight(resource);
	shelf->bytes -= resource->bytes;
	resource_close(resource);
}

/* site_limit() forgets the least recently used resources until the shelf is
 * within its bounds. */
static void
site_limit(struct site *site, struct site_shelf *shelf, size_t count)
{
	while (shelf->count > count || shelf->bytes > SITE_BYTES_MAX)
		site_forget(site,
		    LIST_OWNER(list_last(&shelf->used), struct resource, used));
}

static void
site_forget_all(struct site *site)
{
	site_limit(site, &site->memory, 0);
	site_limit(site, &site->open, 0);
	generation_release(site->generation);
	site->generation = NULL;
}

void
site_close(struct site *site)
{
	if (site->buckets == NULL)
		return;
	site_forget_all(site);
	free(site->buckets);
	site->buckets = NULL;
}

void
site_use_root(struct site *site, struct generation *generation)
{
	site_forget_all(site);
	site->generation = generation;
}

/* The descriptor of the directory that is served; -1: none yet. */
static int
site_root(const struct site *site)
{
	return site->generation != NULL ? site->generation->root : -1;
}

/* The types that the operator adds; NULL: none. */
static const struct mime_types *
site_types(const struct site *site)
{
	return site->generation != NULL ? site->generation->types : NULL;
}

static struct resource *
site_lookup(const struct site *site, struct span path)
{
	struct resource *resource = *site_bucket_of(site, path);

	while (resource != NULL && !span_equal(resource_key(resource), path))
		resource = resource->next;
	return resource;
}

/* Takes the resource over, and forgets others where there are too many. */
static void
site_remember(struct site *site, struct resource *resource)
{
	struct site_shelf *shelf = site_shelf_of(site, resource);
	struct resource **bucket = site_bucket_of(site, resource_key(resource));

	resource->next = *bucket;
	*bucket = resource;
	list_add_first(&shelf->used, &resource->used);
	shelf->count += site_weight(resource);
	shelf->bytes += resource->bytes;
	site_limit(site, &site->memory, SITE_FILES_MAX);
	site_limit(site, &site->open, site->config->open_files);
}

enum site_result
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

/* Puts the path of an index into a directory's. Returns the size of both; 0:
 * too long. */
static size_t
site_path_of_index(struct span directory, const char *index,
    char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%.*s%s", (int)directory.size,
	    directory.data, index);

	return size > 0 && size < PATH_MAX ? (size_t)size : 0;
}

/* Whether a resource is an index that others go before. */
static bool
site_has_rank(const struct site *site, const struct resource *resource)
{
	return resource->key_size < resource->path_size &&
	       strcmp(resource->path + resource->key_size,
		   site->config->indexes[0]) != 0;
}

/* Looks whether an index has come that goes before the one that is cached. Out
 * of line, as it needs much room. */
static __attribute__((noinline)) bool
site_is_superseded(const struct site *site, struct resource *resource,
    const struct moment *moment)
{
	const char *name = resource->path + resource->key_size;
	const char *const *index = site->config->indexes;
	char path[PATH_MAX];
	struct stat status;

	resource->ranked = moment->look;
	for (; *index != NULL && strcmp(*index, name) != 0; index++)
		if (site_path_of_index(resource_key(resource), *index, path) >
			0 &&
		    fstatat(site_root(site), path, &status, 0) == 0 &&
		    S_ISREG(status.st_mode))
			return true;
	return false;
}

static void
site_use(struct site *site, struct resource *resource)
{
	struct site_shelf *shelf = site_shelf_of(site, resource);

	if (&resource->used == list_first(&shelf->used))
		return;
	list_remove(&resource->used);
	list_add_first(&shelf->used, &resource->used);
}

/* The cached file that suits the query; NULL: none, or none that is good. */
static struct file *
site_cached(struct site *site, const struct site_query *query,
    const struct moment *moment)
{
	struct resource *resource = site_lookup(site, query->path);
	struct file *file;

	if (resource == NULL)
		return NULL;
	file = resource_current(resource, site_root(site), query->request,
	    moment);
	if (file == NULL || (resource->ranked < moment->since &&
				site_is_superseded(site, resource, moment))) {
		site_forget(site, resource);
		return NULL;
	}
	site_use(site, resource);
	return file;
}

/*
 * Opens what is at a whole path below the root, and caches it for those who
 * ask for the first `key_size` bytes of that path.
 */
static enum site_result
site_load(struct site *site, const struct site_query *query, size_t key_size,
    const struct moment *moment, struct file **found)
{
	struct file_facts facts = { .type = media_type_of(site_types(site),
					query->path),
		.coding = media_type_coding(query->path),
		.fields = site->config->fields };
	struct stat status;
	struct resource *resource = resource_open(site_root(site), query->path,
	    &facts, moment, &status);

	if (resource == NULL)
		return site_fault(errno, &status);
	resource->key_size = key_size;
	resource->ranked = site_has_rank(site, resource) ? moment->look
							 : UINT64_MAX;
	*found = file_take(resource_choose(resource, query->request));
	site_remember(site, resource);
	return SITE_FOUND;
}

/* Whether a name on the way to the file starts with a dot. */
static bool
site_is_hidden(struct span path)
{
	static const struct span known = SPAN(".well-known");

	for (size_t i = 0; i < path.size; i++) {
		if (path.data[i] != '.' || (i > 0 && path.data[i - 1] != '/'))
			continue;
		if (i > 0 || path.size < known.size ||
		    memcmp(path.data, known.data, known.size) != 0 ||
		    (path.size > known.size && path.data[known.size] != '/'))
			return true;
	}
	return false;
}

/* Opens the first index that a directory has. */
static enum site_result
site_load_index(struct site *site, const struct site_query *query,
    const struct moment *moment, struct file **found)
{
	char path[PATH_MAX];
	struct site_query whole = { { path, 0 }, query->request };
	enum site_result result;

	for (const char *const *index = site->config->indexes; *index != NULL;
	     index++) {
		whole.path.size = site_path_of_index(query->path, *index, path);
		if (whole.path.size == 0)
			continue;
		result = site_load(site, &whole, query->path.size, moment,
		    found);
		if (result != SITE_MISSING && result != SITE_DIRECTORY)
			return result;
	}
	return SITE_NO_INDEX;
}

/* Finds what is not cached. Out of line: it is seldom needed, and needs much
 * room. */
static __attribute__((noinline)) enum site_result
site_find_on_disk(struct site *site, const struct site_query *query,
    const struct moment *moment, struct file **found)
{
	struct span path = query->path;

	if (site_is_hidden(path)) /* and so never cached */
		return SITE_MISSING;
	if (path.size == 0 || path.data[path.size - 1] == '/')
		return site_load_index(site, query, moment, found);
	return site_load(site, query, path.size, moment, found);
}

enum site_result
site_find(struct site *site, const struct site_query *query,
    const struct moment *moment, struct file **found)
{
	struct file *file = site_cached(site, query, moment);

	if (file == NULL) {
		enum site_result result = site_find_on_disk(site, query, moment,
		    found);

		if ((result == SITE_MISSING || result == SITE_NO_INDEX ||
			result == SITE_BUSY) &&
		    site->generation != NULL)
			generation_miss(site->generation, moment->now);
		return result;
	}
	*found = file_take(file);
	return SITE_FOUND;
}
