/*
 * cpus: counts the CPUs of the affinity mask, and reads the cgroups' quotas. Owns
 * nothing; runs in the main thread.
 */
#include "config.h"

#include "base/cpus.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "base/cgroups.h"
#include "base/units.h"

/* More CPUs than any kernel supports: cpus_in_mask() tries no larger set. */
#define CPUS_MAX (1 << 20)

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
	char line[CGROUPS_LINE_MAX];
	size_t size;

	if (!cgroups_read_line(directory, "cpu.max", line))
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
	char quota[CGROUPS_LINE_MAX], period[CGROUPS_LINE_MAX];

	if (!cgroups_read_line(directory, "cpu.cfs_quota_us", quota) ||
	    !cgroups_read_line(directory, "cpu.cfs_period_us", period))
		return 0;
	return cpus_divide(span_of(quota), span_of(period));
}

/* Where systems mount cgroups: v2 alone, v2 beside v1, and v1. */
static const struct cgroups_tree cpus_trees[] = {
	{ "", "/sys/fs/cgroup", cpus_read_v2 },
	{ "", "/sys/fs/cgroup/unified", cpus_read_v2 },
	{ "cpu", "/sys/fs/cgroup/cpu", cpus_read_v1 },
	{ "cpu", "/sys/fs/cgroup/cpu,cpuacct", cpus_read_v1 },
};

unsigned
cpus_quota(const char *root)
{
	int64_t quota = cgroups_smallest(root, cpus_trees,
	    sizeof(cpus_trees) / sizeof(cpus_trees[0]));

	return quota < UINT_MAX ? (unsigned)quota : UINT_MAX;
}

unsigned
cpus_available(void)
{
	unsigned count = cpus_in_mask(), quota = cpus_quota("");

	if (count == 0 || (quota > 0 && quota < count))
		count = quota;
	return count > 0 ? count : 1;
}
