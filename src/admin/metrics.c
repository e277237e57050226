/* Writes the counters as Prometheus reads them: its text format 0.0.4, or OpenMetrics
 * 1.0.0. The thread that answers. */
#include "config.h"

#include <inttypes.h>

#include "admin/answers.h"
#include "admin/draft.h"
#include "admin/process.h"
#include "app/generation.h"
#include "app/rules.h"
#include "app/tally.h"
#include "base/clock.h"
#include "http/accept.h"
#include "http/json.h"
#include "server/deadline_kind.h"
#include "server/journal.h"
#include "server/side.h"
#include "tls/keys.h"

static const char metrics_plain_type[] =
    "text/plain; version=0.0.4; charset=utf-8";
static const char metrics_open_type[] =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* What is being written. */
struct metrics {
	struct draft draft;
	const struct side *side;
	bool open; /* OpenMetrics */
};

/* ---- families ---- */

/* Begins a family: of a counter, OpenMetrics leaves `_total` out of its name. */
static void
metrics_begin(struct metrics *metrics, const char *name, const char *type,
    const char *help)
{
	bool counter = strcmp(type, "counter") == 0;
	const char *total = counter && !metrics->open ? "_total" : "";

	draft_add(&metrics->draft,
	    "# HELP mtasync_%s%s %s\n# TYPE mtasync_%s%s %s\n", name, total,
	    help, name, total, type);
}

static const struct stats *
metrics_worker(const struct metrics *metrics, unsigned worker)
{
	return metrics->side->totals.stats[worker];
}

/* A number that each worker has. */
static const struct metrics_row {
	const char *name, *type, *help;
	size_t field; /* of struct stats */
} metrics_rows[] = {
	{ "connections_accepted", "counter", "Connections accepted.",
	    offsetof(struct stats, accepted) },
	{ "connections_closed", "counter", "Connections closed.",
	    offsetof(struct stats, closed) },
	{ "received_bytes", "counter", "Bytes received from clients.",
	    offsetof(struct stats, received) },
	{ "sent_bytes", "counter", "Bytes sent to clients.",
	    offsetof(struct stats, sent) },
	{ "requests_cut", "counter", "Requests that the stop broke off.",
	    offsetof(struct stats, cut) },
	{ "sleepers", "gauge", "Requests that sleep or queue now.",
	    offsetof(struct stats, asleep) },
	{ "accept_queue", "gauge", "Connections that wait to be accepted.",
	    offsetof(struct stats, backlog) },
	{ "accept_overflows", "counter",
	    "Connections that the full accept queue has turned away.",
	    offsetof(struct stats, overflows) },
};

#define METRICS_ROWS (sizeof(metrics_rows) / sizeof(metrics_rows[0]))

static void
metrics_add_rows(struct metrics *metrics)
{
	for (size_t i = 0; i < METRICS_ROWS; i++) {
		const struct metrics_row *row = &metrics_rows[i];
		bool counter = strcmp(row->type, "counter") == 0;

		metrics_begin(metrics, row->name, row->type, row->help);
		for (unsigned w = 0; w < metrics->side->totals.count; w++) {
			const char *stats = (const char *)
			    metrics_worker(metrics, w);

			draft_add(&metrics->draft,
			    "mtasync_%s%s{worker=\"%u\"} %" PRIu64 "\n",
			    row->name, counter ? "_total" : "", w,
			    stats_read((
				const _Atomic uint64_t *)(stats + row->field)));
		}
	}
}

/* ---- numbers by a name ---- */

static const char *const metrics_handlers[STATS_HANDLERS] = {
	[HANDLER_FILE] = "file",
	[HANDLER_NONE] = "none",
	[HANDLER_SLEEP] = "sleep",
	[HANDLER_ECHO] = "echo",
	[HANDLER_HTTPBIN] = "httpbin",
};

static const char *const metrics_classes[STATS_CLASSES] = { "none", "1xx",
	"2xx", "3xx", "4xx", "5xx" };

static void
metrics_add_requests(struct metrics *metrics)
{
	metrics_begin(metrics, "requests", "counter",
	    "Requests that have ended, by who answered, and by the class of the "
	    "status; none: without an answer.");
	for (unsigned w = 0; w < metrics->side->totals.count; w++) {
		const struct stats *stats = metrics_worker(metrics, w);

		for (unsigned i = 0; i < STATS_HANDLERS * STATS_CLASSES; i++) {
			unsigned handler = i / STATS_CLASSES;
			unsigned class = i % STATS_CLASSES;

			if (metrics_handlers[handler] == NULL || class == 1)
				continue;
			draft_add(&metrics->draft,
			    "mtasync_requests_total{worker=\"%u\","
			    "handler=\"%s\",code=\"%s\"} %" PRIu64 "\n",
			    w, metrics_handlers[handler],
			    metrics_classes[class],
			    stats_requests(stats, handler, class));
		}
	}
}

