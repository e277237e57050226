/* journaling: journals of requests whose lines are single letters. */
#ifndef MTASYNC_TESTS_JOURNALING_H
#define MTASYNC_TESTS_JOURNALING_H

#include "server/journal.h"

/* Members of a struct journal_reader: of requests with this path, the first 9. */
#define JOURNALING_PATH(text) .path = SPAN(text), .limit = 9

/* What is told. */
struct told {
	char letters[2048];
	size_t size;
};

/* Adds a request, and its line; or a line of one letter. */
void journaling_add_line(struct journal *journal, const char *target,
    unsigned status, int64_t wall, struct span line);
void journaling_add(struct journal *journal, const char *target,
    unsigned status, int64_t wall, char letter);

/* Reads all that is looked for, at once. */
void journaling_find(struct journal *journal, struct journal_reader reader,
    struct told *told);

/* Fails unless just this is told. */
void journaling_tells(struct journal *journal, struct journal_reader reader,
    const char *wanted);

#endif
