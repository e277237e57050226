/*
 * tally: how often each of many keys has come, over all threads: of so many keys,
 * of which the one that has not come for longest makes room for a new one. It has
 * a lock, which nobody holds for longer than it takes to find a key. Any thread.
 */
#ifndef MTASYNC_APP_TALLY_H
#define MTASYNC_APP_TALLY_H

#include <stdint.h>

#include "base/span.h"

/* Bytes of the longest key. */
#define TALLY_KEY_MAX 72

struct tally;

/* Makes one for at most so many keys, 1 to 2^31 - 1. Its memory is the system's
 * until keys come. Returns NULL with errno. Main thread. */
struct tally *tally_new(uint32_t most);

/* Frees it; NULL is allowed. Main thread, when no other uses it. */
void tally_free(struct tally *tally);

/* Counts a key of at most TALLY_KEY_MAX bytes; returns how often it has come, from
 * 1 on. */
uint64_t tally_count(struct tally *tally, struct span key);

/* Returns how many keys had to make room. */
uint64_t tally_evicted(struct tally *tally);

#endif
