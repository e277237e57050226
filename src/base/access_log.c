/*
 * access_log: the file, and the thread that writes the rings to it.
 * access_log_append() and _drop() run in the threads that fill them, all that
 * access_log_run() calls in the writer thread, and the rest in the main thread.
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
#include "base/ring.h"
#include "base/stats.h"

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
	ACCESS_LOG_STOP = 1,    /* write what there is, and end */
	ACCESS_LOG_ABANDON = 2, /* write nothing more, and end */
};

struct access_log {
	char *path;
	int fd;
	bool regular;       /* fd is a file: it takes writes of any size */
	bool cut;           /* what was written last ended within a line */
	int64_t complained; /* when, on clock_now() */

	const struct sandbox *sandbox; /* that confines the writer */
	bool confined;                 /* it does, from the writer's start on */

	int wake;                 /* eventfd that the writer sleeps on */
	int told;                 /* eventfd: the writer's start, and its end */
	_Atomic int next;         /* descriptor to write to instead; -1: none */
	_Atomic bool sleeping;    /* or about to */
	_Atomic unsigned orders;  /* of enum access_log_order */
	_Atomic uint64_t dropped; /* the writer's: lines that failed */
	_Atomic unsigned owners;  /* the main thread, the writer: last frees */
	bool started;

	unsigned count;
	struct ring rings[];
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
	const int fds[] = { log->fd, log->wake, log->told,
		atomic_load(&log->next) };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(log->path);
	free(log);
}

