/* report: the lines about a run's start and end. Main thread. */
#ifndef MTASYNC_REPORT_H
#define MTASYNC_REPORT_H

#include <stdint.h>

#include "base/privileges.h"
#include "options.h"
#include "server/server.h"

/* What is served, where, as whom and how confined. */
void report_start(const struct options *options,
    const struct server_config *config, const struct listeners *listeners,
    const struct privileges *privileges);

void report_reload(const struct options *options);

/* What was done in `time` nanoseconds; `dropped` are lines of the log. */
void report_end(const struct options *options,
    const struct server_summary *summary, int64_t time, uint64_t dropped);

#endif
