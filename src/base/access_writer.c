/*
 * access_writer: the loop of the access log's writer thread, on which all of
 * this runs, but for access_writer_wake().
 *
 * It waits for lines where the rings are empty, and for room where a pipe is
 * full; in both waits it sees an order, or another file to write to.
 */
#include "config.h"

#include "base/access_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"

/*
 * How long the writer lets lines gather: so often in a second, at most, does
 * it write to the file and do fillers have to wake it. A ring holds what comes
 * in that time at 50 MB/s.
 */
#define ACCESS_WRITER_GATHER (5 * CLOCK_MS)

/* At least this long between two complaints about the same file. */
#define ACCESS_WRITER_COMPLAINT CLOCK_S

/* An eventfd's counter does not overflow here, so the write does not fail. */
void
access_writer_wake(const struct access_writer *writer)
{
	const uint64_t one = 1;
	ssize_t written = write(writer->wake, &one, sizeof(one));

	(void)written;
}

/* ---- the file ---- */

static bool
access_writer_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The mark that the file ends within a line stays with the file: the same one,
 * opened anew, still has to be mended, unless it has been emptied. */
void
access_writer_use(struct access_writer *writer, int fd)
{
	struct stat before = { 0 }, now = { 0 };

	if (writer->fd >= 0) {
		(void)fstat(writer->fd, &before);
		close(writer->fd);
	}
	writer->fd = fd;
	writer->regular = fstat(fd, &now) == 0 && S_ISREG(now.st_mode);
	if (!access_writer_is_same(&before, &now) ||
	    (writer->regular && now.st_size == 0))
		writer->cut = false;
}

/*
 * Takes the file that it has been given, if any. What has been appended before
 * goes to either file, but each line whole: one that the old file has in part
 * goes to the new one from its beginning.
 */
static void
access_writer_take_next(struct access_writer *writer)
{
	int fd = atomic_exchange(&writer->next, -1);

	if (fd < 0)
		return;
	if (writer->sent > 0)
		writer->cut = true;
	writer->sent = 0;
	access_writer_use(writer, fd);
}

/* Writes once. Returns how many bytes went out; 0 where there is no room for
 * now; or -1 with errno where there never will be. */
static ssize_t
access_writer_writev(const struct access_writer *writer,
    const struct iovec *parts, int count)
{
	ssize_t size = writev(writer->fd, parts, count);

	return size == -1 && errno == EAGAIN ? 0 : size;
}

/* What an error has cut within a line gets its end, before the next line.
 * Returns as access_writer_writev() does. */
static ssize_t
access_writer_mend(struct access_writer *writer)
{
	const struct iovec end = { (char[]){ '\n' }, 1 };
	ssize_t written = access_writer_writev(writer, &end, 1);

	writer->cut = written != 1;
	return written;
}

/* ---- lines ---- */

/*
 * The end of what to write at once: a file takes all. A pipe, which others may
 * share, takes PIPE_BUF bytes or less as a whole or not at all, so whole lines
 * within that are never mixed with others' nor left half written.
 */
static size_t
access_writer_batch(const struct access_writer *writer,
    const struct ring_text *held)
{
	size_t begin = writer->sent, batch = 0;

	if (writer->regular || held->size - begin <= PIPE_BUF)
		return held->size;
	for (size_t end = begin + 1; end <= held->size; end++) {
		if (end - begin > PIPE_BUF && batch > 0)
			break;
		if (ring_text_byte(held, end - 1) == '\n')
			batch = end;
	}
	return batch;
}

/* Writes of what the ring holds as much as goes at once, or less. Returns as
 * access_writer_writev() does. */
static ssize_t
access_writer_write(struct access_writer *writer, const struct ring_text *held)
{
	const struct ring_text batch = ring_text_slice(held, writer->sent,
	    access_writer_batch(writer, held));
	struct iovec parts[2];

	if (writer->cut) {
		ssize_t mended = access_writer_mend(writer);

		if (mended <= 0)
			return mended;
	}
	for (size_t i = 0; i < 2; i++)
		parts[i] = (struct iovec){ (char *)batch.parts[i].data,
			batch.parts[i].size };
	return access_writer_writev(writer, parts, 2);
}

