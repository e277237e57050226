/* Reads the system's limits, a row of a table for each file; the main thread. */
#include "config.h"

#include "base/machine.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cgroups.h"
#include "base/cpus.h"
#include "base/units.h"

/* Limits from here on are none: v1 of cgroups writes its own so, in whole pages. */
#define MACHINE_END (INT64_C(1) << 62)

#define MACHINE_BLANKS " \t\n"

struct machine_file {
	const char *path;
	const char *key; /* how the line begins; NULL: it is the first */
	unsigned word;   /* behind the key, from 0 */
	size_t field;    /* offset in struct machine */
	int64_t unit;    /* what a number in the file stands for */
};

#define MACHINE_FIELD(name) offsetof(struct machine, name)

static const struct machine_file machine_files[] = {
	{ "/proc/meminfo", "MemAvailable:", 0, MACHINE_FIELD(memory), 1024 },
	{ "/proc/sys/fs/nr_open", NULL, 0, MACHINE_FIELD(nr_open), 1 },
	{ "/proc/sys/fs/file-max", NULL, 0, MACHINE_FIELD(file_max), 1 },
	{ "/proc/sys/fs/epoll/max_user_watches", NULL, 0,
	    MACHINE_FIELD(watches), 1 },
	{ "/proc/sys/net/core/somaxconn", NULL, 0, MACHINE_FIELD(queue), 1 },
	{ "/proc/sys/net/ipv4/tcp_max_syn_backlog", NULL, 0,
	    MACHINE_FIELD(syn_queue), 1 },
	{ "/proc/sys/net/ipv4/tcp_mem", NULL, 2, MACHINE_FIELD(tcp_pages), 1 },
	{ "/proc/sys/net/netfilter/nf_conntrack_max", NULL, 0,
	    MACHINE_FIELD(tracked_max), 1 },
	{ "/proc/sys/net/netfilter/nf_conntrack_count", NULL, 0,
	    MACHINE_FIELD(tracked), 1 },
	{ "/proc/sys/net/ipv4/ip_local_port_range", NULL, 0,
	    MACHINE_FIELD(ports_first), 1 },
	{ "/proc/sys/net/ipv4/ip_local_port_range", NULL, 1,
	    MACHINE_FIELD(ports_last), 1 },
};

/* Returns the number that `text` has at a place among its words, times `unit`. */
static int64_t
machine_take_word(const char *text, unsigned word, int64_t unit)
{
	int64_t number;

	for (;;) {
		size_t size;

		text += strspn(text, MACHINE_BLANKS);
		size = strcspn(text, MACHINE_BLANKS);
		if (word-- > 0 && size > 0) {
			text += size;
			continue;
		}
		if (units_parse_count((struct span){ text, size }, &number) !=
		    UNITS_OK)
			return MACHINE_UNKNOWN;
		return number < MACHINE_END / unit ? number * unit
						   : MACHINE_ENDLESS;
	}
}

static int64_t
machine_read_file(const char *root, const struct machine_file *file)
{
	const size_t key = file->key != NULL ? strlen(file->key) : 0;
	int64_t number = MACHINE_UNKNOWN;
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *stream;

	snprintf(path, sizeof path, "%s%s", root, file->path);
	stream = fopen(path, "re");
	if (stream == NULL)
		return MACHINE_UNKNOWN;
	while (getline(&line, &size, stream) > 0)
		if (key == 0 || strncmp(line, file->key, key) == 0) {
			number = machine_take_word(line + key, file->word,
			    file->unit);
			break;
		}
	free(line);
	fclose(stream);
	return number;
}

/* Returns the bytes that a file of a cgroup allows; 0, which is no limit, of `max`. */
static int64_t
machine_read_limit(const char *directory, const char *name)
{
	char line[CGROUPS_LINE_MAX];
	int64_t bytes;

	if (!cgroups_read_line(directory, name, line))
		return 0;
	bytes = machine_take_word(line, 0, 1);
	return bytes == MACHINE_ENDLESS || bytes == MACHINE_UNKNOWN ? 0 : bytes;
}

static int64_t
machine_read_v2(const char *directory)
{
	return machine_read_limit(directory, "memory.max");
}

static int64_t
machine_read_v1(const char *directory)
{
	return machine_read_limit(directory, "memory.limit_in_bytes");
}

/* Where systems mount cgroups: v2 alone, v2 beside v1, and v1. */
static const struct cgroups_tree machine_trees[] = {
	{ "", "/sys/fs/cgroup", machine_read_v2 },
	{ "", "/sys/fs/cgroup/unified", machine_read_v2 },
	{ "memory", "/sys/fs/cgroup/memory", machine_read_v1 },
};

static int64_t
machine_limit(rlim_t limit)
{
	return limit < (rlim_t)MACHINE_END ? (int64_t)limit : MACHINE_ENDLESS;
}

void
machine_read(struct machine *machine, const char *root)
{
	const size_t trees = sizeof(machine_trees) / sizeof(machine_trees[0]);
	const size_t files = sizeof(machine_files) / sizeof(machine_files[0]);
	struct rlimit limit;
	int64_t allowed;

	for (size_t i = 0; i < files; i++)
		*(int64_t *)((char *)machine +
			     machine_files[i].field) = machine_read_file(root,
		    &machine_files[i]);
	allowed = cgroups_smallest(root, machine_trees, trees);
	machine->memory_max = allowed > 0 ? allowed : MACHINE_ENDLESS;
	machine->cpus = cpus_available();
	machine->page = sysconf(_SC_PAGESIZE);
	machine->soft = machine->hard = MACHINE_UNKNOWN;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		machine->soft = machine_limit(limit.rlim_cur);
		machine->hard = machine_limit(limit.rlim_max);
	}
}
