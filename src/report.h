/* report: the lines about a run's start and end. Main thread. */
#ifndef MTASYNC_REPORT_H
#define MTASYNC_REPORT_H

#include <stdint.h>

#include "app/rules.h"
#include "base/privileges.h"
#include "options.h"
#include "server/server.h"

/* Where the operator looks and steers. */
void report_admin(const struct options *options,
    const struct listeners *listeners);

/* What is served, where, as whom and how confined; and by which seed the rules
 * draw, where they do. */
void report_start(const struct options *options,
    const struct server_config *config, const struct listeners *listeners,
    const struct privileges *privileges, const struct rules *rules);

/* Likewise, by which seed the rules draw now. */
void report_reload(const struct options *options,
    const struct server_config *config, const struct rules *rules);

/* What was done in `time` nanoseconds; `dropped` are lines of the log. */
void report_end(const struct options *options,
    const struct server_summary *summary, int64_t time, uint64_t dropped);

#endif
