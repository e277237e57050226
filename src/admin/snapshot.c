/* Writes snapshots; the thread that answers. */
#include "config.h"

#include "admin/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin/draft.h"
#include "app/tally.h"
#include "base/clock.h"
#include "http/json.h"
#include "server/side.h"

static const struct totals *
snapshot_totals(const struct snapshot *snapshot)
{
	return &server_clients(snapshot->admin->server)->totals;
}

/* Sums up a counter of all workers. */
static uint64_t
snapshot_sum(const struct snapshot *snapshot, size_t field)
{
	const struct totals *totals = snapshot_totals(snapshot);
	uint64_t sum = 0;

	for (unsigned w = 0; w < totals->count; w++)
		sum += stats_read(
		    (const _Atomic uint64_t *)((const char *)totals->stats[w] +
					       field));
	return sum;
}

/* Sums up the counters of an array of all workers. */
static uint64_t
snapshot_sum_array(const struct snapshot *snapshot, size_t field,
    unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += snapshot_sum(snapshot,
		    field + i * sizeof(_Atomic uint64_t));
	return sum;
}

/* How many requests of a worker have ended. */
static uint64_t
snapshot_requests(const struct stats *stats)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < STATS_HANDLERS * STATS_CLASSES; i++)
		sum += stats_requests(stats, i / STATS_CLASSES,
		    i % STATS_CLASSES);
	return sum;
}

/* Adds what a histogram has counted to `counts`. */
static void
snapshot_add_up(uint64_t counts[HISTOGRAM_BOUNDS + 1],
    const struct histogram *histogram)
{
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		counts[i] += stats_read(&histogram->counts[i]);
}

/* Makes of counts, and of those that were there before, what has come since, and
 * the counts those from now on. Returns how many have come. */
static uint64_t
snapshot_since(uint64_t counts[HISTOGRAM_BOUNDS + 1],
    uint64_t before[HISTOGRAM_BOUNDS + 1])
{
	uint64_t sum = 0;

	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		uint64_t now = counts[i];

		counts[i] -= before[i];
		before[i] = now;
		sum += counts[i];
	}
	return sum;
}

/* Returns the upper bound of the bucket that a part of `all` counts lies in, in ms;
 * above the last bound, that. */
static double
snapshot_quantile(const uint64_t counts[HISTOGRAM_BOUNDS + 1], uint64_t all,
    double part)
{
	uint64_t sum = 0;
	int i = 0;

	for (; i < HISTOGRAM_BOUNDS - 1; i++) {
		sum += counts[i];
		if ((double)sum >= part * (double)all)
			break;
	}
	return (double)histogram_bounds[i] / 1e6;
}

/* ---- the parts ---- */

static void
snapshot_write_totals(const struct snapshot *snapshot, struct draft *draft)
{
	const struct server_config *clients = snapshot->admin->clients;
	const struct totals *totals = snapshot_totals(snapshot);
	uint64_t requests = 0, open = 0;

	for (unsigned w = 0; w < totals->count; w++) {
		requests += snapshot_requests(totals->stats[w]);
		open += stats_open(totals->stats[w]);
	}
	draft_add(draft,
	    "\"totals\":{\"accepted\":%" PRIu64 ",\"connections\":%" PRIu64
	    ",\"requests\":%" PRIu64 ",\"asleep\":%" PRIu64 ",\"sent\":%" PRIu64
	    ",\"received\":%" PRIu64 ",\"refused\":%" PRIu64
	    ",\"faults\":%" PRIu64 ",\"log_dropped\":%" PRIu64
	    ",\"keys_evicted\":%" PRIu64 "}",
	    snapshot_sum(snapshot, offsetof(struct stats, accepted)), open,
	    requests, snapshot_sum(snapshot, offsetof(struct stats, asleep)),
	    snapshot_sum(snapshot, offsetof(struct stats, sent)),
	    snapshot_sum(snapshot, offsetof(struct stats, received)),
	    snapshot_sum_array(snapshot, offsetof(struct stats, refusals),
		STATS_REFUSALS),
	    snapshot_sum_array(snapshot, offsetof(struct stats, faults),
		STATS_FAULTS),
	    clients->log != NULL ? access_log_dropped(clients->log) : 0,
	    tally_evicted(clients->app.tally));
}

static void
snapshot_write_late(struct snapshot *snapshot, struct draft *draft)
{
	const struct totals *totals = snapshot_totals(snapshot);
	uint64_t counts[HISTOGRAM_BOUNDS + 1] = { 0 }, all;

	for (unsigned w = 0; w < totals->count; w++)
		snapshot_add_up(counts, &totals->stats[w]->late);
	all = snapshot_since(counts, snapshot->late);
	draft_add(draft, ",\"late\":{\"count\":%" PRIu64, all);
	if (all > 0)
		draft_add(draft, ",\"p50\":%g,\"p99\":%g,\"max\":%g}",
		    snapshot_quantile(counts, all, 0.5),
		    snapshot_quantile(counts, all, 0.99),
		    snapshot_quantile(counts, all, 1));
	else
		draft_add(draft, ",\"p50\":null,\"p99\":null,\"max\":null}");
}