/* An array of numbers that each worker has. */
struct metrics_array {
	const char *name, *type, *help;
	const char *label;
	const char *const *names; /* of the elements; NULL: it is left out */
	unsigned count;
	size_t field; /* of struct stats */
};

static const char *const metrics_states[] = {
	[DEADLINE_IDLE] = "idle",
	[DEADLINE_PROXY] = "proxy",
	[DEADLINE_GRACE] = "grace",
	[DEADLINE_HEAD] = "head",
	[DEADLINE_BODY] = "body",
	[DEADLINE_WRITE] = "sending",
	[DEADLINE_LINGER] = "closing",
	[DEADLINE_PART] = "parting",
	[DEADLINE_NEVER] = "asleep",
	[DEADLINE_HANG] = "hanging",
	[DEADLINE_SHAKE] = "handshaking",
	[DEADLINE_DOZE] = "dozing",
};

static const char *const metrics_refused[STATS_REFUSALS] = { "400", "408",
	"411", "413", "414", "417", "431", "501", "505", "other" };

static const char *const metrics_faults[] = { "close", "reset", "hang",
	"truncate", "garbage", "length", "chunk" };

/* As enum secure_shake has them, which a floor above knows. */
static const char *const metrics_shakes[] = { "full", "resumed", "failed",
	"late" };

/* As enum state_unproxied. */
static const char *const metrics_unproxied[] = { "untrusted", "malformed",
	"late" };

#define METRICS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct metrics_array metrics_arrays[] = {
	{ "connections", "gauge", "Open connections, by what they wait for.",
	    "state", metrics_states, METRICS_COUNT(metrics_states),
	    offsetof(struct stats, waiting) },
	{ "tls_handshakes", "counter", "Handshakes that have ended, by how.",
	    "result", metrics_shakes, METRICS_COUNT(metrics_shakes),
	    offsetof(struct stats, shakes) },
	{ "proxy_refused", "counter",
	    "Connections where proxies are expected that none began, by why.",
	    "reason", metrics_unproxied, METRICS_COUNT(metrics_unproxied),
	    offsetof(struct stats, unproxied) },
	{ "refusals", "counter",
	    "Requests that were malformed, too large or late, by the status.",
	    "code", metrics_refused, METRICS_COUNT(metrics_refused),
	    offsetof(struct stats, refusals) },
	{ "faults", "counter", "Faults made on purpose, by kind.", "fault",
	    metrics_faults, METRICS_COUNT(metrics_faults),
	    offsetof(struct stats, faults) },
};

static void
metrics_add_array(struct metrics *metrics, const struct metrics_array *array)
{
	bool counter = strcmp(array->type, "counter") == 0;

	metrics_begin(metrics, array->name, array->type, array->help);
	for (unsigned w = 0; w < metrics->side->totals.count; w++) {
		const _Atomic uint64_t *numbers = (const _Atomic uint64_t
			*)((const char *)metrics_worker(metrics, w) +
			   array->field);

		for (unsigned i = 0; i < array->count; i++)
			if (array->names[i] != NULL)
				draft_add(&metrics->draft,
				    "mtasync_%s%s{worker=\"%u\",%s=\"%s\"} "
				    "%" PRIu64 "\n",
				    array->name, counter ? "_total" : "", w,
				    array->label, array->names[i],
				    stats_read(&numbers[i]));
	}
}

/* ---- histograms ---- */

/* Bounds are written as OpenMetrics wants them, with a point in them, for either format:
 * a series is the same one in both. */
static void
metrics_add_histogram(struct metrics *metrics, const char *name,
    const char *help, size_t field)
{
	metrics_begin(metrics, name, "histogram", help);
	for (unsigned w = 0; w < metrics->side->totals.count; w++) {
		const struct histogram *histogram = (const struct histogram
			*)((const char *)metrics_worker(metrics, w) + field);
		/* what has ended at once is not in the histogram */
		uint64_t sum = field == offsetof(struct stats, duration)
				   ? stats_read(
					 &metrics_worker(metrics, w)->ordinary)
				   : 0;

		for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
			sum += stats_read(&histogram->counts[i]);
			draft_add(&metrics->draft,
			    "mtasync_%s_bucket{worker=\"%u\",le=\"%g%s\"} "
			    "%" PRIu64 "\n",
			    name, w, (double)histogram_bounds[i] / 1e9,
			    histogram_bounds[i] % CLOCK_S == 0 ? ".0" : "",
			    sum);
		}
		sum += stats_read(&histogram->counts[HISTOGRAM_BOUNDS]);
		draft_add(&metrics->draft,
		    "mtasync_%s_bucket{worker=\"%u\",le=\"+Inf\"} %" PRIu64
		    "\nmtasync_%s_sum{worker=\"%u\"} %.9f\n"
		    "mtasync_%s_count{worker=\"%u\"} %" PRIu64 "\n",
		    name, w, sum, name, w,
		    (double)stats_read(&histogram->sum) / 1e9, name, w, sum);
	}
}

