/*
 * snapshot: how the server is at one moment, as JSON, and what has happened since the
 * snapshot before it. The thread that answers.
 */
#ifndef MTASYNC_ADMIN_SNAPSHOT_H
#define MTASYNC_ADMIN_SNAPSHOT_H

#include "admin/admin.h"
#include "app/document.h"
#include "app/pools.h"
#include "base/histogram.h"

/* What one who watches has seen last. */
struct snapshot {
	const struct admin *admin;
	int64_t at; /* as clock_now() */
	uint64_t late[HISTOGRAM_BOUNDS + 1];
	struct snapshot_worker {
		uint64_t cpu; /* ns */
		uint64_t lag[HISTOGRAM_BOUNDS + 1];
	} * workers; /* owned */
};

/* Begins to watch, from now on. Returns false where memory is short. */
bool snapshot_begin(struct snapshot *snapshot, const struct admin *admin);
void snapshot_end(struct snapshot *snapshot);

/* Returns the next one, a JSON object on one line, the caller's to free; or NULL
 * where memory is short. `pools` are those in force. */
struct document *snapshot_take(struct snapshot *snapshot,
    const struct pools *pools, const char *before, const char *behind);

#endif
