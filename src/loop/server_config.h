/* server_config: what the workers are told; constant while they run. */
#ifndef MTASYNC_LOOP_SERVER_CONFIG_H
#define MTASYNC_LOOP_SERVER_CONFIG_H

#include <stdint.h>

#include "app/app.h"
#include "base/access_log.h"
#include "base/sandbox.h"
#include "loop/deadlines.h"
#include "loop/listeners.h"

struct server_config {
	struct app_config app;
	struct listeners_wanted listen;
	unsigned workers;
	unsigned max_conns;    /* over all workers */
	unsigned max_sleepers; /* likewise; 0: as many as connections */
	int backlog;
	uint64_t max_body;              /* bytes of a request's content */
	int64_t limits[DEADLINE_KINDS]; /* ns, by kind */
	int64_t write_limit;            /* ns without enough progress */
	int64_t drain_limit;            /* ns */
	struct access_log *log;         /* a ring per worker; NULL: no log */
	struct sandbox sandbox;         /* confines the threads */
};

#endif