/* ---- what is one for all workers ---- */

static void
metrics_add_pools(struct metrics *metrics, const struct pools *pools)
{
	static const struct {
		const char *name, *type, *help;
		size_t field; /* of struct pool_view */
	} rows[] = {
		{ "pool_slots", "gauge", "Slots of the pool.",
		    offsetof(struct pool_view, slots) },
		{ "pool_slots_used", "gauge", "Slots that are taken.",
		    offsetof(struct pool_view, used) },
		{ "pool_queued", "gauge", "Requests that wait for a slot.",
		    offsetof(struct pool_view, queued) },
		{ "pool_admitted", "counter", "Requests that got a slot.",
		    offsetof(struct pool_view, admitted) },
		{ "pool_waited", "counter",
		    "Requests that had to wait for their slot.",
		    offsetof(struct pool_view, waited) },
		{ "pool_refused", "counter", "Requests that got no slot.",
		    offsetof(struct pool_view, refused) },
	};

	for (size_t i = 0; i < METRICS_COUNT(rows); i++) {
		bool counter = strcmp(rows[i].type, "counter") == 0;

		if (pools_count(pools) > 0)
			metrics_begin(metrics, rows[i].name, rows[i].type,
			    rows[i].help);
		for (unsigned p = 0; p < pools_count(pools); p++) {
			struct pool *pool = pools_get(pools, p);
			struct span name = pool_name(pool);
			struct pool_view view;

			pool_look_at(pool, &view);
			draft_add(&metrics->draft,
			    "mtasync_%s%s{pool=\"%.*s\"} %" PRIu64 "\n",
			    rows[i].name, counter ? "_total" : "",
			    (int)name.size, name.data,
			    *(const uint64_t *)((const char *)&view +
						rows[i].field));
		}
	}
}

/* Writes a label's value; a name of a file may have any bytes, of which only UTF-8 may
 * be written. */
static void
metrics_add_value(struct metrics *metrics, struct span value)
{
	bool readable = json_is_utf8(value);

	for (size_t i = 0; i < value.size; i++) {
		char c = value.data[i];

		if (c == '\n')
			draft_add_span(&metrics->draft, SPAN("\\n"));
		else if (c == '"' || c == '\\')
			draft_add(&metrics->draft, "\\%c", c);
		else if (!readable && (c & 0x80) != 0)
			draft_add_span(&metrics->draft, SPAN("?"));
		else
			draft_add_span(&metrics->draft,
			    (struct span){ &value.data[i], 1 });
	}
}

/* Whether a certificate of this file has been told of before. */
static bool
metrics_has_file(const struct tls_keys *keys, size_t number, const char *file)
{
	struct tls_certificate told;

	for (size_t i = 0; i < number; i++)
		if (tls_keys_tell(keys, i, 0, &told) &&
		    strcmp(told.file, file) == 0)
			return true;
	return false;
}

/* Workers show the same certificates: the first one's are told of. */
static void
metrics_add_certificates(struct metrics *metrics, const struct tls_keys *keys)
{
	time_t now = (time_t)(clock_wall() / CLOCK_S);
	struct tls_certificate told;

	if (keys == NULL)
		return;
	metrics_begin(metrics, "tls_certificate_not_after_timestamp_seconds",
	    "gauge",
	    "When the certificate ends that is shown, by the file that it is "
	    "of; own: one of our own, of which others are made before.");
	for (size_t i = 0; tls_keys_tell(keys, i, now, &told); i++) {
		if (metrics_has_file(keys, i, told.file))
			continue;
		draft_add(&metrics->draft,
		    "mtasync_tls_certificate_not_after_timestamp_seconds"
		    "{file=\"");
		metrics_add_value(metrics, span_of(told.file));
		draft_add(&metrics->draft, "\",name=\"");
		metrics_add_value(metrics, span_of(told.name));
		draft_add(&metrics->draft, "\"} %" PRId64 "\n",
		    (int64_t)told.ends);
	}
}

