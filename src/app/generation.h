/*
 * generation: what a reload replaces: the open directory ROOT. It never
 * changes, so that all threads share it, and it ends with its last owner.
 * Any thread.
 */
#ifndef MTASYNC_APP_GENERATION_H
#define MTASYNC_APP_GENERATION_H

struct generation {
	_Atomic unsigned owners;
	int root; /* a descriptor of the directory */
};

/*
 * Makes a generation of the directory that `root` is open on, with the caller
 * as its one owner. `root` is closed with the generation, or at once where it
 * can't be made. Returns NULL with errno then.
 */
struct generation *generation_new(int root);

/* Adds an owner, for whom the caller, an owner too, asks. Returns the
 * generation. */
struct generation *generation_hold(struct generation *generation);

/* Takes an owner away; the last one closes the directory and frees all. NULL is
 * allowed. */
void generation_release(struct generation *generation);

#endif