struct access_log *
access_log_open(const char *path, unsigned rings)
{
	size_t size = sizeof(struct access_log) + rings * sizeof(struct ring);
	struct access_log *log = aligned_alloc(_Alignof(struct access_log),
	    size);
	int fd, saved;

	if (log == NULL)
		return NULL;
	*log = (struct access_log){ .fd = -1,
		.next = -1,
		.owners = 1,
		.count = rings };
	for (unsigned i = 0; i < rings; i++)
		ring_init(&log->rings[i]);
	log->complained = clock_now() - ACCESS_LOG_COMPLAINT;
	log->path = strdup(path);
	log->wake = eventfd(0, EFD_CLOEXEC);
	log->told = eventfd(0, EFD_CLOEXEC);
	fd = access_log_open_path(path);
	if (fd >= 0)
		access_log_use(log, fd);
	if (fd >= 0 && log->path != NULL && log->wake >= 0 && log->told >= 0)
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
 * Either the filler, which appends before it loads `sleeping`, sees that the
 * writer sleeps; or the writer, which stores `sleeping` before it peeks, sees
 * the line. Only sequentially consistent accesses, here as in the ring, promise
 * that: with release and acquire each store may be late, and the line lie for
 * ever.
 */
bool
access_log_append(struct access_log *log, unsigned ring, struct span line)
{
	assert(ring < log->count);
	if (!ring_append(&log->rings[ring], line))
		return false;
	if (atomic_load(&log->sleeping) &&
	    atomic_exchange(&log->sleeping, false))
		access_log_signal(log->wake);
	return true;
}

void
access_log_drop(struct access_log *log, unsigned ring)
{
	assert(ring < log->count);
	ring_drop(&log->rings[ring]);
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
access_log_batch(const struct access_log *log, const struct ring_text *text)
{
	size_t size = 0;

	if (log->regular || text->size <= PIPE_BUF)
		return text->size;
	for (size_t end = 1; end <= text->size; end++) {
		if (end > PIPE_BUF && size > 0)
			break;
		if (ring_text_byte(text, end - 1) == '\n')
			size = end;
	}
	return size;
}

/* Writes of what is held in the ring as much as goes at once, or less. */
static ssize_t
access_log_write(struct access_log *log, const struct ring *ring,
    const struct ring_text *held)
{
	struct ring_text text = ring_peek(ring, access_log_batch(log, held));
	struct iovec parts[2];
	ssize_t written;

	for (size_t i = 0; i < 2; i++)
		parts[i] = (struct iovec){ (char *)text.parts[i].data,
			text.parts[i].size };
	written = access_log_writev(log, parts, 2);
	if (written > 0)
		log->cut = ring_text_byte(&text, (size_t)written - 1) != '\n';
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
access_log_drain(struct access_log *log, struct ring *ring)
{
	struct ring_text text = ring_peek(ring, RING_SIZE);
	bool fine = text.size == 0 || access_log_mend(log);

	while (text.size > 0 && !access_log_is_abandoned(log)) {
		ssize_t size = fine ? access_log_write(log, ring, &text) : -1;

		if (size < 0) {
			access_log_complain(log);
			stats_add(&log->dropped, ring_text_count_lines(&text));
			size = (ssize_t)text.size;
		}
		ring_give_back(ring, (size_t)size);
		text = ring_peek(ring, text.size - (size_t)size);
	}
}

/* At the end of a line: what has been appended before goes to either file. */
static void
access_log_take_next(struct access_log *log)
{
	int fd = atomic_exchange(&log->next, -1);

	if (fd >= 0)
		access_log_use(log, fd);
}

static bool
access_log_is_empty(struct access_log *log)
{
	for (unsigned i = 0; i < log->count; i++)
		if (ring_peek(&log->rings[i], 1).size > 0)
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

static void
access_log_serve(struct access_log *log)
{
	unsigned orders;

	do {
		access_log_wait(log);
		orders = atomic_load(&log->orders);
		access_log_take_next(log);
		for (unsigned i = 0; i < log->count; i++)
			access_log_drain(log, &log->rings[i]);
	} while (!(orders & ACCESS_LOG_STOP));
}

static void *
access_log_run(void *argument)
{
	struct access_log *log = argument;

	log->confined = sandbox_enter(log->sandbox, ROLE_LOG_WRITER) == 0;
	access_log_signal(log->told);
	if (log->confined) {
		access_log_serve(log);
		access_log_signal(log->told);
	}
	access_log_release(log);
	return NULL;
}

/* Waits until the writer has confined itself, or has said why it can't. */
static int
access_log_await_start(struct access_log *log)
{
	uint64_t count;

	while (read(log->told, &count, sizeof(count)) == -1)
		if (errno != EINTR)
			return -1;
	log->started = log->confined;
	return log->started ? 0 : -1;
}

/* The thread is detached, so that the one who stops it need not wait. */
int
access_log_start(struct access_log *log, const struct sandbox *sandbox)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	log->sandbox = sandbox;
	atomic_fetch_add(&log->owners, 1);
	error = pthread_create(&thread, &attributes, access_log_run, log);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return access_log_await_start(log);
	atomic_fetch_sub(&log->owners, 1);
	errno = error;
	log_error("the log's writer can't be started: %m");
	return -1;
}

static void
access_log_order(struct access_log *log, enum access_log_order order)
{
	atomic_fetch_or(&log->orders, order);
	access_log_signal(log->wake);
}

int
access_log_reopen(struct access_log *log)
{
	int fd = access_log_open_path(log->path);

	if (fd == -1) {
		log_error("access log %s: %m; the old file stays", log->path);
		return -1;
	}
	fd = atomic_exchange(&log->next, fd);
	if (fd >= 0)
		close(fd);
	access_log_signal(log->wake);
	return 0;
}

/* Returns whether the writer has come to its end within its time. */
static bool
access_log_await_end(struct access_log *log)
{
	struct pollfd end = { .fd = log->told, .events = POLLIN };
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
access_log_count_left(const struct access_log *log)
{
	uint64_t lines = 0;

	for (unsigned i = 0; i < log->count; i++) {
		struct ring_text text = ring_peek(&log->rings[i], RING_SIZE);

		lines += ring_text_count_lines(&text);
	}
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
		dropped += ring_count_dropped(&log->rings[i]);
	access_log_release(log);
	return dropped;
}
