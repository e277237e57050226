/* test_cpus: the affinity mask, and quotas in cgroup trees laid out here. */
#include "config.h"

#include "base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define FS        "/sys/fs/cgroup"
#define FILES_MAX 6

/* A file below the tree's root, and what is in it. */
struct file {
	const char *path, *text;
};

/* Returns the quota in a system that has these files and no others. */
static unsigned
quota_of(const struct file files[FILES_MAX])
{
	char root[TREE_PATH_MAX];
	unsigned quota;

	tree_make(root);
	for (size_t i = 0; i < FILES_MAX && files[i].path != NULL; i++)
		tree_put(root, files[i].path, files[i].text);
	quota = cpus_quota(root);
	tree_remove(root);
	return quota;
}

struct row {
	const char *name;
	unsigned quota;
	struct file files[FILES_MAX];
};

static void
check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned quota = quota_of(rows[i].files);

		if (quota != rows[i].quota)
			fail_msg("%s: %u", rows[i].name, quota);
	}
}

#define SELF(text)          \
 {                          \
  "/proc/self/cgroup", text \
 }
#define PATH(path, text) \
 {                       \
  FS path, text          \
 }

static void
test_v2(void **state)
{
	static const struct row rows[] = {
		{ "nothing at all", 0, { { NULL, NULL } } },
		{ "no quota", 0,
		    { SELF("0::/\n"), PATH("/cgroup.procs", "") } },
		{ "max", 0,
		    { SELF("0::/a\n"), PATH("/a/cpu.max", "max 100000\n") } },
		{ "two", 2,
		    { SELF("0::/a\n"),
			PATH("/a/cpu.max", "200000 100000\n") } },
		{ "a part counts as one", 3,
		    { SELF("0::/a\n"),
			PATH("/a/cpu.max", "200001 100000\n") } },
		{ "half a CPU", 1,
		    { SELF("0::/a\n"), PATH("/a/cpu.max", "50000 100000\n") } },
		{ "a parent's is smaller", 2,
		    { SELF("0::/a/b/c\n"),
			PATH("/a/b/c/cpu.max", "400000 100000\n"),
			PATH("/a/b/cpu.max", "max 100000\n"),
			PATH("/a/cpu.max", "200000 100000\n") } },
		{ "its own is smaller", 1,
		    { SELF("0::/a/b\n"),
			PATH("/a/b/cpu.max", "100000 100000\n"),
			PATH("/a/cpu.max", "200000 100000\n") } },
		{ "a cgroup beside it is another's", 4,
		    { SELF("0::/a/b\n"),
			PATH("/a/c/cpu.max", "100000 100000\n"),
			PATH("/a/cpu.max", "400000 100000\n") } },
		{ "the host's path, in a container", 2,
		    { SELF("0::/docker/0123\n"),
			PATH("/cpu.max", "200000 100000\n") } },
		{ "beside v1", 5,
		    { SELF("1:cpu,cpuacct:/x\n0::/a\n"),
			PATH("/unified/a/cpu.max", "500000 100000\n") } },
		{ "junk", 0,
		    { SELF("0::/a\n"), PATH("/a/cpu.max", "junk\n") } },
		{ "no period", 0,
		    { SELF("0::/a\n"), PATH("/a/cpu.max", "200000\n") } },
		{ "a period of 0", 0,
		    { SELF("0::/a\n"), PATH("/a/cpu.max", "200000 0\n") } },
		{ "more than there are", UINT_MAX,
		    { SELF("0::/a\n"),
			PATH("/a/cpu.max", "9999999999999 1\n") } },
		{ "junk for cgroups", 0,
		    { SELF("junk\n1:cpu\n"),
			PATH("/cpu.max", "200000 100000\n") } },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_v1(void **state)
{
	static const struct row rows[] = {
		{ "three", 3,
		    { SELF("5:cpu,cpuacct:/a\n4:memory:/b\n"),
			PATH("/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n"),
			PATH("/cpu,cpuacct/a/cpu.cfs_period_us",
			    "100000\n") } },
		{ "the other mount, the other order", 3,
		    { SELF("4:memory:/b\n5:cpuacct,cpu:/a\n"),
			PATH("/cpu/a/cpu.cfs_quota_us", "300000\n"),
			PATH("/cpu/a/cpu.cfs_period_us", "100000\n") } },
		{ "-1 is none", 0,
		    { SELF("5:cpu:/a\n"),
			PATH("/cpu/a/cpu.cfs_quota_us", "-1\n"),
			PATH("/cpu/a/cpu.cfs_period_us", "100000\n") } },
		{ "a parent's", 1,
		    { SELF("5:cpu:/a/b\n"),
			PATH("/cpu/a/b/cpu.cfs_quota_us", "-1\n"),
			PATH("/cpu/a/b/cpu.cfs_period_us", "100000\n"),
			PATH("/cpu/cpu.cfs_quota_us", "100000\n"),
			PATH("/cpu/cpu.cfs_period_us", "100000\n") } },
		{ "cpuset and cpuacct are others", 0,
		    { SELF("5:cpuset,cpuacct:/a\n"),
			PATH("/cpu/a/cpu.cfs_quota_us", "100000\n"),
			PATH("/cpu/a/cpu.cfs_period_us", "100000\n") } },
		{ "both kinds: the smaller", 2,
		    { SELF("5:cpu:/a\n0::/b\n"),
			PATH("/cpu/a/cpu.cfs_quota_us", "300000\n"),
			PATH("/cpu/a/cpu.cfs_period_us", "100000\n"),
			PATH("/b/cpu.max", "200000 100000\n") } },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* With one CPU in the mask there is one, whatever the quota says. */
static void
test_affinity(void **state)
{
	cpu_set_t all, one;
	unsigned quota = cpus_quota(""), mask, first = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	mask = (unsigned)CPU_COUNT(&all);
	assert_int_equal(cpus_available(),
	    quota > 0 && quota < mask ? quota : mask);

	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(cpus_available(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_affinity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
