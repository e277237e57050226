/* test_snapshot: what a snapshot says of known counters, and of what has come since
 * the one before it; and when the events that tell of them come. */
#include "config.h"

#include "admin/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "administering.h"
#include "app/rules.h"
#include "base/clock.h"
#include "fake_clock.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define START       (1700000000 * CLOCK_S) /* of both clocks */

/* Begins to watch at the start. */
static void
begin(struct administering *a, struct snapshot *snapshot)
{
	fake_clock_set(START);
	a->admin.started = START - 5 * CLOCK_S / 2;
	assert_true(snapshot_begin(snapshot, &a->admin));
}

/* Returns the next one, so many ns later, as a string that lives until the next
 * call. */
static const char *
take(struct snapshot *snapshot, int64_t later, const struct pools *pools)
{
	static char text[8192];
	struct document *document;

	fake_clock_set(START + later);
	document = snapshot_take(snapshot, pools, "<", ">");
	assert_non_null(document);
	assert_true(document->size < sizeof(text));
	memcpy(text, document->data, document->size);
	text[document->size] = '\0';
	free(document);
	return text;
}

static void
assert_says(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("%s does not say %s", text, wanted);
}

static void
test_whole(void **state)
{
	struct administering *a = *state;
	struct stats *stats = a->stats;
	struct snapshot snapshot;

	administering_rule(a, "pool=db:slots=2,queue=1\npool=q:slots=3\n");
	pools_apply(rules_pools(a->asking->app.rules));
	a->generation = 4;
	a->phase = SERVER_DRAINING;
	begin(a, &snapshot);
	stats_add(&stats[0].accepted, 5);
	stats_add(&stats[0].closed, 2);
	stats_add(&stats[0].ordinary, 10);
	stats_add(&stats[0].requests[7][5], 1);
	stats_add(&stats[0].asleep, 2);
	stats_add(&stats[0].received, 100);
	stats_add(&stats[0].refusals[0], 1);
	stats_add(&stats[0].refusals[STATS_REFUSALS - 1], 2);
	stats_add(&stats[0].faults[STATS_FAULTS - 1], 6);
	stats_set(&stats[0].cpu, 125 * CLOCK_MS);
	histogram_add(&stats[0].late, CLOCK_MS);
	histogram_add(&stats[0].lag, 3 * CLOCK_MS);
	atomic_store(&stats[0].turned, START + 480 * CLOCK_MS);
	stats_add(&stats[1].accepted, 40);
	stats_add(&stats[1].closed, 40);
	stats_add(&stats[1].requests[1][4], 7);
	stats_add(&stats[1].sent, 50);
	assert_string_equal(take(&snapshot, CLOCK_S / 2,
				rules_pools(a->asking->app.rules)),
	    "<{\"time\":\"2023-11-14T22:13:20.500000Z\",\"uptime\":3.000,"
	    "\"phase\":\"draining\",\"version\":\"" PACKAGE_VERSION
	    "\",\"generation\":4,"
	    "\"totals\":{\"accepted\":45,\"connections\":3,\"requests\":18,"
	    "\"asleep\":2,\"sent\":50,\"received\":100,\"refused\":3,"
	    "\"faults\":6,\"log_dropped\":0,\"keys_evicted\":0},"
	    "\"late\":{\"count\":1,\"p50\":1,\"p99\":1,\"max\":1},"
	    "\"workers\":[{\"worker\":0,\"accepted\":5,\"connections\":3,"
	    "\"requests\":11,\"asleep\":2,\"load\":0.250,\"lag\":5,"
	    "\"turned\":20.0},"
	    "{\"worker\":1,\"accepted\":40,\"connections\":0,\"requests\":7,"
	    "\"asleep\":0,\"load\":null,\"lag\":null,\"turned\":null}],"
	    "\"pools\":[{\"name\":\"db\",\"slots\":2,\"used\":0,\"queue\":1,"
	    "\"queued\":0,\"waited\":0,\"refused\":0},"
	    "{\"name\":\"q\",\"slots\":3,\"used\":0,\"queue\":0,"
	    "\"queued\":0,\"waited\":0,\"refused\":0}]}>");
	snapshot_end(&snapshot);
}

/* What was counted before one began to watch is not told as new, nor what the
 * snapshot before has told; totals go on. */
