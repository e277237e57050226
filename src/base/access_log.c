/*
 * access_log: the rings, the file, and the thread that writes the one to the
 * other. A ring has two ends: access_log_append() runs in its filling thread,
 * everything from access_log_run() down to it in the writer thread, and the
 * rest in the main thread.
 */
#include "config.h"

#include "base/access_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"

/* Bytes of a ring; a power of two. */
#define ACCESS_LOG_RING ((uint64_t)256 << 10)

/*
 * How long the writer lets lines gather: so often in a second, at most, does
 * it write to the file and do fillers have to wake it. A ring holds what comes
 * in that time at 50 MB/s.
 */
#define ACCESS_LOG_GATHER (5 * CLOCK_MS)

/* How long the writer may take to finish when it is told to stop. */
#define ACCESS_LOG_PATIENCE CLOCK_S

/* At least this long between two complaints about the same file. */
#define ACCESS_LOG_COMPLAINT CLOCK_S

enum access_log_order {
	ACCESS_LOG_REOPEN = 1,  /* open the path anew */
	ACCESS_LOG_STOP = 2,    /* write what there is, and end */
	ACCESS_LOG_ABANDON = 4, /* write nothing more, and end */
};

/* Positions count all bytes ever; modulo the size, they are places. */
struct access_log_ring {
	_Alignas(64) _Atomic uint64_t head; /* the filler's: end of the lines */
	_Atomic uint64_t dropped;           /* the filler's: lines */
	_Alignas(64) _Atomic uint64_t tail; /* the writer's: done up to here */
	char bytes[ACCESS_LOG_RING];
};

struct access_log {
	char *path;
	int fd;
	bool regular;       /* fd is a file: it takes writes of any size */
	bool cut;           /* what was written last ended within a line */
	int64_t complained; /* when, on clock_now() */

	int wake;     /* eventfd that the writer sleeps on */
	int finished; /* eventfd that tells the main thread of its end */
	_Atomic bool sleeping;    /* or about to */
	_Atomic unsigned orders;  /* of enum access_log_order */
	_Atomic uint64_t dropped; /* the writer's: lines that failed */
	_Atomic unsigned owners;  /* the main thread, the writer: last frees */
	bool started;

	unsigned count;
	struct access_log_ring rings[];
};

/* Opening what is no file must not wait: a FIFO without a reader is ENXIO. */
static int
access_log_open_path(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0640);
}

/* Writes to `fd` from now on, which it owns. */
static void
access_log_use(struct access_log *log, int fd)
{
	struct stat status = { 0 };

	if (log->fd >= 0)
		close(log->fd);
	log->fd = fd;
	log->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	if (log->regular && status.st_size == 0)
		log->cut = false;
}

static void
access_log_release(struct access_log *log)
{
	if (atomic_fetch_sub(&log->owners, 1) > 1)
		return;

	/* not before: the other owner may have changed them */
	const int fds[] = { log->fd, log->wake, log->finished };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(log->path);
	free(log);
}

struct access_log *
access_log_open(const char *path, unsigned rings)
{
	size_t size = sizeof(struct access_log) +
		      rings * sizeof(struct access_log_ring);
	struct access_log *log = aligned_alloc(_Alignof(struct access_log),
	    size);
	int fd, saved;

	if (log == NULL)
		return NULL;
	*log = (struct access_log){ .fd = -1, .owners = 1, .count = rings };
	for (unsigned i = 0; i < rings; i++) {
		atomic_init(&log->rings[i].head, 0);
		atomic_init(&log->rings[i].tail, 0);
		atomic_init(&log->rings[i].dropped, 0);
	}
	log->complained = clock_now() - ACCESS_LOG_COMPLAINT;
	log->path = strdup(path);
	log->wake = eventfd(0, EFD_CLOEXEC);
	log->finished = eventfd(0, EFD_CLOEXEC);
	fd = access_log_open_path(path);
	if (fd >= 0)
		access_log_use(log, fd);
	if (fd >= 0 && log->path != NULL && log->wake >= 0 &&
	    log->finished >= 0)
		return log;
	saved = errno;
	access_log_release(log);
	errno = saved;
	return NULL;
}

/* An eventfd's counter does not overflow here, so the write does not fail. */
static void
access_log_signal(int eventfd_)
{
	const uint64_t one = 1;
	ssize_t written = write(eventfd_, &one, sizeof(one));

	(void)written;
}

