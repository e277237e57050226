/* tree: a directory of files that a test makes, changes and leaves. */
#ifndef MTASYNC_TESTS_TREE_H
#define MTASYNC_TESTS_TREE_H

#include <stddef.h>

/* A directory's path, NUL included. */
#define TREE_PATH_MAX 64

/* Makes an empty directory; the test fails where it cannot. */
void tree_make(char path[TREE_PATH_MAX]);

/* Writes the text to a file below the tree's root, and first makes all directories above
 * it; `path` begins with a slash. */
void tree_put(const char *root, const char *path, const char *text);

/* Removes it with all that is in it. */
void tree_remove(const char *path);

/* The same for one that is the current directory meanwhile. */
void tree_enter(void);
void tree_leave(void);

/*
 * Writes `size` bytes of `letter` to a file, in place where it exists, as if
 * an hour ago: its state is settled.
 */
void tree_write(const char *name, char letter, size_t size);

#endif
