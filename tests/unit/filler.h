/* filler: threads that append numbered lines, and the check of what arrives. */
#ifndef MTASYNC_TESTS_FILLER_H
#define MTASYNC_TESTS_FILLER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define FILLER_MAX      4
#define FILLER_LINE_MAX 300

struct filler {
	bool (*append)(void *to, unsigned ring, struct span line);
	void *to;
	unsigned ring, count;
	bool insists; /* tries again until there is room */

	pthread_t thread;
	uint64_t dropped; /* how often there was no room */
};

/* A line `ring number xxx...`, of a length that depends on the number. */
struct span filler_make_line(char text[FILLER_LINE_MAX], unsigned ring,
    unsigned number);

/* Starts a thread that appends `count` lines, numbered from 0. */
void filler_start(struct filler *filler);

/* Waits for its end, and returns how many lines it saw dropped. */
uint64_t filler_join(struct filler *filler);

/* What was read of the lines; and for each ring the least next number. */
struct filler_reading {
	unsigned next[FILLER_MAX];
	uint64_t lines, cut;
};

/*
 * Checks that the text is whole lines, whose numbers grow; counts them. A text
 * that does not end in a newline has one more line, which is cut.
 */
void filler_check(struct filler_reading *reading, const char *text,
    size_t size);

#endif