/*
 * Either the filler, which stores `head` before it loads `sleeping`, sees that
 * the writer sleeps; or the writer, which stores `sleeping` before it loads
 * `head`, sees the line. Only sequentially consistent accesses promise that:
 * with release and acquire each store may be late, and the line lie for ever.
 */
bool
access_log_append(struct access_log *log, unsigned ring_number,
    struct span line)
{
	struct access_log_ring *ring = &log->rings[ring_number];
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	uint64_t at = head % ACCESS_LOG_RING, first = ACCESS_LOG_RING - at;

	assert(ring_number < log->count);
	assert(line.size > 0 && line.data[line.size - 1] == '\n');
	if (line.size > ACCESS_LOG_RING - (head - tail)) {
		stats_add(&ring->dropped, 1);
		return false;
	}
	if (first > line.size)
		first = line.size;
	memcpy(ring->bytes + at, line.data, first);
	memcpy(ring->bytes, line.data + first, line.size - first);
	atomic_store(&ring->head, head + line.size);
	if (atomic_load(&log->sleeping) &&
	    atomic_exchange(&log->sleeping, false))
		access_log_signal(log->wake);
	return true;
}

static char
access_log_byte(const struct access_log_ring *ring, uint64_t position)
{
	return ring->bytes[position % ACCESS_LOG_RING];
}

/* How many lines end between the two positions. */
static uint64_t
access_log_count_lines(const struct access_log_ring *ring, uint64_t tail,
    uint64_t head)
{
	uint64_t lines = 0;

	for (; tail != head; tail++)
		lines += access_log_byte(ring, tail) == '\n';
	return lines;
}

/*
 * Writes once. Returns how many bytes went out, maybe none; or -1 with errno
 * where none ever will.
 */
static ssize_t
access_log_writev(struct access_log *log, const struct iovec *parts, int count)
{
	struct pollfd room = { .fd = log->fd, .events = POLLOUT };
	ssize_t size = writev(log->fd, parts, count);

	if (size >= 0)
		return size;
	if (errno == EAGAIN)
		(void)poll(&room, 1, -1);
	else if (errno != EINTR)
		return -1;
	return 0;
}

/*
 * How much to write at once: a file takes all. A pipe, which others may share,
 * takes PIPE_BUF bytes or less as a whole or not at all, so whole lines within
 * that are never mixed with others' nor left half written.
 */
static size_t
access_log_batch(const struct access_log *log,
    const struct access_log_ring *ring, uint64_t tail, uint64_t head)
{
	size_t size = 0;

	if (log->regular || head - tail <= PIPE_BUF)
		return head - tail;
	for (size_t end = 1; end <= head - tail; end++) {
		if (end > PIPE_BUF && size > 0)
			break;
		if (access_log_byte(ring, tail + end - 1) == '\n')
			size = end;
	}
	return size;
}

static ssize_t
access_log_write(struct access_log *log, struct access_log_ring *ring,
    uint64_t tail, uint64_t head)
{
	size_t size = access_log_batch(log, ring, tail, head);
	size_t at = tail % ACCESS_LOG_RING, first = ACCESS_LOG_RING - at;
	struct iovec parts[2];
	ssize_t written;

	if (first > size)
		first = size;
	parts[0] = (struct iovec){ ring->bytes + at, first };
	parts[1] = (struct iovec){ ring->bytes, size - first };
	written = access_log_writev(log, parts, 2);
	if (written > 0)
		log->cut = access_log_byte(ring,
			       tail + (uint64_t)written - 1) != '\n';
	return written;
}

static bool
access_log_is_abandoned(struct access_log *log)
{
	return (atomic_load(&log->orders) & ACCESS_LOG_ABANDON) != 0;
}

/* What an error has cut within a line gets its end, before the next line. */
static bool
access_log_mend(struct access_log *log)
{
	const struct iovec end = { (char[]){ '\n' }, 1 };

	while (log->cut && !access_log_is_abandoned(log)) {
		ssize_t written = access_log_writev(log, &end, 1);

		if (written < 0)
			return false;
		log->cut = written == 0;
	}
	return true;
}

/* Says that lines are lost, by the reason in errno. */
static void
access_log_complain(struct access_log *log)
{
	int64_t now = clock_now();

	if (now - log->complained < ACCESS_LOG_COMPLAINT)
		return;
	log->complained = now;
	log_error("access log %s: %m; lines are lost", log->path);
}

