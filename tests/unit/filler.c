/* filler: the lines, the threads that make them, and the check of both. */
#include "config.h"

#include "filler.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct span
filler_make_line(char text[FILLER_LINE_MAX], unsigned ring, unsigned number)
{
	int size = snprintf(text, FILLER_LINE_MAX, "%u %u ", ring, number);
	size_t fill = number * 7919 % 200;

	memset(text + size, 'x', fill);
	text[(size_t)size + fill] = '\n';
	return (struct span){ text, (size_t)size + fill + 1 };
}

static void *
filler_run(void *argument)
{
	struct filler *filler = argument;
	char text[FILLER_LINE_MAX];

	for (unsigned i = 0; i < filler->count; i++) {
		struct span line = filler_make_line(text, filler->ring, i);

		while (!filler->append(filler->to, filler->ring, line)) {
			filler->dropped++;
			if (!filler->insists)
				break;
			sched_yield();
		}
	}
	return NULL;
}

void
filler_start(struct filler *filler)
{
	assert_int_equal(pthread_create(&filler->thread, NULL, filler_run,
			     filler),
	    0);
}

uint64_t
filler_join(struct filler *filler)
{
	assert_int_equal(pthread_join(filler->thread, NULL), 0);
	return filler->dropped;
}

void
filler_check(struct filler_reading *reading, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		char expected[FILLER_LINE_MAX], *rest;
		unsigned long ring, number;
		struct span line;

		if (newline == NULL) {
			reading->cut++;
			return;
		}
		ring = strtoul(text, &rest, 10);
		number = strtoul(rest, NULL, 10);
		assert_true(ring < FILLER_MAX);
		line = filler_make_line(expected, (unsigned)ring,
		    (unsigned)number);
		assert_int_equal(newline + 1 - text, line.size);
		assert_memory_equal(text, expected, line.size);
		assert_true(number >= reading->next[ring]);
		reading->next[ring] = (unsigned)number + 1;
		reading->lines++;
		text = newline + 1;
	}
}
