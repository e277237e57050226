/*
 * journal: the last requests, newest first, as lines of JSON, for who wants to know what
 * came. All workers add to it under a lock, which is held for a few entries at a time
 * alone: who reads takes counted references of these, and looks at them without it. Any
 * thread.
 */
#ifndef MTASYNC_SERVER_JOURNAL_H
#define MTASYNC_SERVER_JOURNAL_H

#include <stdint.h>

#include "http/record.h"

/* Bytes of lines that a page may have and still take another one. */
#define JOURNAL_PAGE_FULL 16384

struct journal;

/* Makes one for the last `most` requests, or for fewer, where these took more than
 * `bytes_most` of memory. Returns NULL where memory is short. Main thread. */
struct journal *journal_new(uint32_t most, uint64_t bytes_most);

/* Frees it; NULL is allowed. Main thread, when no other uses it. */
void journal_free(struct journal *journal);

/* Adds the line of a request that has ended, in the place of the oldest ones. */
void journal_add(struct journal *journal, const struct record *record,
    unsigned status, struct span line);

/* Forgets all of them. Their memory is free when new ones need their places. */
void journal_clear(struct journal *journal);

/* Returns how many bytes of memory the entries take. */
uint64_t journal_bytes(struct journal *journal);

/* Who looks for some of them, and how far that has come. */
struct journal_reader {
	struct span
	    path;       /* a pattern, without its first slash; data NULL: any */
	int64_t status; /* 0: any */
	int64_t since;  /* ns since 1970 */
	int64_t limit;  /* how many lines are still to be read, at most */
	uint64_t next;  /* the journal's: the entry before this one is next */
};

/* Lines, one behind the other. */
struct journal_page {
	size_t size; /* bytes */
	char text[JOURNAL_PAGE_FULL + RECORD_LINE_MAX];
};

/* Begins to read: from the newest one of now on, to older ones. */
void journal_begin(struct journal *journal, struct journal_reader *reader);

/*
 * Fills a page with the next lines that are looked for, as many as are found by
 * `until`, as clock_now(), and until it is full; at least one entry is looked at.
 * Returns whether there may be more. Those that have been overwritten or forgotten
 * since journal_begin() are left out.
 */
bool journal_read(struct journal *journal, struct journal_reader *reader,
    int64_t until, struct journal_page *page);

#endif
