/* test_machine: what is read of files laid out here, and of this system. */
#include "config.h"

#include "base/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tree.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define NONE      MACHINE_UNKNOWN
#define FILES_MAX 3

struct file {
	const char *path, *text;
};

#define FIELD(name) offsetof(struct machine, name)
#define SYS(path, text)         \
 {                              \
  {                             \
   "/proc/sys/" path, text "\n" \
  }                             \
 }
#define GROUP "/sys/fs/cgroup"

static const struct row {
	const char *name;
	size_t field;
	int64_t value;
	struct file files[FILES_MAX];
} rows[] = {
	{ "no file", FIELD(nr_open), NONE, { { NULL, NULL } } },
	{ "nr_open", FIELD(nr_open), 1048576, SYS("fs/nr_open", "1048576") },
	{ "an empty file", FIELD(nr_open), NONE, SYS("fs/nr_open", "") },
	{ "junk", FIELD(nr_open), NONE, SYS("fs/nr_open", "junk") },
	{ "less than nothing", FIELD(nr_open), NONE, SYS("fs/nr_open", "-1") },
	{ "file-max", FIELD(file_max), 1000, SYS("fs/file-max", "1000") },
	{ "the most that there is is no limit", FIELD(file_max),
	    MACHINE_ENDLESS, SYS("fs/file-max", "9223372036854775807") },
	{ "watches", FIELD(watches), 77,
	    SYS("fs/epoll/max_user_watches", "77") },
	{ "somaxconn", FIELD(queue), 4096, SYS("net/core/somaxconn", "4096") },
	{ "SYNs", FIELD(syn_queue), 2048,
	    SYS("net/ipv4/tcp_max_syn_backlog", "2048") },
	{ "the third of three", FIELD(tcp_pages), 30,
	    SYS("net/ipv4/tcp_mem", "10\t20\t30") },
	{ "no third", FIELD(tcp_pages), NONE,
	    SYS("net/ipv4/tcp_mem", "10\t20") },
	{ "tracked", FIELD(tracked), 5,
	    SYS("net/netfilter/nf_conntrack_count", "5") },
	{ "tracked at most", FIELD(tracked_max), 262144,
	    SYS("net/netfilter/nf_conntrack_max", "262144") },
	{ "the first port", FIELD(ports_first), 32768,
	    SYS("net/ipv4/ip_local_port_range", "32768\t60999") },
	{ "the last port", FIELD(ports_last), 60999,
	    SYS("net/ipv4/ip_local_port_range", "32768\t60999") },
	{ "memory, in kB", FIELD(memory), INT64_C(2000) * 1024,
	    { { "/proc/meminfo", "MemTotal:  3000 kB\n"
				 "MemAvailable:   2000 kB\n" } } },
	{ "memory of an old kernel", FIELD(memory), NONE,
	    { { "/proc/meminfo", "MemTotal:  3000 kB\n" } } },
	{ "no cgroup", FIELD(memory_max), MACHINE_ENDLESS, { { NULL, NULL } } },
	{ "v2", FIELD(memory_max), 1000000,
	    { { "/proc/self/cgroup", "0::/a\n" },
		{ GROUP "/a/memory.max", "1000000\n" } } },
	{ "v2: max", FIELD(memory_max), MACHINE_ENDLESS,
	    { { "/proc/self/cgroup", "0::/a\n" },
		{ GROUP "/a/memory.max", "max\n" } } },
	{ "v2: a parent's is smaller", FIELD(memory_max), 500,
	    { { "/proc/self/cgroup", "0::/a/b\n" },
		{ GROUP "/a/b/memory.max", "1000000\n" },
		{ GROUP "/a/memory.max", "500\n" } } },
	{ "v1", FIELD(memory_max), 2000000,
	    { { "/proc/self/cgroup", "4:memory:/a\n1:cpu:/b\n" },
		{ GROUP "/memory/a/memory.limit_in_bytes", "2000000\n" } } },
	{ "v1: none, in whole pages", FIELD(memory_max), MACHINE_ENDLESS,
	    { { "/proc/self/cgroup", "4:memory:/a\n" },
		{ GROUP "/memory/a/memory.limit_in_bytes",
		    "9223372036854771712\n" } } },
	{ "v1: that of another controller's cgroup", FIELD(memory_max),
	    MACHINE_ENDLESS,
	    { { "/proc/self/cgroup", "4:memory:/a\n1:cpu:/b\n" },
		{ GROUP "/memory/b/memory.limit_in_bytes", "2000000\n" } } },
};

static void
test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		char root[TREE_PATH_MAX];
		struct machine machine;
		int64_t value;

		tree_make(root);
		for (size_t j = 0; j < FILES_MAX && row->files[j].path; j++)
			tree_put(root, row->files[j].path, row->files[j].text);
		machine_read(&machine, root);
		tree_remove(root);
		value = *(const int64_t *)((const char *)&machine + row->field);
		if (value != row->value)
			fail_msg("%s: %lld", row->name, (long long)value);
	}
}

/* Of this process, whatever the root; and the real system has the usual files. */
static void
test_this_system(void **state)
{
	struct rlimit limit, lower;
	struct machine machine;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	lower = (struct rlimit){ 100, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
	machine_read(&machine, "");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(machine.soft, 100);
	if (limit.rlim_max != RLIM_INFINITY)
		assert_int_equal(machine.hard, limit.rlim_max);
	else
		assert_true(machine.hard == MACHINE_ENDLESS);
	assert_true(machine.cpus >= 1);
	assert_true(machine.page >= 4096);
	assert_true(machine.memory > 0 && machine.nr_open > 0);
	assert_true(machine.ports_last > machine.ports_first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_this_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
