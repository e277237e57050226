/*
 * generation: what a reload replaces: the open directory ROOT, the operator's
 * types and rules, and the keys of TLS. It never changes, so that all threads share it, and it ends
 * with its last owner.
 *
 * A directory that has been removed finds nothing any more, even if another one
 * has its name by now. Threads that may not open that one have it asked for by
 * generation_miss(). Any thread.
 */
#ifndef MTASYNC_APP_GENERATION_H
#define MTASYNC_APP_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

struct mime_types;
struct rules;
struct tls_keys;

struct generation {
	_Atomic unsigned owners;
	int root;                 /* a descriptor of the directory */
	struct mime_types *types; /* the operator's; NULL: none */
	struct rules *rules;      /* likewise; owned, and set by who makes it */
	struct tls_keys *
	    *keys; /* one for each worker, which alone uses it; owned,
				 * and set by who makes it; NULL: no TLS */
	unsigned key_count;
	/* Tells whoever can open ROOT anew that it is gone; NULL: nobody. */
	void (*on_gone)(void *arg);
	void *arg;
	_Atomic int64_t look_due; /* as clock_now() */
};

/*
 * Makes a generation of the directory that `root` is open on, with the caller
 * as its one owner. `root` is closed with the generation, or at once where it
 * can't be made. Returns NULL with errno then. The generation becomes one more
 * owner of `types`, which may be NULL.
 */
struct generation *generation_new(int root, struct mime_types *types);

/* Makes it an owner of keys, one for each worker, beside the caller. Returns 0, or -1
 * where memory is short. Before others know it. */
int generation_use_keys(struct generation *generation,
    struct tls_keys *const *keys, unsigned count);

/* Returns the keys of a worker; NULL: it has none. */
struct tls_keys *generation_keys(const struct generation *generation,
    unsigned worker);

/* Whether the directory that `root` is open on has no name any more, so that
 * nothing can be found in it. Costs one fstat(2). */
bool generation_is_gone(int root);

/*
 * Nothing has been found in the directory: looks whether it is gone, at most
 * once a second, and calls on_gone() then. `now` as clock_now().
 */
void generation_miss(struct generation *generation, int64_t now);

/* Adds an owner, for whom the caller, an owner too, asks. Returns the
 * generation. */
struct generation *generation_hold(struct generation *generation);

/* Takes an owner away; the last one closes the directory and frees all. NULL is
 * allowed. */
void generation_release(struct generation *generation);

#endif
