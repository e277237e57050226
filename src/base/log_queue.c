/*
 * log_queue: the queue, and the thread that empties it. log_queue_put() runs in
 * whichever thread calls, log_queue_start() and _stop() in the main thread, and
 * the rest in the thread that writes.
 *
 * There is one queue, since those who say something know of none. Its lock is
 * held only to copy a line; never while one is written.
 */
#include "config.h"

#include "base/log_queue.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "base/writer_thread.h"

/* How much longer the end waits where the thread only has to get its turn of a
 * CPU, and how often it looks whether that is so. */
#define LOG_QUEUE_TURN CLOCK_S
#define LOG_QUEUE_LOOK (10 * CLOCK_MS)

enum log_queue_state {
	LOG_QUEUE_NONE,    /* no thread: a message is written at once */
	LOG_QUEUE_RUNNING, /* there is a thread that empties the ring */
	LOG_QUEUE_ENDING,  /* it writes what is left */
	LOG_QUEUE_ENDED,   /* it has, or its time is over */
};

static struct {
	pthread_mutex_t lock;   /* of all but the lines in the ring */
	pthread_cond_t changed; /* there is something to write, or the end */
	enum log_queue_state state;
	uint64_t lost; /* lines since the ring was full, of which none says */
	struct ring ring;
} log_queue = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- writing ---- */

/* Waits until a pipe that somebody else made non-blocking has room. */
static bool
log_queue_await_room(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	return poll(&room, 1, -1) == 1;
}

/* Writes a line, whatever time that takes; in one piece where that goes. If
 * even that fails, there is nobody left to tell. */
static void
log_queue_write(const struct ring_text *line)
{
	const int fd = (unsigned char)ring_text_byte(line, 0);
	size_t done = 1;

	while (done < line->size) {
		struct ring_text rest = ring_text_slice(line, done, line->size);
		struct iovec parts[2];
		ssize_t size;

		for (size_t i = 0; i < 2; i++)
			parts[i] = (struct iovec){ (char *)rest.parts[i].data,
				rest.parts[i].size };
		size = writev(fd, parts, 2);
		if (size > 0)
			done += (size_t)size;
		else if (size == -1 && errno == EAGAIN)
			(void)log_queue_await_room(fd);
		else if (size == -1 && errno != EINTR)
			return;
	}
}

/* The oldest line of the ring; of size 0 where there is none. */
static struct ring_text
log_queue_peek(void)
{
	struct ring_text all = ring_peek(&log_queue.ring, RING_SIZE);
	size_t size = 0;

	while (size < all.size && ring_text_byte(&all, size) != '\n')
		size++;
	return ring_text_slice(&all, 0, size < all.size ? size + 1 : all.size);
}

/* The lines that found no room would have followed the last one. */
static void
log_queue_write_lost(uint64_t lost)
{
	char text[100];
	int size = snprintf(text, sizeof(text),
	    "%cmtasync: %" PRIu64 " messages were lost: nobody read them\n",
	    STDERR_FILENO, lost);
	const struct ring_text line = { .parts = { { text, (size_t)size } },
		.size = (size_t)size };

	log_queue_write(&line);
}

/* Waits for something to write, and writes it, without the lock. Returns false
 * at the end. */
static bool
log_queue_serve(void)
{
	const struct ring_text line = log_queue_peek();
	uint64_t lost = log_queue.lost;

	if (line.size == 0 && lost == 0) {
		if (log_queue.state >= LOG_QUEUE_ENDING)
			return false;
		pthread_cond_wait(&log_queue.changed, &log_queue.lock);
		return true;
	}
	if (line.size == 0)
		log_queue.lost = 0;
	pthread_mutex_unlock(&log_queue.lock);
	if (line.size > 0)
		log_queue_write(&line);
	else
		log_queue_write_lost(lost);
	pthread_mutex_lock(&log_queue.lock);
	ring_give_back(&log_queue.ring, line.size);
	return true;
}

static void
log_queue_run(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&log_queue.lock);
	while (log_queue_serve())
		;
	log_queue.state = LOG_QUEUE_ENDED;
	pthread_cond_broadcast(&log_queue.changed);
	pthread_mutex_unlock(&log_queue.lock);
}

/* ---- saying something ---- */

/* Returns false where no thread writes: the caller has to. */
static bool
log_queue_append(struct span line)
{
	bool queued;

	pthread_mutex_lock(&log_queue.lock);
	queued = log_queue.state != LOG_QUEUE_NONE;
	if (log_queue.state == LOG_QUEUE_RUNNING) {
		if (log_queue.lost > 0 || !ring_append(&log_queue.ring, line))
			log_queue.lost++;
		pthread_cond_broadcast(&log_queue.changed);
	}
	pthread_mutex_unlock(&log_queue.lock);
	return queued;
}

void
log_queue_put(struct span line)
{
	ssize_t written;

	if (log_queue_append(line))
		return;
	written = write(line.data[0], line.data + 1, line.size - 1);
	(void)written; /* if even that fails, there is nobody left to tell */
}

/* ---- start and end ---- */

/* Has log_queue_stop() wait by the clock that nobody sets. */
static void
log_queue_open(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&log_queue.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	ring_init(&log_queue.ring);
}

/* The thread's own start may have something to say: it is written directly. */
int
log_queue_start(const struct sandbox *sandbox)
{
	pthread_mutex_lock(&log_queue.lock);
	assert(log_queue.state == LOG_QUEUE_NONE ||
	       log_queue.state == LOG_QUEUE_ENDED);
	log_queue.state = LOG_QUEUE_NONE;
	log_queue_open();
	pthread_mutex_unlock(&log_queue.lock);
	if (writer_thread_start(sandbox, log_queue_run, NULL) == -1)
		return -1;
	pthread_mutex_lock(&log_queue.lock);
	log_queue.state = LOG_QUEUE_RUNNING;
	pthread_mutex_unlock(&log_queue.lock);
	return 0;
}

/* Returns whether the thread has come to its end before this time. */
static bool
log_queue_await_end(int64_t until)
{
	const struct timespec deadline = { .tv_sec = until / CLOCK_S,
		.tv_nsec = until % CLOCK_S };
	int error = 0;

	while (log_queue.state == LOG_QUEUE_ENDING && error == 0)
		error = pthread_cond_timedwait(&log_queue.changed,
		    &log_queue.lock, &deadline);
	return log_queue.state == LOG_QUEUE_ENDED;
}

/* Whether there is room for the oldest line, so that the thread waits only for
 * its turn of a CPU. */
static bool
log_queue_has_room(void)
{
	const struct ring_text line = log_queue_peek();
	struct pollfd room = { .fd = -1, .events = POLLOUT };

	if (line.size == 0)
		return true;
	room.fd = (unsigned char)ring_text_byte(&line, 0);
	return poll(&room, 1, 0) == 1;
}

void
log_queue_stop(int64_t patience)
{
	int64_t until = clock_now() + patience;
	const int64_t last = until + LOG_QUEUE_TURN;

	pthread_mutex_lock(&log_queue.lock);
	if (log_queue.state == LOG_QUEUE_RUNNING) {
		log_queue.state = LOG_QUEUE_ENDING;
		pthread_cond_broadcast(&log_queue.changed);
		while (!log_queue_await_end(until) && until < last &&
		       log_queue_has_room())
			until += LOG_QUEUE_LOOK;
		log_queue.state = LOG_QUEUE_ENDED;
	}
	pthread_mutex_unlock(&log_queue.lock);
}
