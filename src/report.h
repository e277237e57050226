/* report: the lines about a run's start and end. Main thread. */
#ifndef MTASYNC_REPORT_H
#define MTASYNC_REPORT_H

#include <stdint.h>

#include "base/privileges.h"
#include "files.h"
#include "options.h"
#include "server/server.h"

/* Where the operator looks and steers. */
void report_admin(const struct options *options,
    const struct listeners *listeners);

/* What is served, where, as whom and how confined; by which seed the rules draw, where
 * they do; and which certificates clients will refuse. */
void report_start(const struct files *files, const struct server_config *config,
    const struct listeners *listeners, const struct privileges *privileges);

/* Likewise, by which seed the rules draw now, and which certificates are refused; and what
 * has changed, where that was why. */
void report_reload(const struct files *files,
    const struct server_config *config);

/* What was done in `time` nanoseconds; `dropped` are lines of the log. */
void report_end(const struct options *options,
    const struct server_summary *summary, int64_t time, uint64_t dropped);

#endif
