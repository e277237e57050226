/* capacity_page: the page of --plan. Main thread. */
#ifndef MTASYNC_CAPACITY_PAGE_H
#define MTASYNC_CAPACITY_PAGE_H

#include "options.h"
#include "server/server_config.h"

/*
 * Prints what --plan asks for, for the machine that this runs on, and for a server with
 * these settings. Returns 0; or -1, and has said why, where the model is one whose
 * sleepers hold threads.
 */
int capacity_print(const struct options *options,
    const struct server_config *config);

#endif
