/* test_metrics: all that /metrics says of known counters, in both formats. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "administering.h"
#include "app/message.h"
#include "app/pools.h"
#include "app/rules.h"
#include "base/clock.h"
#include "metrics_text.h"
#include "server/deadline_kind.h"

#define PLAIN "text/plain; version=0.0.4; charset=utf-8"
#define OPEN  "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Each worker's counters: of the first all differ, the second one has nothing. */
static void
count(struct stats *stats)
{
	stats_add(&stats->accepted, 12);
	stats_add(&stats->closed, 9);
	stats_add(&stats->cut, 8);
	stats_add(&stats->ordinary, 1000);
	for (unsigned h = 0; h < STATS_HANDLERS; h++)
		for (unsigned c = 0; c < STATS_CLASSES; c++)
			stats_add(&stats->requests[h][c], 10 * (h + 1) + c);
	stats_add(&stats->received, UINT64_MAX);
	stats_add(&stats->sent, 654321);
	for (unsigned i = 0; i < STATS_REFUSALS; i++)
		stats_add(&stats->refusals[i], 100 + i);
	for (unsigned i = 0; i < STATS_FAULTS; i++)
		stats_add(&stats->faults[i], 200 + i);
	for (unsigned i = 0; i < STATS_UNPROXIED; i++)
		stats_add(&stats->unproxied[i], 700 + i);
	for (unsigned i = 0; i < STATS_SHAKES; i++)
		stats_add(&stats->shakes[i], 400 + i);
	for (unsigned i = 0; i < DEADLINE_KINDS; i++)
		stats_add(&stats->waiting[i], 300 + i);
	stats_add(&stats->asleep, 17);
	stats_add(&stats->backlog, 18);
	stats_add(&stats->overflows, 19);
	histogram_add(&stats->duration, 20 * CLOCK_US);
	histogram_add(&stats->duration, 30 * CLOCK_MS);
	histogram_add(&stats->late, CLOCK_MS);
	histogram_add(&stats->late, 100 * CLOCK_S);
	histogram_add(&stats->lag, -1);
	histogram_add(&stats->shake, 3 * CLOCK_MS);
}

/* Writes the text that is awaited: in it, `@` stands for what counters' families have
 * at the end of their names in the plain format alone, and a line that begins with
 * `p` or `o` is one of the plain or of the open format. */
static void
write_wanted(char *out, bool open)
{
	for (const char *line = metrics_text; *line != '\0';) {
		const char *end = strchr(line, '\n') + 1;
		bool left_out = *line == (open ? 'p' : 'o');

		for (line += 1; line < end; line++)
			if (left_out)
				continue;
			else if (*line != '@')
				*out++ = *line;
			else if (!open)
				out = stpcpy(out, "_total");
	}
	*out = '\0';
}

/* Fails with the first line that differs. */
static void
assert_text(const char *text, const char *wanted)
{
	size_t line = 0;

	for (size_t i = 0; text[i] == wanted[i]; i++) {
		if (text[i] == '\0')
			return;
		if (text[i] == '\n')
			line = i + 1;
	}
	fail_msg("%.*s, not %.*s", (int)strcspn(text + line, "\n"), text + line,
	    (int)strcspn(wanted + line, "\n"), wanted + line);
}

/* Cuts off what is told of the process, whose numbers nobody knows; returns it. */
static char *
cut_process(char *text)
{
	char *process = strstr(text, "# HELP process_");

	assert_non_null(process);
	*process = '\0';
	return process + 1;
}

static void
check_text(struct administering *a, bool open)
{
	static char wanted[sizeof(metrics_text) * 2];
	char *process, *body;

	write_wanted(wanted, open);
	(void)administering_get(a, "/metrics",
	    open ? "Accept: application/openmetrics-text\r\n" : "", 200);
	assert_true(running_has(&a->answer,
	    open ? "Content-Type: " OPEN : "Content-Type: " PLAIN));
	body = strstr(a->answer.bytes, "\r\n\r\n") + 4;
	process = cut_process(body);
	assert_text(body, wanted);
	assert_non_null(strstr(process, "\nprocess_cpu_seconds_total "));
	assert_non_null(
	    strstr(process, "\nprocess_start_time_seconds 1700000000.5\n"));
	assert_non_null(strstr(process, "\nprocess_max_fds "));
	assert_null(strstr(process, "process_resident")); /* nothing to read */
	assert_int_equal(strstr(process, "# EOF\n") != NULL, open);
	if (open)
		assert_string_equal(process + strlen(process) - 6, "# EOF\n");
}

static void
test_text(void **state)
{
	struct administering *a = *state;
	struct pool_waker waker;
	struct pool_ticket *tickets[4];

	a->admin.started = 1700000000 * CLOCK_S + CLOCK_S / 2;
	a->generation = 3;
	totals_limit(&a->side.totals, 77, 55);
	administering_rule(a,
	    "pool=db:slots=2,queue=1\npool=b-2:slots=9\n/x pool=db\n");
	pools_apply(rules_pools(a->asking->app.rules));
	pool_waker_init(&waker, NULL);
	for (int i = 0; i < 4; i++) {
		tickets[i] = pool_ticket_new(
		    pools_get(rules_pools(a->asking->app.rules), 0));
		(void)pool_enter(tickets[i], &waker, NULL);
	}
	count(&a->stats[0]);
	check_text(a, false);
	check_text(a, true);
	for (int i = 3; i >= 0; i--)
		pool_ticket_free(tickets[i]);
	pool_waker_fini(&waker);
}

/* How the busiest worker stands to the others, by open connections. */
static void
test_imbalance(void **state)
{
	static const struct {
		uint64_t accepted[ADMINISTERING_WORKERS];
		const char *told;
	} rows[] = {
		{ { 0, 0 }, "\nmtasync_worker_imbalance 1\n" },
		{ { 5, 5 }, "\nmtasync_worker_imbalance 1\n" },
		{ { 1, 3 }, "\nmtasync_worker_imbalance 1.5\n" },
		{ { 8, 0 }, "\nmtasync_worker_imbalance 2\n" },
	};
	struct administering *a = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text;

		for (int w = 0; w < ADMINISTERING_WORKERS; w++)
			stats_set(&a->stats[w].accepted, rows[i].accepted[w]);
		text = administering_get(a, "/metrics", "", 200);
		assert_non_null(strstr(text, rows[i].told));
		assert_null(strstr(text, "mtasync_pool")); /* there is none */
	}
}

/* Which format, by Accept. */
static void
test_formats(void **state)
{
	static const struct {
		const char *accept;
		bool open;
	} rows[] = {
		{ "", false },
		{ "Accept: */*\r\n", false },
		{ "Accept: application/*\r\n", false },
		{ "Accept: text/plain\r\n", false },
		{ "Accept: application/json\r\n", false },
		{ "Accept: application/openmetrics-text\r\n", true },
		{ "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
		  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1\r\n",
		    true },
		{ "Accept: application/openmetrics-text;q=0.2,"
		  "text/plain;q=0.5\r\n",
		    false },
		{ "Accept: application/openmetrics-text;q=0\r\n", false },
		{ "Accept: text/plain, application/openmetrics-text\r\n",
		    true },
	};
	struct administering *a = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)administering_get(a, "/metrics", rows[i].accept, 200);
		if (!running_has(&a->answer, rows[i].open
						 ? "Content-Type: " OPEN
						 : "Content-Type: " PLAIN))
			fail_msg("%s", rows[i].accept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ADMINISTERING_TEST(test_text),
		ADMINISTERING_TEST(test_imbalance),
		ADMINISTERING_TEST(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