/* Writes out the lines that the ring holds now, or drops and counts them. */
static void
access_log_drain(struct access_log *log, struct access_log_ring *ring)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	bool fine = tail == head || access_log_mend(log);

	while (tail != head && !access_log_is_abandoned(log)) {
		ssize_t size = fine ? access_log_write(log, ring, tail, head)
				    : -1;

		if (size < 0) {
			access_log_complain(log);
			stats_add(&log->dropped,
			    access_log_count_lines(ring, tail, head));
			tail = head;
		} else {
			tail += (uint64_t)size;
		}
		atomic_store_explicit(&ring->tail, tail, memory_order_release);
	}
}

static void
access_log_open_anew(struct access_log *log)
{
	int fd = access_log_open_path(log->path);

	if (fd >= 0)
		access_log_use(log, fd);
	else
		log_error("access log %s: %m; the old file stays", log->path);
}

static bool
access_log_is_empty(struct access_log *log)
{
	for (unsigned i = 0; i < log->count; i++)
		if (atomic_load(&log->rings[i].head) !=
		    atomic_load(&log->rings[i].tail))
			return false;
	return true;
}

/* Sleeps until there are lines or orders, and then until more have come. */
static void
access_log_wait(struct access_log *log)
{
	const struct timespec gather = { .tv_nsec = ACCESS_LOG_GATHER };
	uint64_t count;

	atomic_store(&log->sleeping, true);
	if (access_log_is_empty(log)) {
		ssize_t size = read(log->wake, &count, sizeof(count));

		(void)size; /* whatever woke it, it looks for itself */
	}
	atomic_store(&log->sleeping, false);
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &gather, NULL);
}

static void *
access_log_run(void *argument)
{
	struct access_log *log = argument;
	unsigned orders;

	do {
		access_log_wait(log);
		orders = atomic_fetch_and(&log->orders,
		    ~(unsigned)ACCESS_LOG_REOPEN);
		if (orders & ACCESS_LOG_REOPEN)
			access_log_open_anew(log);
		for (unsigned i = 0; i < log->count; i++)
			access_log_drain(log, &log->rings[i]);
	} while (!(orders & ACCESS_LOG_STOP));
	access_log_signal(log->finished);
	access_log_release(log);
	return NULL;
}

/* The thread is detached, so that the one who stops it need not wait. */
int
access_log_start(struct access_log *log)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_fetch_add(&log->owners, 1);
	error = pthread_create(&thread, &attributes, access_log_run, log);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	log->started = error == 0;
	if (log->started)
		return 0;
	atomic_fetch_sub(&log->owners, 1);
	errno = error;
	return -1;
}

static void
access_log_order(struct access_log *log, enum access_log_order order)
{
	atomic_fetch_or(&log->orders, order);
	access_log_signal(log->wake);
}

void
access_log_reopen(struct access_log *log)
{
	access_log_order(log, ACCESS_LOG_REOPEN);
}

/* Returns whether the writer has come to its end within its time. */
static bool
access_log_await_end(struct access_log *log)
{
	struct pollfd end = { .fd = log->finished, .events = POLLIN };
	const int64_t deadline = clock_now() + ACCESS_LOG_PATIENCE;

	for (;;) {
		int64_t left = deadline - clock_now();

		if (poll(&end, 1, left > 0 ? (int)(left / CLOCK_MS) + 1 : 0) >
		    0)
			return true;
		if (left <= 0)
			return false;
	}
}

/*
 * The lines that an abandoned writer leaves. It begins no write any more; one
 * that is stuck with PIPE_BUF bytes has written nothing, so its lines count.
 */
static uint64_t
access_log_count_left(struct access_log *log)
{
	uint64_t lines = 0;

	for (unsigned i = 0; i < log->count; i++)
		lines += access_log_count_lines(&log->rings[i],
		    atomic_load(&log->rings[i].tail),
		    atomic_load(&log->rings[i].head));
	return lines;
}

uint64_t
access_log_close(struct access_log *log)
{
	uint64_t dropped;

	if (log == NULL)
		return 0;
	if (log->started) {
		access_log_order(log, ACCESS_LOG_STOP);
		if (!access_log_await_end(log))
			access_log_order(log, ACCESS_LOG_ABANDON);
	}
	dropped = access_log_count_left(log) + stats_read(&log->dropped);
	for (unsigned i = 0; i < log->count; i++)
		dropped += stats_read(&log->rings[i].dropped);
	access_log_release(log);
	return dropped;
}
