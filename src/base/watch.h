/*
 * watch: the files and directories that an operator names, with what was at each of these
 * paths before it was read last; whether something else is there by now.
 *
 * It looks by stat(2), which all mounts answer, and through links: of a file it goes by
 * device, inode, size and times (mtime and ctime, in ns), of a directory by device and
 * inode alone. Main thread: it may wait for the disk.
 */
#ifndef MTASYNC_BASE_WATCH_H
#define MTASYNC_BASE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Looks by which what goes on changing has to have come to rest: the next one does not
 * wait for it any more. */
#define WATCH_LOOKS 8

/* Bytes of watch.cause. */
#define WATCH_CAUSE_MAX 256

struct watched;

/* Zeroed, nothing is watched. All functions allow NULL, of who watches nothing. */
struct watch {
	struct watched *list; /* owned */
	size_t count;
	size_t room;
	unsigned looks; /* in a row that have seen changes going on */
	char cause[WATCH_CAUSE_MAX]; /* see watch_cause() */
};

/* All is about to be read again: takes down what is at each path now. */
void watch_begin(struct watch *watch);

/*
 * What is at this path is about to be opened and read: takes down what that is, unless
 * that has been done since watch_begin(). A file that has just been written is given
 * the 20 ms by which its times tell what is read from what comes after it.
 */
void watch_note(struct watch *watch, const char *path);

/* All has been read: forgets the paths that were not noted. Where something could not
 * be read, this is left out, and all paths go on being watched. */
void watch_end(struct watch *watch);

/*
 * Looks at all paths. Returns true where something else is there, or nothing where there
 * was something, and that was so at the look before: what is being written, or replaced,
 * is not taken half. What can't be looked at, for want of rights, counts as it was.
 */
bool watch_look(struct watch *watch);

/* Returns ` (--watch-rules: PATH has changed)` where a look was the cause of a reading of
 * which has not been told yet, else an empty text. */
const char *watch_cause(const struct watch *watch);

/* What came of that reading has been told. */
void watch_forget_cause(struct watch *watch);

/* Frees all. */
void watch_fini(struct watch *watch);

#endif