/* Writes one worker; `passed` is the time since the snapshot before. */
static void
snapshot_write_worker(struct snapshot *snapshot, unsigned worker,
    int64_t passed, struct draft *draft)
{
	const struct stats *stats = snapshot_totals(snapshot)->stats[worker];
	struct snapshot_worker *before = &snapshot->workers[worker];
	uint64_t counts[HISTOGRAM_BOUNDS + 1] = { 0 };
	uint64_t cpu = stats_read(&stats->cpu), ticks;
	int64_t turned = atomic_load_explicit(&stats->turned,
	    memory_order_relaxed);

	snapshot_add_up(counts, &stats->lag);
	ticks = snapshot_since(counts, before->lag);
	draft_add(draft,
	    "%s{\"worker\":%u,\"accepted\":%" PRIu64 ",\"connections\":%" PRIu64
	    ",\"requests\":%" PRIu64 ",\"asleep\":%" PRIu64,
	    worker > 0 ? "," : "", worker, stats_read(&stats->accepted),
	    stats_open(stats), snapshot_requests(stats),
	    stats_read(&stats->asleep));
	if (turned == 0) /* a crew, or it has ended */
		draft_add(draft, ",\"load\":null");
	else
		draft_add(draft, ",\"load\":%.3f",
		    passed > 0 ? (double)(cpu - before->cpu) / (double)passed
			       : 0);
	if (ticks > 0)
		draft_add(draft, ",\"lag\":%g",
		    snapshot_quantile(counts, ticks, 1));
	else
		draft_add(draft, ",\"lag\":null");
	if (turned > 0)
		draft_add(draft, ",\"turned\":%.1f}",
		    (double)(clock_now() - turned) / 1e6);
	else
		draft_add(draft, ",\"turned\":null}");
	before->cpu = cpu;
}

static void
snapshot_write_pools(const struct pools *pools, struct draft *draft)
{
	for (unsigned i = 0; i < pools_count(pools); i++) {
		struct pool *pool = pools_get(pools, i);
		struct span name = pool_name(pool);
		struct pool_view view;

		pool_look_at(pool, &view);
		draft_add(draft,
		    "%s{\"name\":\"%.*s\",\"slots\":%" PRIu64
		    ",\"used\":%" PRIu64 ",\"queue\":%" PRIu64
		    ",\"queued\":%" PRIu64 ",\"waited\":%" PRIu64
		    ",\"refused\":%" PRIu64 "}",
		    i > 0 ? "," : "", (int)name.size, name.data, view.slots,
		    view.used, view.queue, view.queued, view.waited,
		    view.refused);
	}
}

/* ---- all of it ---- */

bool
snapshot_begin(struct snapshot *snapshot, const struct admin *admin)
{
	const struct totals *totals;

	*snapshot = (struct snapshot){ .admin = admin, .at = clock_now() };
	totals = snapshot_totals(snapshot);
	snapshot->workers = calloc(totals->count, sizeof(*snapshot->workers));
	if (snapshot->workers == NULL)
		return false;
	for (unsigned w = 0; w < totals->count; w++) {
		const struct stats *stats = totals->stats[w];

		snapshot->workers[w].cpu = stats_read(&stats->cpu);
		snapshot_add_up(snapshot->workers[w].lag, &stats->lag);
		snapshot_add_up(snapshot->late, &stats->late);
	}
	return true;
}

void
snapshot_end(struct snapshot *snapshot)
{
	free(snapshot->workers);
}

struct document *
snapshot_take(struct snapshot *snapshot, const struct pools *pools,
    const char *before, const char *behind)
{
	static const char *const phases[] = { [SERVER_STARTING] = "starting",
		[SERVER_SERVING] = "serving",
		[SERVER_DRAINING] = "draining" };
	const struct admin *admin = snapshot->admin;
	int64_t now = clock_now(), passed = now - snapshot->at;
	int64_t wall = clock_wall();
	char time[JSON_TIME_MAX];
	struct draft draft;

	*json_put_time(time, wall) = '\0';
	draft_begin(&draft, "application/json");
	draft_add(&draft,
	    "%s{\"time\":\"%s\",\"uptime\":%.3f,\"phase\":\"%s\","
	    "\"version\":\"%s\",\"generation\":%" PRIu64 ",",
	    before, time, (double)(wall - admin->started) / 1e9,
	    phases[server_phase(admin->server)], PACKAGE_VERSION,
	    server_generation(admin->server));
	snapshot_write_totals(snapshot, &draft);
	snapshot_write_late(snapshot, &draft);
	draft_add(&draft, ",\"workers\":[");
	for (unsigned w = 0; w < snapshot_totals(snapshot)->count; w++)
		snapshot_write_worker(snapshot, w, passed, &draft);
	draft_add(&draft, "],\"pools\":[");
	snapshot_write_pools(pools, &draft);
	draft_add(&draft, "]}%s", behind);
	snapshot->at = now;
	return draft_end(&draft);
}
