/* test_admin: what the paths of the operator's side answer, and to whom. */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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

/* ---- which path, method and token ---- */

static void
test_paths(void **state)
{
	static const struct {
		const char *request;
		unsigned status, with_token;
	} rows[] = {
		{ "GET /", 200, 200 },
		{ "GET /healthz", 200, 200 },
		{ "GET /readyz", 200, 200 },
		{ "HEAD /metrics", 200, 401 },
		{ "GET /config", 200, 401 },
		{ "GET /workers", 200, 401 },
		{ "GET /rules", 200, 401 },
		{ "GET /requests", 404, 401 }, /* none are kept */
		{ "GET /events?every=99ms", 400, 401 },
		{ "GET /sleepers?limit=0", 400, 401 },
		{ "GET /nothing", 404, 401 },
		{ "GET /metrics/", 404, 401 },
		{ "GET /metricsx", 404, 401 },
		{ "GET /Metrics", 404, 401 },
		{ "PUT /", 405, 405 },
		{ "PUT /rules", 415, 401 },
		{ "POST /rules", 405, 401 },
		{ "DELETE /metrics", 405, 401 },
		{ "PUT /requests", 405, 401 },
		{ "BREW /metrics", 405, 401 },
		{ "OPTIONS /nothing", 404, 401 },
	};
	struct administering *a = *state;
	char token[] = "secret", request[128], line[32];

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const char *text = rows[i / 2].request;

		a->admin.token = i % 2 == 0 ? NULL : token;
		snprintf(request, sizeof(request),
		    "%s HTTP/1.1\r\nHost: localhost\r\n\r\n", text);
		running_ask(&a->answer, a->asking, request);
		snprintf(line, sizeof(line), "HTTP/1.1 %u ",
		    i % 2 == 0 ? rows[i / 2].status : rows[i / 2].with_token);
		if (strncmp(a->answer.bytes, line, strlen(line)) != 0)
			fail_msg("%s: %.60s", text, a->answer.bytes);
		assert_int_equal(strncmp(line, "HTTP/1.1 401", 12) == 0,
		    running_has(&a->answer,
			"WWW-Authenticate: Bearer realm=\"mtasync\""));
		assert_int_equal(a->asking->exchange.answer.message.handler,
		    HANDLER_ADMIN);
	}
}

/* ---- how the server is ---- */

static void
test_ready(void **state)
{
	struct administering *a = *state;

	a->phase = SERVER_STARTING;
	administering_says(a, "/readyz", 503, "starting\n");
	a->phase = SERVER_SERVING;
	administering_says(a, "/readyz", 200, "ok\n");
	a->phase = SERVER_DRAINING;
	administering_says(a, "/readyz", 503, "draining\n");
	administering_says(a, "/healthz", 200, "ok\n");
}

#define NOW (5000 * CLOCK_S)

/* When two workers have turned; what is told of those who have not for 2 s, and have
 * a tick; NULL: they are well. */
static void
test_healthy(void **state)
{
	static const struct {
		int64_t turned[ADMINISTERING_WORKERS];
		const char *told;
	} rows[] = {
		{ { 0, 0 }, NULL },
		{ { NOW, NOW + CLOCK_S }, NULL },
		{ { NOW - 2 * CLOCK_S, 0 }, NULL },
		{ { NOW - 2 * CLOCK_S - 1, NOW },
		    "worker 0 has not turned for 2.000 s\n" },
		{ { NOW - CLOCK_S, NOW - 3600 * CLOCK_S },
		    "worker 1 has not turned for 3600.000 s\n" },
		{ { NOW - 2015 * CLOCK_MS, NOW - 20 * CLOCK_S },
		    "worker 0 has not turned for 2.015 s\n"
		    "worker 1 has not turned for 20.000 s\n" },
	};
	struct administering *a = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		fake_clock_set(NOW); /* until the answer's end */
		for (int w = 0; w < ADMINISTERING_WORKERS; w++)
			atomic_store(&a->stats[w].turned, rows[i].turned[w]);
		administering_says(a, "/healthz",
		    rows[i].told == NULL ? 200 : 503,
		    rows[i].told == NULL ? "ok\n" : rows[i].told);
	}
}

static void
test_workers(void **state)
{
	struct administering *a = *state;

	stats_set(&a->stats[0].accepted, 9);
	stats_set(&a->stats[0].closed, 2);
	stats_set(&a->stats[0].served, 3);
	stats_set(&a->stats[0].cut, 4);
	stats_set(&a->stats[0].asleep, 5);
	stats_set(&a->stats[0].received, 6);
	stats_set(&a->stats[0].sent, 8);
	stats_set(&a->stats[0].backlog, 10);
	stats_set(&a->stats[0].cpu, 11 * CLOCK_MS);
	fake_clock_set(clock_now());
	atomic_store(&a->stats[0].turned, clock_now() - 12 * CLOCK_MS);
	administering_says(a, "/workers", 200,
	    "{\n  \"workers\": [\n"
	    "    {\"worker\": 0, \"accepted\": 9, \"connections\": 7, "
	    "\"served\": 3, \"cut\": 4, \"asleep\": 5, \"received\": 6, "
	    "\"sent\": 8, \"queued_to_accept\": 10, \"cpu_ms\": 11, "
	    "\"turned_ms\": 12},\n"
	    "    {\"worker\": 1, \"accepted\": 0, \"connections\": 0, "
	    "\"served\": 0, \"cut\": 0, \"asleep\": 0, \"received\": 0, "
	    "\"sent\": 0, \"queued_to_accept\": 0, \"cpu_ms\": 0, "
	    "\"turned_ms\": 0}\n"
	    "  ]\n}\n");
	assert_true(running_has(&a->answer, "Cache-Control: no-store"));
}

/* The others that have parameters refuse what is none likewise. */
static void
test_parameters(void **state)
{
	static const char *const targets[] = { "/events?evry=1s",
		"/events?every", "/events?every=1s&every=1s",
		"/sleepers?limt=1", "/sleepers?limit",
		"/sleepers?limit=1&limit=2", "/sleepers?status=503",
		"/events?limit=1" };
	struct administering *a = *state;

	for (size_t i = 0; i < COUNT(targets); i++)
		(void)administering_get(a, targets[i], "", 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ADMINISTERING_TEST(test_paths),
		ADMINISTERING_TEST(test_ready),
		ADMINISTERING_TEST(test_healthy),
		ADMINISTERING_TEST(test_workers),
		ADMINISTERING_TEST(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
