/*
 * Preloaded into a program, it counts the allocations and makes those fail
 * that a test asks for, by a file that both map; any thread. The environment's
 * FAILING_MALLOC names the file. Where there is none, nothing fails.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file; calls are numbered from 1. */
struct failing_malloc {
	_Atomic uint64_t calls; /* how many there were */
	_Atomic uint64_t first; /* the first that fails */
	_Atomic uint64_t count; /* how many fail */
};

/* What is wrapped, by the names that glibc has for those who wrap it. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

static struct failing_malloc failing_malloc_none;
static struct failing_malloc *failing_malloc = &failing_malloc_none;

static void __attribute__((constructor)) failing_malloc_init(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const char *path = getenv("FAILING_MALLOC");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd == -1)
		return;
	map = mmap(NULL, sizeof *failing_malloc, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		failing_malloc = map;
}

/* Counts a call, and says whether it is to fail. */
static bool
failing_malloc_fails(void)
{
	uint64_t call = atomic_fetch_add(&failing_malloc->calls, 1) + 1;
	uint64_t first = atomic_load(&failing_malloc->first);

	if (call < first || call - first >= atomic_load(&failing_malloc->count))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return failing_malloc_fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t nmemb, size_t size)
{
	return failing_malloc_fails() ? NULL : __libc_calloc(nmemb, size);
}

void *
realloc(void *ptr, size_t size)
{
	return failing_malloc_fails() ? NULL : __libc_realloc(ptr, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return failing_malloc_fails() ? NULL : __libc_memalign(alignment, size);
}

int
posix_memalign(void **memptr, size_t alignment, size_t size)
{
	if (failing_malloc_fails())
		return ENOMEM;
	*memptr = __libc_memalign(alignment, size);
	return *memptr != NULL ? 0 : ENOMEM;
}
