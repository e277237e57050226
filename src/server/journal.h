/*
 * journal: the last requests, newest first, as lines of JSON, for who wants to know what
 * came: all workers add to it, under a lock that nobody holds for long. Any thread.
 */
#ifndef MTASYNC_SERVER_JOURNAL_H
#define MTASYNC_SERVER_JOURNAL_H

#include <stdint.h>

#include "http/record.h"

struct journal;

/* Makes one for the last `most` requests. Returns NULL where memory is short. Main
 * thread. */
struct journal *journal_new(uint32_t most);

/* Frees it; NULL is allowed. Main thread, when no other uses it. */
void journal_free(struct journal *journal);

/* Adds the line of a request that has ended, in the place of the oldest one. */
void journal_add(struct journal *journal, const struct record *record,
    unsigned status, struct span line);

/* Forgets all of them. */
void journal_clear(struct journal *journal);

/* What is looked for. */
struct journal_query {
	struct span
	    path;       /* a pattern, without its first slash; data NULL: any */
	int64_t status; /* 0: any */
	int64_t since;  /* ns since 1970 */
	int64_t limit;  /* how many lines at most */
};

/* Calls `tell` with the line of each that is looked for, newest first. The lock is held
 * meanwhile, for a few hundred of them at a time. */
void journal_find(struct journal *journal, const struct journal_query *query,
    void (*tell)(void *arg, struct span line), void *arg);

#endif
