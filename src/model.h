/*
 * model: the ways to wait, by the names that --model takes.
 */
#ifndef MTASYNC_MODEL_H
#define MTASYNC_MODEL_H

#include <stdbool.h>

#include "server/server_config.h"

/* Whether --workers says something, and what. */
enum model_threads {
	MODEL_LOOPS, /* event loops, each a worker */
	MODEL_HANDS, /* threads of the one worker */
	MODEL_FIXED, /* nothing: there is no choice */
};

struct model {
	const char *name;
	const char *behind_sleep; /* what happens behind a /sleep, a line */
	struct worker *(
	    *new_worker)(const struct worker_host *host, unsigned index);
	enum model_threads threads;
};

/* The default is the last one; the end is a row without a name. */
extern const struct model models[];

/* NULL: there is none of that name. */
const struct model *model_find(const char *name);

#endif
