/* guard: memory with pages on both sides that nobody may touch. */
#ifndef MTASYNC_TESTS_GUARD_H
#define MTASYNC_TESTS_GUARD_H

#include "base/span.h"

struct guard {
	char *data;  /* the first byte that may be touched */
	size_t room; /* bytes from there on; the next one is forbidden */
};

/* Maps room for at least `room` bytes; the test fails where it cannot. */
void guard_open(struct guard *guard, size_t room);
void guard_close(struct guard *guard);

/* A copy of `text` whose last byte is the last that may be read. */
struct span guard_at_end(const struct guard *guard, struct span text);

/* A copy of `text` whose first byte is the first that may be read. */
struct span guard_at_start(const struct guard *guard, struct span text);

#endif