static void
test_deltas(void **state)
{
	struct administering *a = *state;
	struct snapshot snapshot;
	const char *text;

	histogram_add(&a->stats[1].late, 5 * CLOCK_S);
	histogram_add(&a->stats[1].lag, 5 * CLOCK_S);
	stats_set(&a->stats[1].cpu, 100 * CLOCK_S);
	stats_add(&a->stats[1].sent, 7);
	begin(a, &snapshot);
	text = take(&snapshot, CLOCK_S, NULL);
	assert_says(text, "\"late\":{\"count\":0,\"p50\":null,\"p99\":null,"
			  "\"max\":null}");
	assert_says(text, "\"load\":null,\"lag\":null,\"turned\":null}],"
			  "\"pools\":[]");
	atomic_store(&a->stats[1].turned, 1);

	histogram_add(&a->stats[0].late, CLOCK_MS);
	histogram_add(&a->stats[1].late, 9 * CLOCK_MS);
	histogram_add(&a->stats[1].lag, 4 * CLOCK_MS);
	stats_set(&a->stats[1].cpu, 101 * CLOCK_S);
	stats_add(&a->stats[1].sent, 1);
	text = take(&snapshot, 3 * CLOCK_S, NULL);
	assert_says(text,
	    "\"late\":{\"count\":2,\"p50\":1,\"p99\":10,\"max\":10}");
	assert_says(text, "\"load\":0.500,\"lag\":5,");
	assert_says(text, "\"sent\":8,");

	text = take(&snapshot, 4 * CLOCK_S, NULL);
	assert_says(text, "\"late\":{\"count\":0,");
	assert_says(text, "\"load\":0.000,\"lag\":null,\"turned\":");
	assert_says(text, "\"sent\":8,");
	snapshot_end(&snapshot);
}

/* So many sleeps were late by less than 20 us, by 1 ms and by 1 min. */
static void
test_quantiles(void **state)
{
	static const struct {
		unsigned early, late, latest;
		const char *told;
	} rows[] = {
		{ 1, 0, 0, "\"p50\":0.02,\"p99\":0.02,\"max\":0.02}" },
		{ 1, 1, 0, "\"p50\":0.02,\"p99\":1,\"max\":1}" },
		{ 1, 2, 0, "\"p50\":1,\"p99\":1,\"max\":1}" },
		{ 99, 1, 0, "\"p50\":0.02,\"p99\":0.02,\"max\":1}" },
		{ 98, 2, 0, "\"p50\":0.02,\"p99\":1,\"max\":1}" },
		{ 49, 51, 0, "\"p50\":1,\"p99\":1,\"max\":1}" },
		{ 50, 50, 0, "\"p50\":0.02,\"p99\":1,\"max\":1}" },
		{ 990, 9, 1, "\"p50\":0.02,\"p99\":0.02,\"max\":10000}" },
		{ 0, 0, 3, "\"p50\":10000,\"p99\":10000,\"max\":10000}" },
	};
	struct administering *a = *state;
	struct snapshot snapshot;

	begin(a, &snapshot);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned n = 0; n < rows[i].early; n++)
			histogram_add(&a->stats[n % 2].late, n % 20);
		for (unsigned n = 0; n < rows[i].late; n++)
			histogram_add(&a->stats[n % 2].late, CLOCK_MS);
		for (unsigned n = 0; n < rows[i].latest; n++)
			histogram_add(&a->stats[n % 2].late, 60 * CLOCK_S);
		assert_says(take(&snapshot, (int64_t)(i + 1) * CLOCK_S, NULL),
		    rows[i].told);
	}
	snapshot_end(&snapshot);
}

/* Two at once, and no time between: no load, rather than one without bounds. */
static void
test_at_once(void **state)
{
	struct administering *a = *state;
	struct snapshot snapshot;

	begin(a, &snapshot);
	stats_set(&a->stats[0].cpu, CLOCK_S);
	atomic_store(&a->stats[0].turned, 1);
	assert_says(take(&snapshot, 0, NULL), "\"load\":0.000");
	snapshot_end(&snapshot);
}

/* ---- the stream of them ---- */

/* Asserts that an event comes next, at a time, and then nothing for so long. */
static void
assert_event(struct administering *a, int64_t at, int64_t every)
{
	struct piece piece;

	a->asking->moment.now = at;
	piece = asking_next(a->asking);
	assert_int_equal(piece.kind, PIECE_LENT);
	assert_memory_equal(piece.bytes.data, "data: {", 7);
	assert_memory_equal(piece.bytes.data + piece.bytes.size - 3, "}\n\n",
	    3);
	for (int i = 0; i < 2; i++) {
		a->asking->moment.now = at + i * (every - 1);
		piece = asking_next(a->asking);
		assert_int_equal(piece.kind, PIECE_UNTIL);
		assert_int_equal(piece.until, at + every);
	}
}

/* The first one comes at once, the others by `every`, and late ones shift those that
 * follow. */
static void
test_events(void **state)
{
	static const struct {
		const char *query;
		int64_t every;
	} rows[] = {
		{ "", CLOCK_S },
		{ "?every=100ms", 100 * CLOCK_MS },
		{ "?every=2.5s", 2500 * CLOCK_MS },
		{ "?every=1m", 60 * CLOCK_S },
	};
	struct administering *a = *state;
	char request[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t now = a->asking->moment.now, every = rows[i].every;

		snprintf(request, sizeof(request),
		    "GET /events%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		    rows[i].query);
		asking_begin(a->asking, request);
		assert_int_equal(asking_next(a->asking).kind, PIECE_BYTES);
		assert_event(a, now, every);
		assert_event(a, now + every, every);
		assert_event(a, now + 5 * every / 2, every);
		asking_end(a->asking);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ADMINISTERING_TEST(test_whole),
		ADMINISTERING_TEST(test_deltas),
		ADMINISTERING_TEST(test_quantiles),
		ADMINISTERING_TEST(test_at_once),
		ADMINISTERING_TEST(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
