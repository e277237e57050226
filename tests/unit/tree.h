/* tree: a directory of files that a test makes, changes and leaves. */
#ifndef MTASYNC_TESTS_TREE_H
#define MTASYNC_TESTS_TREE_H

#include <stddef.h>

/* Makes an empty directory and goes into it; the test fails where it cannot. */
void tree_enter(void);

/* Removes it with all that is in it. */
void tree_leave(void);

/*
 * Writes `size` bytes of `letter` to a file, in place where it exists, as if
 * an hour ago: its state is settled.
 */
void tree_write(const char *name, char letter, size_t size);

#endif
