/* cpus: how many CPUs this process may use. */
#ifndef MTASYNC_BASE_CPUS_H
#define MTASYNC_BASE_CPUS_H

/*
 * Returns the CPUs of the affinity mask, or fewer where the process's cgroup or
 * one of its parents has a smaller quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`),
 * rounded up; at least 1. Main thread.
 */
unsigned cpus_available(void);

/*
 * Returns the cgroups' quota in whole CPUs, rounded up, or 0 where there is
 * none, as the files below `root` have it ("" is the real system): what
 * cpus_available() calls, apart so that a test can make files of its own. Main
 * thread.
 */
unsigned cpus_quota(const char *root);

#endif
