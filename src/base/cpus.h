/* cpus: how many CPUs this process may use. */
#ifndef MTASYNC_BASE_CPUS_H
#define MTASYNC_BASE_CPUS_H

/*
 * At least 1: the CPUs of the affinity mask, or fewer where the cgroup (v2
 * `cpu.max`, v1 `cpu.cfs_quota_us`, of the process's own cgroup and of each of
 * its parents) has a smaller quota; a part of a CPU counts as one.
 */
unsigned cpus_available(void);

/*
 * The same question asked of files below `root` ("" is the real system): what
 * cpus_available() uses, apart so that a test can lay out a tree of its own.
 * Returns the quota in whole CPUs, rounded up, or 0 where there is none.
 */
unsigned cpus_quota(const char *root);

#endif
