/*
 * cpus: counts the CPUs of the affinity mask, and reads the cgroups' quotas from
 * proc(5) and the mounted trees. Owns nothing; runs in the main thread.
 */
#include "config.h"

#include "base/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* More CPUs than any kernel supports: cpus_in_mask() tries no larger set. */
#define CPUS_MAX (1 << 20)

/* A hierarchy of cgroups: its controller ("" is v2) and its mount point. */
struct cpus_tree {
	const char *controller, *mount;
	/* Returns the quota of one cgroup's directory, in CPUs; 0: none. */
	int64_t (*read)(const char *directory);
};

/* Returns the number of CPUs in our affinity mask, or 0 where unknown. */
static unsigned
cpus_in_mask(void)
{
	/* sched_getaffinity(2) fails with EINVAL where `set` is smaller than the
	 * kernel's own mask. */
	for (size_t size = CPU_SETSIZE; size <= CPUS_MAX; size *= 2) {
		cpu_set_t *set = CPU_ALLOC(size);
		int error, count = 0;

		if (set == NULL)
			return 0;
		error = sched_getaffinity(0, CPU_ALLOC_SIZE(size), set);
		if (error == 0)
			count = CPU_COUNT_S(CPU_ALLOC_SIZE(size), set);
		CPU_FREE(set);
		if (error == 0 || errno != EINVAL)
			return (unsigned)count;
	}
	return 0;
}

/* Reads the first line of directory/name, without its newline. Returns false
 * where there is no such file or line. */
static bool
cpus_read_line(const char *directory, const char *name, char line[64])
{
	char path[PATH_MAX];
	FILE *file;
	bool read;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	read = fgets(line, 64, file) != NULL;
	fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

/* Returns quota / period in CPUs, rounded up; 0, which is no quota, where either
 * is no number, as `max` and -1. */
static int64_t
cpus_divide(struct span quota_text, struct span period_text)
{
	int64_t quota, period;

	if (units_parse_count(quota_text, &quota) != UNITS_OK ||
	    units_parse_count(period_text, &period) != UNITS_OK || period == 0)
		return 0;
	return quota / period + (quota % period != 0);
}

/* Reads the quota of a v2 cgroup: `cpu.max` is "QUOTA PERIOD", where QUOTA may
 * be `max`. */
static int64_t
cpus_read_v2(const char *directory)
{
	char line[64];
	size_t size;

	if (!cpus_read_line(directory, "cpu.max", line))
		return 0;
	size = strcspn(line, " ");
	if (line[size] == '\0')
		return 0;
	return cpus_divide((struct span){ line, size },
	    span_of(line + size + 1));
}

/* Reads the quota of a v1 cgroup: quota and period are a file each, and a quota
 * of -1 is none. */
static int64_t
cpus_read_v1(const char *directory)
{
	char quota[64], period[64];

	if (!cpus_read_line(directory, "cpu.cfs_quota_us", quota) ||
	    !cpus_read_line(directory, "cpu.cfs_period_us", period))
		return 0;
	return cpus_divide(span_of(quota), span_of(period));
}

/* Where systems mount cgroups: v2 alone, v2 beside v1, and v1. */
static const struct cpus_tree cpus_trees[] = {
	{ "", "/sys/fs/cgroup", cpus_read_v2 },
	{ "", "/sys/fs/cgroup/unified", cpus_read_v2 },
	{ "cpu", "/sys/fs/cgroup/cpu", cpus_read_v1 },
	{ "cpu", "/sys/fs/cgroup/cpu,cpuacct", cpus_read_v1 },
};

/* Returns the smaller of two quotas; 0 stands for no quota. */
static int64_t
cpus_smaller(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * Returns the smallest quota of the cgroup at `path` and of its parents. In a
 * container, `path` may be that of the host, and not be mounted: then only the
 * mount point, which is the container's own cgroup, has the files.
 */
static int64_t
cpus_quota_in_tree(const char *root, const struct cpus_tree *tree,
    const char *path)
{
	char directory[PATH_MAX];
	const size_t top = strlen(root) + strlen(tree->mount);
	int64_t quota = 0;

	if (snprintf(directory, sizeof(directory), "%s%s%s", root, tree->mount,
		path) >= PATH_MAX)
		return 0;
	for (;;) {
		char *slash = strrchr(directory, '/');

		quota = cpus_smaller(quota, tree->read(directory));
		if (slash == NULL || slash < directory + top)
			return quota;
		*slash = '\0';
	}
}

/* Whether `list`, of names with commas between, has `name`; "" has "". */
static bool
cpus_is_listed(const char *list, const char *name)
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

/* Returns the quota that a line of /proc/self/cgroup leads to; the line is
 * "ID:CONTROLLER,...:PATH", and is cut up. */
static int64_t
cpus_quota_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':'), *path;
	int64_t quota = 0;

	if (controllers == NULL)
		return 0;
	path = strchr(++controllers, ':');
	if (path == NULL)
		return 0;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(cpus_trees) / sizeof(cpus_trees[0]); i++)
		if (cpus_is_listed(controllers, cpus_trees[i].controller))
			quota = cpus_smaller(quota,
			    cpus_quota_in_tree(root, &cpus_trees[i], path));
	return quota;
}

unsigned
cpus_quota(const char *root)
{
	char path[PATH_MAX], *line = NULL;
	int64_t quota = 0;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (getline(&line, &size, file) > 0)
		quota = cpus_smaller(quota, cpus_quota_of_line(root, line));
	free(line);
	fclose(file);
	return quota < UINT_MAX ? (unsigned)quota : UINT_MAX;
}

unsigned
cpus_available(void)
{
	int64_t count = cpus_smaller(cpus_in_mask(), cpus_quota(""));

	return count > 0 ? (unsigned)count : 1;
}
