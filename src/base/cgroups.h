/*
 * cgroups: the limits that the process's cgroups and their parents set, of v2 and v1.
 */
#ifndef MTASYNC_BASE_CGROUPS_H
#define MTASYNC_BASE_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a line of a cgroup's file, NUL included. */
#define CGROUPS_LINE_MAX 64

/* A hierarchy of cgroups: its controller ("" is v2) and its mount point. */
struct cgroups_tree {
	const char *controller, *mount;
	/* Returns the limit of one cgroup's directory; 0: none. */
	int64_t (*read)(const char *directory);
};

/*
 * Returns the smallest limit that a tree's read() finds for the process's cgroup in it
 * and for that one's parents, or 0 where there is none, as the files below `root` have it
 * ("" is the real system). Main thread.
 */
int64_t cgroups_smallest(const char *root, const struct cgroups_tree *trees,
    size_t count);

/* Reads the first line of directory/name, without its newline. Returns false
 * where there is no such file or line. */
bool cgroups_read_line(const char *directory, const char *name,
    char line[CGROUPS_LINE_MAX]);

#endif
