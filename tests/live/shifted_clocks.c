/*
 * Preloaded into a program, it moves the clocks that clock_gettime(2) tells on by as many
 * nanoseconds as stand in a file, which the environment's SHIFTED_CLOCKS names; any
 * thread. Timers go on by the kernel's clocks.
 */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static _Atomic int64_t shifted_clocks_none;
static _Atomic int64_t *shifted_clocks = &shifted_clocks_none;
static int (*shifted_clocks_get)(clockid_t clock, struct timespec *now);

static void __attribute__((constructor)) shifted_clocks_init(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const char *path = getenv("SHIFTED_CLOCKS");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	shifted_clocks_get = dlsym(RTLD_NEXT, "clock_gettime");
	if (fd == -1)
		return;
	map = mmap(NULL, sizeof *shifted_clocks, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		shifted_clocks = map;
}

int
clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	int64_t time;

	if (shifted_clocks_get(clock_id, tp) == -1)
		return -1;
	time = tp->tv_sec * SECOND + tp->tv_nsec + atomic_load(shifted_clocks);
	tp->tv_sec = time / SECOND;
	tp->tv_nsec = time % SECOND;
	return 0;
}
