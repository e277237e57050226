/* The table of the ways to wait. */
#include "config.h"

#include "model.h"

#include <stddef.h>
#include <string.h>

#include "loop/loop.h"
#include "models/models.h"

const struct model models[] = {
	{ "serial", "one client after the other: everybody waits",
	    models_new_serial, MODEL_FIXED },
	{ "thread", "a thread for each client: nobody waits, threads pile up",
	    models_new_thread, MODEL_FIXED },
	{ "pool", "--workers threads and a queue: all wait once as many sleep",
	    models_new_pool, MODEL_HANDS },
	{ "fork_join", "batches on --workers threads: the next batch waits",
	    models_new_fork_join, MODEL_HANDS },
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
