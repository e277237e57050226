/* when_times: the times of a file, as the rooms of `when` know them. */
#ifndef MTASYNC_APP_WHEN_TIMES_H
#define MTASYNC_APP_WHEN_TIMES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct when_times {
	atomic_size_t owners;
	size_t count;   /* 1 at least */
	int64_t list[]; /* ns, sorted */
};

/* Takes an owner away; the last one frees them. */
void when_times_release(struct when_times *times);

#endif