/* Says that lines are lost, by the reason in errno. */
static void
access_writer_complain(struct access_writer *writer)
{
	int64_t now = clock_now();

	if (writer->complained != 0 &&
	    now - writer->complained < ACCESS_WRITER_COMPLAINT)
		return;
	writer->complained = now;
	log_error("access log %.200s: %m; lines are lost", writer->path);
}

/* Gives up the lines that can't be written, and returns their size. */
static size_t
access_writer_lose(struct access_writer *writer, const struct ring_text *held)
{
	access_writer_complain(writer);
	stats_add(&writer->dropped, ring_text_count_lines(held));
	writer->cut |= writer->sent > 0;
	writer->sent = 0;
	return held->size;
}

/* Notes that `size` bytes more are in the file. Returns the size of the lines
 * that are whole there; the rest stays, in case it has to be written anew. */
static size_t
access_writer_note(struct access_writer *writer, const struct ring_text *held,
    size_t size)
{
	size_t whole = writer->sent + size;

	writer->sent = whole;
	while (whole > 0 && ring_text_byte(held, whole - 1) != '\n')
		whole--;
	writer->sent -= whole;
	return whole;
}

/* Writes out the lines that the ring holds now, or drops and counts them.
 * Returns false where it could not yet: the file has no room for now, or what
 * is left is abandoned. */
static bool
access_writer_empty(struct access_writer *writer, struct ring *ring)
{
	struct ring_text held = ring_peek(ring, RING_SIZE);

	while (held.size > 0) {
		ssize_t size;
		size_t done;

		if (atomic_load(&writer->orders) & ACCESS_WRITER_ABANDON)
			return false;
		size = access_writer_write(writer, &held);
		if (size == 0)
			return false;
		done = size > 0
			   ? access_writer_note(writer, &held, (size_t)size)
			   : access_writer_lose(writer, &held);
		ring_give_back(ring, done);
		held = ring_peek(ring, held.size - done);
	}
	return true;
}

/* Likewise for all rings; it goes on where it had to stop the last time. */
static bool
access_writer_empty_all(struct access_writer *writer)
{
	for (; writer->turn < writer->count; writer->turn++)
		if (!access_writer_empty(writer, &writer->rings[writer->turn]))
			return false;
	writer->turn = 0;
	return true;
}

/* ---- waiting ---- */

static bool
access_writer_has_lines(const struct access_writer *writer)
{
	for (unsigned i = 0; i < writer->count; i++)
		if (ring_peek(&writer->rings[i], 1).size > 0)
			return true;
	return false;
}

/* Sleeps until it is woken, or one of `events` has come about for the file. */
static void
access_writer_sleep(const struct access_writer *writer, short events)
{
	struct pollfd fds[2] = { { writer->wake, POLLIN, 0 },
		{ events != 0 ? writer->fd : -1, events, 0 } };
	uint64_t count;
	ssize_t size;

	(void)poll(fds, 2, -1);
	size = read(writer->wake, &count, sizeof(count));
	(void)size; /* whatever woke it, it looks for itself */
}

/* Sleeps until there are lines or news, and then until more lines have come. */
static void
access_writer_await_lines(struct access_writer *writer)
{
	const struct timespec gather = { .tv_nsec = ACCESS_WRITER_GATHER };

	atomic_store(&writer->sleeping, true);
	if (!access_writer_has_lines(writer))
		access_writer_sleep(writer, 0);
	atomic_store(&writer->sleeping, false);
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &gather, NULL);
}

/* What there is when an order to stop is seen is written before the end: the
 * orders are loaded first. */
void
access_writer_run(struct access_writer *writer)
{
	for (;;) {
		unsigned orders = atomic_load(&writer->orders);

		if (orders & ACCESS_WRITER_ABANDON)
			return;
		access_writer_take_next(writer);
		if (!access_writer_empty_all(writer))
			access_writer_sleep(writer, POLLOUT);
		else if (orders & ACCESS_WRITER_STOP)
			return;
		else
			access_writer_await_lines(writer);
	}
}