/* A number without a label. */
static void
metrics_add_one(struct metrics *metrics, const char *name, const char *type,
    const char *help, double value)
{
	metrics_begin(metrics, name, type, help);
	draft_add(&metrics->draft, "mtasync_%s%s %.15g\n", name,
	    strcmp(type, "counter") == 0 ? "_total" : "", value);
}

/* How many times its part of the connections the busiest worker has. */
static double
metrics_imbalance(const struct metrics *metrics)
{
	unsigned count = metrics->side->totals.count;
	double sum = 0, most = 0;

	for (unsigned w = 0; w < count; w++) {
		double open = (double)stats_open(metrics_worker(metrics, w));

		sum += open;
		most = open > most ? open : most;
	}
	return sum > 0 ? most * count / sum : 1;
}

static void
metrics_add_rest(struct metrics *metrics, const struct admin *admin,
    const struct app *app)
{
	const struct server_config *clients = admin->clients;
	const struct access_log *log = clients->log;
	const struct totals *totals = &metrics->side->totals;

	metrics_add_one(metrics, "connections_limit", "gauge",
	    "How many connections there may be.", totals->max_conns);
	metrics_add_one(metrics, "sleepers_limit", "gauge",
	    "How many requests may sleep: as many as connections, where they "
	    "have no limit of their own.",
	    totals->max_sleepers != 0 ? totals->max_sleepers
				      : totals->max_conns);
	metrics_add_one(metrics, "worker_imbalance", "gauge",
	    "Connections of the busiest worker, by those of the average.",
	    metrics_imbalance(metrics));
	metrics_add_one(metrics, "log_lines_dropped", "counter",
	    "Lines of the access log that were dropped.",
	    log != NULL ? (double)access_log_dropped(log) : 0);
	metrics_add_one(metrics, "journal_bytes", "gauge",
	    "Memory that the requests take which --journal keeps.",
	    clients->journal != NULL ? (double)journal_bytes(clients->journal)
				     : 0);
	metrics_add_one(metrics, "keys_evicted", "counter",
	    "Keys that had to make room for others.",
	    (double)tally_evicted(clients->app.tally));
	metrics_add_one(metrics, "generation", "gauge",
	    "How often ROOT, types and rules have been read.",
	    (double)server_generation(admin->server));
	metrics_begin(metrics, metrics->open ? "build" : "build_info",
	    metrics->open ? "info" : "gauge", "The version.");
	draft_add(&metrics->draft, "mtasync_build_info{version=\"%s\"} 1\n",
	    PACKAGE_VERSION);
	metrics_add_pools(metrics, rules_pools(app->rules));
}

/* Whether the client would rather have OpenMetrics. */
static bool
metrics_wants_open(const struct http_request *request)
{
	struct http_acceptance open = http_accept_find(request,
	    SPAN("application/openmetrics-text"));
	struct http_acceptance plain = http_accept_find(request,
	    SPAN("text/plain"));

	return open.match == HTTP_ACCEPT_TYPE && open.quality > 0 &&
	       open.quality >= plain.quality;
}

void
answers_metrics(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	struct metrics metrics = { .side = server_clients(admin->server),
		.open = metrics_wants_open(request->http) };

	draft_begin(&metrics.draft,
	    metrics.open ? metrics_open_type : metrics_plain_type);
	metrics_add_requests(&metrics);
	metrics_add_rows(&metrics);
	for (size_t i = 0; i < METRICS_COUNT(metrics_arrays); i++)
		metrics_add_array(&metrics, &metrics_arrays[i]);
	metrics_add_histogram(&metrics, "request_duration_seconds",
	    "How long requests lasted, but for what their sleep was to be; with "
	    "their time in a pool's queue, at their pace, and hanging.",
	    offsetof(struct stats, duration));
	metrics_add_histogram(&metrics, "sleep_lateness_seconds",
	    "How much later than asked sleeps ended.",
	    offsetof(struct stats, late));
	metrics_add_histogram(&metrics, "loop_lag_seconds",
	    "How late the loop came to a tick of 100 ms.",
	    offsetof(struct stats, lag));
	metrics_add_histogram(&metrics, "tls_handshake_duration_seconds",
	    "How long handshakes lasted that were done, from the accept on, but "
	    "for what their sleep was to be.",
	    offsetof(struct stats, shake));
	metrics_add_certificates(&metrics,
	    generation_keys(request->app->site.generation, 0));
	metrics_add_rest(&metrics, admin, request->app);
	process_add_metrics(&metrics.draft, admin, metrics.open);
	if (metrics.open)
		draft_add(&metrics.draft, "# EOF\n");
	answers_use(answer, draft_end(&metrics.draft));
}
