/*
 * access_writer: what runs on the thread that writes the access log: from the
 * rings to the file, as many whole lines at once as go.
 */
#ifndef MTASYNC_BASE_ACCESS_WRITER_H
#define MTASYNC_BASE_ACCESS_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ring.h"

/* Bits of `orders`. */
enum access_writer_order {
	ACCESS_WRITER_STOP = 1,    /* write what there is, and end */
	ACCESS_WRITER_ABANDON = 2, /* write nothing more, and end */
};

struct access_writer {
	const char *path; /* to name it in complaints */
	struct ring *rings;
	unsigned count;

	/* what any thread may change */
	int wake;                 /* eventfd, signalled after a change */
	_Atomic unsigned orders;  /* of enum access_writer_order */
	_Atomic int next;         /* descriptor to write to instead; -1: none */
	_Atomic bool sleeping;    /* a filler has to wake it; or about to be */
	_Atomic uint64_t dropped; /* the writer's: lines that failed */

	/* the writer's own */
	int fd;
	bool regular;       /* fd is a file: it takes writes of any size */
	bool cut;           /* the file ends within a line that has no end */
	int64_t complained; /* when, on clock_now() */
	unsigned turn;      /* the ring that is being emptied */
	size_t sent;        /* of its oldest line, bytes in the file already */
};

/*
 * Writes to `fd` from now on, which the writer owns; the descriptor before is
 * closed. Before the writer's thread runs, or on it.
 */
void access_writer_use(struct access_writer *writer, int fd);

/* Has the writer, which may sleep, look at what has changed. Any thread. */
void access_writer_wake(const struct access_writer *writer);

/* Writes until it is told to stop. The writer's thread. */
void access_writer_run(struct access_writer *writer);

#endif
