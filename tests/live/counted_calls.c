/*
 * Preloaded into a program, it counts the allocations and the mutexes that are
 * locked, and makes those allocations fail that a test asks for, by a file that
 * both map; any thread. The environment's COUNTED_CALLS names the file. Where
 * there is none, nothing fails.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file; allocations are numbered from 1. */
struct counted_calls {
	_Atomic uint64_t allocations; /* how many there were */
	_Atomic uint64_t first;       /* the first that fails */
	_Atomic uint64_t count;       /* how many fail */
	_Atomic uint64_t locks;       /* mutexes that were locked */
};

/* What is wrapped: glibc has names for those who wrap it, for its dlsym(3)
 * allocates; musl's does not. */
#ifdef __GLIBC__
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */
# define WRAPPED(name)         __libc_##name
# define WRAPPED_ALIGNED_ALLOC __libc_memalign
#else
# define WRAPPED(name)         ((__typeof__(&(name)))dlsym(RTLD_NEXT, # name))
# define WRAPPED_ALIGNED_ALLOC WRAPPED(aligned_alloc)
#endif

static struct counted_calls counted_calls_none;
static struct counted_calls *counted_calls = &counted_calls_none;
static int (*counted_calls_lock)(pthread_mutex_t *mutex);

static void __attribute__((constructor)) counted_calls_init(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	const char *path = getenv("COUNTED_CALLS");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	counted_calls_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	if (fd == -1)
		return;
	map = mmap(NULL, sizeof *counted_calls, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		counted_calls = map;
}

/* Counts a call, and says whether it is to fail. */
static bool
counted_calls_fail(void)
{
	uint64_t call = atomic_fetch_add(&counted_calls->allocations, 1) + 1;
	uint64_t first = atomic_load(&counted_calls->first);

	if (call < first || call - first >= atomic_load(&counted_calls->count))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return counted_calls_fail() ? NULL : WRAPPED(malloc)(size);
}

void *
calloc(size_t nmemb, size_t size)
{
	return counted_calls_fail() ? NULL : WRAPPED(calloc)(nmemb, size);
}

void *
realloc(void *ptr, size_t size)
{
	return counted_calls_fail() ? NULL : WRAPPED(realloc)(ptr, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return counted_calls_fail() ? NULL
				    : WRAPPED_ALIGNED_ALLOC(alignment, size);
}

int
posix_memalign(void **memptr, size_t alignment, size_t size)
{
	if (counted_calls_fail())
		return ENOMEM;
	*memptr = WRAPPED_ALIGNED_ALLOC(alignment, size);
	return *memptr != NULL ? 0 : ENOMEM;
}

int
pthread_mutex_lock(pthread_mutex_t *mutex)
{
	atomic_fetch_add(&counted_calls->locks, 1);
	/* before our constructor there is one thread */
	return counted_calls_lock != NULL ? counted_calls_lock(mutex) : 0;
}
