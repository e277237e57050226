/* process: what the kernel knows of the process. The thread that answers. */
#ifndef MTASYNC_ADMIN_PROCESS_H
#define MTASYNC_ADMIN_PROCESS_H

#include "admin/admin.h"
#include "admin/draft.h"

/* Adds the families that each process has, by Prometheus' client guidelines; `open`:
 * as OpenMetrics. */
void process_add_metrics(struct draft *draft, const struct admin *admin,
    bool open);

#endif
