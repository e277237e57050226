/*
 * access_log: the rings, and the start and end of the thread that empties them.
 * access_log_append() and _drop() run in the threads that fill the rings,
 * access_log_run() in the writer thread, and the rest in the main thread.
 */
#include "config.h"

#include "base/access_log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/access_writer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_file.h"
#include "base/ring.h"
#include "base/stats.h"
#include "base/writer_thread.h"

struct access_log {
	char *path;
	int ended;               /* eventfd: the writer has come to its end */
	_Atomic unsigned owners; /* the main thread, the writer: last frees */
	bool started;
	struct access_writer writer;
	struct ring rings[];
};

static void
access_log_release(struct access_log *log)
{
	if (atomic_fetch_sub(&log->owners, 1) > 1)
		return;

	/* not before: the other owner may have changed them */
	const int fds[] = { log->writer.fd, log->writer.wake, log->ended,
		atomic_load(&log->writer.next) };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(log->path);
	free(log);
}

/* Returns NULL where memory is short. */
static struct access_log *
access_log_make(const char *path, unsigned rings)
{
	size_t size = sizeof(struct access_log) + rings * sizeof(struct ring);
	struct access_log *log = aligned_alloc(_Alignof(struct access_log),
	    size);

	if (log == NULL)
		return NULL;
	*log = (struct access_log){ .path = strdup(path),
		.ended = eventfd(0, EFD_CLOEXEC),
		.owners = 1,
		.writer = { .rings = log->rings,
		    .count = rings,
		    .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		    .next = -1,
		    .fd = -1 } };
	log->writer.path = log->path;
	for (unsigned i = 0; i < rings; i++)
		ring_init(&log->rings[i]);
	return log;
}

struct access_log *
access_log_open(const char *path, const struct privileges *user, unsigned rings)
{
	struct access_log *log = access_log_make(path, rings);
	int fd, saved;

	if (log == NULL)
		return NULL;
	fd = log_file_open(path, user);
	if (fd >= 0)
		access_writer_use(&log->writer, fd);
	if (fd >= 0 && log->path != NULL && log->writer.wake >= 0 &&
	    log->ended >= 0)
		return log;
	saved = errno;
	access_log_release(log);
	errno = saved;
	return NULL;
}

/*
 * Either the filler, which appends before it loads `sleeping`, sees that the
 * writer sleeps; or the writer, which stores `sleeping` before it peeks, sees
 * the line. Only sequentially consistent accesses, here as in the ring, promise
 * that: with release and acquire each store may be late, and the line lie for
 * ever.
 */
bool
access_log_append(struct access_log *log, unsigned ring, struct span line)
{
	struct access_writer *writer = &log->writer;

	assert(ring < writer->count);
	if (!ring_append(&log->rings[ring], line))
		return false;
	if (atomic_load(&writer->sleeping) &&
	    atomic_exchange(&writer->sleeping, false))
		access_writer_wake(writer);
	return true;
}

void
access_log_drop(struct access_log *log, unsigned ring)
{
	assert(ring < log->writer.count);
	ring_drop(&log->rings[ring]);
}

static void
access_log_run(void *argument)
{
	struct access_log *log = argument;
	const uint64_t one = 1;
	ssize_t written;

	access_writer_run(&log->writer);
	written = write(log->ended, &one, sizeof(one));
	(void)written; /* the first one does not overflow the counter */
	access_log_release(log);
}

int
access_log_start(struct access_log *log, const struct sandbox *sandbox)
{
	atomic_fetch_add(&log->owners, 1);
	if (writer_thread_start(sandbox, access_log_run, log) == -1) {
		atomic_fetch_sub(&log->owners, 1);
		return -1;
	}
	log->started = true;
	return 0;
}

static void
access_log_order(struct access_log *log, enum access_writer_order order)
{
	atomic_fetch_or(&log->writer.orders, order);
	access_writer_wake(&log->writer);
}

int
access_log_reopen(struct access_log *log)
{
	int fd = log_file_open(log->path, NULL);

	if (fd == -1) {
		log_error("access log %.200s: %m; the old file stays",
		    log->path);
		return -1;
	}
	fd = atomic_exchange(&log->writer.next, fd);
	if (fd >= 0)
		close(fd);
	access_writer_wake(&log->writer);
	return 0;
}

/* Returns whether the writer has come to its end within its time. */
static bool
access_log_await_end(const struct access_log *log, int64_t patience)
{
	struct pollfd end = { .fd = log->ended, .events = POLLIN };
	const int64_t deadline = clock_now() + patience;

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
access_log_count_left(const struct access_log *log)
{
	uint64_t lines = 0;

	for (unsigned i = 0; i < log->writer.count; i++) {
		struct ring_text text = ring_peek(&log->rings[i], RING_SIZE);

		lines += ring_text_count_lines(&text);
	}
	return lines;
}

uint64_t
access_log_dropped(const struct access_log *log)
{
	uint64_t dropped = stats_read(&log->writer.dropped);

	for (unsigned i = 0; i < log->writer.count; i++)
		dropped += ring_count_dropped(&log->rings[i]);
	return dropped;
}

uint64_t
access_log_close(struct access_log *log, int64_t patience)
{
	uint64_t dropped;

	if (log == NULL)
		return 0;
	if (log->started) {
		access_log_order(log, ACCESS_WRITER_STOP);
		if (!access_log_await_end(log, patience))
			access_log_order(log, ACCESS_WRITER_ABANDON);
	}
	dropped = access_log_count_left(log) + stats_read(&log->writer.dropped);
	for (unsigned i = 0; i < log->writer.count; i++)
		dropped += ring_count_dropped(&log->rings[i]);
	access_log_release(log);
	return dropped;
}
