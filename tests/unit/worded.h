/* worded: behaviours as words, for tests: `delay=1s&size=5`, nothing encoded. */
#ifndef MTASYNC_TESTS_WORDED_H
#define MTASYNC_TESTS_WORDED_H

#include "app/words.h"

/* Room for all the words of a behaviour. */
#define WORDED_MAX 8192

/* At most a minute, and a MiB; no files; a pool `db` and a pool `Web-2_`. */
const struct words_limits *worded_limits(void);

/* Adds words, one after the other, up to the first that is refused. Returns false
 * with a complaint, and its word's place in `words` by *start. */
bool worded_try(struct behaviour *behaviour, const char *words,
    const char **start, struct complaint *why);

/* Adds words to a behaviour, which lives no longer than they; the test fails where
 * one is refused. */
void worded_add(struct behaviour *behaviour, const char *words);

/* Writes the words of a behaviour, in the order of enum word, and returns them. */
const char *worded_print(const struct behaviour *behaviour,
    char text[WORDED_MAX]);

#endif
