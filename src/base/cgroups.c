/*
 * cgroups: finds the process's cgroups by proc(5), in the mounted trees. Owns nothing;
 * runs in the main thread.
 */
#include "config.h"

#include "base/cgroups.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
cgroups_read_line(const char *directory, const char *name,
    char line[CGROUPS_LINE_MAX])
{
	char path[PATH_MAX];
	FILE *file;
	bool read;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	read = fgets(line, CGROUPS_LINE_MAX, file) != NULL;
	fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

/* Returns the smaller of two limits; 0 stands for none. */
static int64_t
cgroups_smaller(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * Returns the smallest limit of the cgroup at `path` and of its parents. In a
 * container, `path` may be that of the host, and not be mounted: then only the
 * mount point, which is the container's own cgroup, has the files.
 */
static int64_t
cgroups_smallest_in_tree(const char *root, const struct cgroups_tree *tree,
    const char *path)
{
	char directory[PATH_MAX];
	const size_t top = strlen(root) + strlen(tree->mount);
	int64_t limit = 0;

	if (snprintf(directory, sizeof(directory), "%s%s%s", root, tree->mount,
		path) >= PATH_MAX)
		return 0;
	for (;;) {
		char *slash = strrchr(directory, '/');

		limit = cgroups_smaller(limit, tree->read(directory));
		if (slash == NULL || slash < directory + top)
			return limit;
		*slash = '\0';
	}
}

/* Whether `list`, of names with commas between, has `name`; "" has "". */
static bool
cgroups_is_listed(const char *list, const char *name)
{
	for (;;) {
		size_t size = strcspn(list, ",");

		if (size == strlen(name) && memcmp(list, name, size) == 0)
			return true;
		if (list[size] == '\0')
			return false;
		list += size + 1;
	}
}

/* Returns the limit that a line of /proc/self/cgroup leads to; the line is
 * "ID:CONTROLLER,...:PATH", and is cut up. */
static int64_t
cgroups_smallest_of_line(const char *root, const struct cgroups_tree *trees,
    size_t count, char *line)
{
	char *controllers = strchr(line, ':'), *path;
	int64_t limit = 0;

	if (controllers == NULL)
		return 0;
	path = strchr(++controllers, ':');
	if (path == NULL)
		return 0;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	for (size_t i = 0; i < count; i++)
		if (cgroups_is_listed(controllers, trees[i].controller))
			limit = cgroups_smaller(limit,
			    cgroups_smallest_in_tree(root, &trees[i], path));
	return limit;
}

int64_t
cgroups_smallest(const char *root, const struct cgroups_tree *trees,
    size_t count)
{
	char path[PATH_MAX], *line = NULL;
	int64_t limit = 0;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (getline(&line, &size, file) > 0)
		limit = cgroups_smaller(limit,
		    cgroups_smallest_of_line(root, trees, count, line));
	free(line);
	fclose(file);
	return limit;
}
