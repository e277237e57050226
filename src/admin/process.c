/* Asks the kernel about the process; the thread that answers. */
#include "config.h"

#include "admin/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* Seconds of CPU time. */
static double
process_cpu(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Reads the first two numbers of /proc/self/statm: pages of address space, and in
 * memory. Returns false where it can't be read. */
static bool
process_memory(const struct admin *admin, double pages[2])
{
	char text[128], *end = text;
	ssize_t size = pread(admin->memory, text, sizeof(text) - 1, 0);

	if (size <= 0)
		return false;
	text[size] = '\0';
	for (int i = 0; i < 2; i++)
		pages[i] = (double)strtoull(end, &end, 10);
	return true;
}

/* Returns how many descriptors are open; or -1. Newer kernels tell as the directory's
 * size (Linux 6.2); from others, one gets them all by name, a microsecond each. */
static double
process_descriptors(const struct admin *admin)
{
	_Alignas(struct dirent64) char entries[4096];
	struct stat status;
	double count = -2; /* the directory's own two */
	long size;

	if (admin->descriptors == -1)
		return -1;
	if (fstat(admin->descriptors, &status) == 0 && status.st_size > 0)
		return (double)status.st_size;
	if (lseek(admin->descriptors, 0, SEEK_SET) == -1)
		return -1;
	/* musl wants a struct dirent, glibc anything. */
	while ((size = getdents64(admin->descriptors, (void *)entries,
		    sizeof(entries))) > 0)
		for (long at = 0; at < size; count++) {
			const struct dirent64 *entry =
			    (const struct dirent64 *)(entries + at);

			at += entry->d_reclen;
		}
	return size == 0 ? count : -1;
}

static void
process_add(struct draft *draft, const char *name, const char *help,
    double value)
{
	draft_add(draft,
	    "# HELP process_%s %s\n# TYPE process_%s gauge\nprocess_%s %.15g\n",
	    name, help, name, name, value);
}

void
process_add_metrics(struct draft *draft, const struct admin *admin, bool open)
{
	double pages[2], page = (double)sysconf(_SC_PAGESIZE);
	double descriptors = process_descriptors(admin);

	draft_add(draft,
	    "# HELP process_cpu_seconds%s CPU time of all threads.\n"
	    "# TYPE process_cpu_seconds%s counter\n"
	    "process_cpu_seconds_total %.6f\n",
	    open ? "" : "_total", open ? "" : "_total", process_cpu());
	process_add(draft, "start_time_seconds",
	    "When it started, in seconds since 1970.",
	    (double)admin->started / 1e9);
	if (process_memory(admin, pages)) {
		process_add(draft, "virtual_memory_bytes", "Address space.",
		    pages[0] * page);
		process_add(draft, "resident_memory_bytes", "Memory in use.",
		    pages[1] * page);
	}
	if (descriptors >= 0)
		process_add(draft, "open_fds", "Open descriptors.",
		    descriptors);
	/* a confined thread may not ask the kernel for its limits */
	process_add(draft, "max_fds", "How many descriptors there may be.",
	    (double)admin->clients->descriptors);
}
