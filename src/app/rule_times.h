/* rule_times: the files of times that rules name, `delay=file:NAME`. Main thread:
 * it may wait for the disk. */
#ifndef MTASYNC_APP_RULE_TIMES_H
#define MTASYNC_APP_RULE_TIMES_H

#include "app/when.h"
#include "base/watch.h"

struct rule_times {
	struct span directory; /* that relative names are of, with its slash;
				* empty: the current one */
	int64_t most;          /* ns: no time of a file is longer */
	struct watch *watch;   /* of what is read; NULL: nobody watches */
};

/* Reads a file of times for a struct rule_times: what struct when_limits wants.
 * Returns NULL with a complaint at the name. */
struct when_times *rule_times_read(struct span name, void *arg,
    struct complaint *why);

#endif
