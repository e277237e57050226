/* The table of the ways to wait. */
#include "config.h"

#include "model.h"

#include <stddef.h>
#include <string.h>

#include "loop/loop.h"
#include "models/models.h"

const struct model models[] = {
	{ "serial", "one client after the other: everybody waits", serial_new,
	    MODEL_FIXED },
	{ "thread", "a thread for each client: nobody waits, threads pile up",
	    thread_new, MODEL_FIXED },
	{ "pool", "--workers threads and a queue: all wait once as many sleep",
	    pool_new, MODEL_HANDS },
	{ "fork_join", "batches on --workers threads: the next batch waits",
	    fork_join_new, MODEL_HANDS },
	{ "async", "one event loop: nobody waits, on one CPU", loop_new,
	    MODEL_FIXED },
	{ "mtasync", "an event loop for each of --workers: nobody waits",
	    loop_new, MODEL_LOOPS },
	{ 0 },
};

const struct model *
model_find(const char *name)
{
	for (const struct model *model = models; model->name != NULL; model++)
		if (strcmp(model->name, name) == 0)
			return model;
	return NULL;
}
