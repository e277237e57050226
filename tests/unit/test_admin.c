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
#include "http/parser.h"
#include "server/journal.h"
#include "server/petition.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
assert_body(struct administering *a, const char *target, unsigned status,
    const char *wanted)
{
	const char *body = administering_get(a, target, "", status);

	if (strcmp(body, wanted) != 0)
		fail_msg("%s: %s", target, body);
}

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
	assert_body(a, "/readyz", 503, "starting\n");
	a->phase = SERVER_SERVING;
	assert_body(a, "/readyz", 200, "ok\n");
	a->phase = SERVER_DRAINING;
	assert_body(a, "/readyz", 503, "draining\n");
	assert_body(a, "/healthz", 200, "ok\n");
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
		assert_body(a, "/healthz", rows[i].told == NULL ? 200 : 503,
		    rows[i].told == NULL ? "ok\n" : rows[i].told);
	}
}

static void
test_workers(void **state)
{
	struct administering *a = *state;

	stats_set(&a->stats[0].accepted, 9);
	stats_set(&a->stats[0].closed, 2);
	assert_body(a, "/workers", 200,
	    "{\n  \"workers\": [\n"
	    "    {\"worker\": 0, \"accepted\": 9, \"connections\": 7},\n"
	    "    {\"worker\": 1, \"accepted\": 0, \"connections\": 0}\n"
	    "  ]\n}\n");
	assert_true(running_has(&a->answer, "Cache-Control: no-store"));
}

/* ---- the journal ---- */

/* Requests at 1.5 s, 1000.25 s and 1795892400 s (2026-11-28T19:00:00Z). */
static void
fill_journal(struct journal *journal)
{
	static const struct {
		const char *head;
		unsigned status;
		int64_t wall; /* ms */
		const char *line;
	} rows[] = {
		{ "GET /api/a HTTP/1.1\r\nHost: h\r\n\r\n", 200, 1500, "1\n" },
		{ "GET /api/b/c HTTP/1.1\r\nHost: h\r\n\r\n", 503, 1000250,
		    "2\n" },
		{ "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", 200, 1795892400000,
		    "3\n" },
	};
	static struct http_request request;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record *record;

		assert_int_equal(http_request_parse(&request,
				     span_of(rows[i].head), 0),
		    HTTP_OK);
		record = malloc(record_size(&request));
		assert_non_null(record);
		record_take(record, rows[i].wall * CLOCK_MS, 1, &request);
		journal_add(journal, record, rows[i].status,
		    span_of(rows[i].line));
		free(record);
	}
}

/* A query, and what is told: nothing of a 400. */
static const struct {
	const char *query;
	const char *told;
} request_rows[] = {
	{ "", "3\n2\n1\n" },
	{ "?limit=2", "3\n2\n" },
	{ "?status=503", "2\n" },
	{ "?path=/api/*", "1\n" },
	{ "?path=/api/**", "2\n1\n" },
	{ "?path=%2Fapi%2F**&limit=1", "2\n" },
	{ "?path=/api/**&status=200", "1\n" },
	{ "?path=/no", "" },
	/* times */
	{ "?since=1", "3\n2\n1\n" },
	{ "?since=1.5", "3\n2\n1\n" },
	{ "?since=1.51", "3\n2\n" },
	{ "?since=1000.25", "3\n2\n" },
	{ "?since=1000.26", "3\n" },
	{ "?since=0", "3\n2\n1\n" },
	{ "?since=1970-01-01T00:00:01.5Z", "3\n2\n1\n" },
	{ "?since=1970-01-01T00:00:01.500001Z", "3\n2\n" },
	{ "?since=1970-01-01T00:16:40Z", "3\n2\n" },
	{ "?since=1970-01-01T00:16:41Z", "3\n" },
	{ "?since=2026-11-28T19:00:00Z", "3\n" },
	{ "?since=2026-11-28T19%3A00%3A00Z", "3\n" },
	{ "?since=2026-11-28T19:00:00.000000Z", "3\n" },
	{ "?since=2026-11-28T19:00:01Z", "" },
	{ "?since=", NULL },
	{ "?since=now", NULL },
	{ "?since=-1", NULL },
	{ "?since=+1", NULL },
	{ "?since=1e3", NULL },
	{ "?since=0x10", NULL },
	{ "?since=nan", NULL },
	{ "?since=inf", NULL },
	{ "?since=1.2.3", NULL },
	{ "?since=10000000000", NULL },
	{ "?since=2026-11-28", NULL },
	{ "?since=2026-11-28T19:00:00", NULL },
	{ "?since=2026-11-28T19:00:00Zx", NULL },
	{ "?since=2026-11-28T19:00:00+01:00", NULL },
	{ "?since=2026-13-28T19:00:00Z", NULL },
	{ "?since=2026-11-28T25:00:00Z", NULL },
	{ "?since=2026-11-28T19:00:00.000000000000000000000000Z", NULL },
	{ "?path=", NULL },
	{ "?path=api", NULL },
	{ "?status=99", NULL },
	{ "?status=1000", NULL },
	{ "?status=x", NULL },
	{ "?limit=0", NULL },
	{ "?limit=100001", NULL },
	/* one may write it in many ways, and none of them means more */
	{ "?since=1.500000001", "3\n2\n" },
	{ "?since=1.5000000000", NULL },
	{ "?since=1970-01-01T00:00:01.500000000Z", "3\n2\n1\n" },
	{ "?since=1970-01-01T00:00:01.500000001Z", "3\n2\n" },
	{ "?since=1970-01-01T00:16:60Z", "3\n" }, /* a leap second */
	{ "?since=1972-02-29T00:00:00Z", "3\n" },
	{ "?since=2261-07-15T11:33:19Z", "" },
	{ "?since=9199999999.999999999", "" },
	{ "?since=9200000000", NULL },
	{ "?since=2261-07-15T11:33:20Z", NULL },
	{ "?since=1969-12-31T23:59:59Z", NULL },
	{ "?since=1971-02-29T00:00:00Z", NULL },
	{ "?since=2026-11-31T00:00:00Z", NULL },
	{ "?since=2026-11-00T00:00:00Z", NULL },
	{ "?since=2026-00-28T00:00:00Z", NULL },
	{ "?since=2026-11-28T24:00:00Z", NULL },
	{ "?since=2026-11-28T19:60:00Z", NULL },
	{ "?since=2026-11-28T19:00:61Z", NULL },
	{ "?since=2026-11-28T19:00:00.1e300Z", NULL },
	{ "?since=2026-11-28T19:00:00.1e3Z", NULL },
	{ "?since=2026-11-28T19:00:00.0x1p5Z", NULL },
	{ "?since=2026-11-28T19:00:00.Z", NULL },
	{ "?since=2026-11-28T19:00:00.1.2Z", NULL },
	{ "?since=2026-11-28T19:00:00.1234567890Z", NULL },
	{ "?since=2026-11-28T19:00:00.1", NULL },
	{ "?since=2026-11-28t19:00:00z", NULL },
	{ "?since=%202026-%2011-28T19:00:00Z", NULL },
	{ "?since=2026-%2011-28T19:00:00Z", NULL },
	{ "?since=2026-11-28T19:00:+0Z", NULL },
	{ "?since=+2026-11-28T19:00:00Z", NULL },
	{ "?since=02026-11-28T19:00:00Z", NULL },
	{ "?since=2026-1-28T19:00:00Z", NULL },
	{ "?since=2026-11-28T19:00Z", NULL },
	{ "?since=2026-11-28T19:00:0", NULL },
	{ "?since=2026-11-28T19:00:00Z%00", NULL },
	{ "?since=0%00", NULL },
	{ "?since=%201", NULL },
	{ "?since=1%20", NULL },
	{ "?since=1.", NULL },
	{ "?since=.5", NULL },
	{ "?since=.", NULL },
	{ "?since=99999999999999999999", NULL },
	/* what is no filter must not find all */
	{ "?", "3\n2\n1\n" },
	{ "?stauts=503", NULL },
	{ "?status", NULL },
	{ "?path=/x&since", NULL },
	{ "?status=503&status=503", NULL },
	{ "?limit=2&limit=1", NULL },
	{ "?every=1s", NULL },
};

/* Asserts what is told, in chunks. */
static void
assert_lines(struct administering *a, const char *target, const char *wanted)
{
	size_t size;
	char *lines;

	(void)administering_get(a, target, "", 200);
	assert_true(running_has(&a->answer, "Transfer-Encoding: chunked"));
	lines = running_decode(&a->answer, &size, true);
	if (!span_equal((struct span){ lines, size }, span_of(wanted)))
		fail_msg("%s: %.*s", target, (int)size, lines);
	free(lines);
}

static void
test_requests(void **state)
{
	struct administering *a = *state;
	char target[256];

	a->clients.journal = journal_new(9, UINT64_MAX);
	fill_journal(a->clients.journal);
	for (size_t i = 0; i < COUNT(request_rows); i++) {
		const char *told = request_rows[i].told;

		snprintf(target, sizeof(target), "/requests%s",
		    request_rows[i].query);
		if (told == NULL) {
			(void)administering_get(a, target, "", 400);
			continue;
		}
		assert_lines(a, target, told);
		assert_true(running_has(&a->answer,
		    "Content-Type: application/x-ndjson"));
		assert_true(running_has(&a->answer, "Cache-Control: no-store"));
	}
	running_ask(&a->answer, a->asking,
	    "DELETE /requests HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_memory_equal(a->answer.bytes, "HTTP/1.1 204", 12);
	assert_lines(a, "/requests", "");
	journal_free(a->clients.journal);
}

/* What a DELETE would leave is not chosen by a query. */
static void
test_requests_forgotten(void **state)
{
	static const char *const queries[] = { "?path=/api/a", "?status=503",
		"?x", "?&" };
	struct administering *a = *state;
	char request[256];

	a->clients.journal = journal_new(9, UINT64_MAX);
	fill_journal(a->clients.journal);
	for (size_t i = 0; i < COUNT(queries); i++) {
		snprintf(request, sizeof(request),
		    "DELETE /requests%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		    queries[i]);
		running_ask(&a->answer, a->asking, request);
		assert_memory_equal(a->answer.bytes, "HTTP/1.1 400", 12);
		assert_non_null(strstr(a->answer.body, "DELETE forgets all"));
		assert_lines(a, "/requests", "3\n2\n1\n");
	}
	journal_free(a->clients.journal);
}

/* How the content ends, by who asks. */
static void
test_requests_framed(void **state)
{
	struct administering *a = *state;

	a->clients.journal = journal_new(9, UINT64_MAX);
	fill_journal(a->clients.journal);
	assert_lines(a, "/requests", "3\n2\n1\n");
	assert_true(a->answer.keep);
	running_ask(&a->answer, a->asking, "GET /requests HTTP/1.0\r\n\r\n");
	assert_string_equal(a->answer.body, "3\n2\n1\n");
	assert_null(strstr(a->answer.bytes, "Transfer-Encoding"));
	assert_null(strstr(a->answer.bytes, "Content-Length"));
	assert_false(a->answer.keep);
	running_ask(&a->answer, a->asking,
	    "HEAD /requests HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_true(running_has(&a->answer, "Transfer-Encoding: chunked"));
	assert_int_equal(a->answer.body_size, 0);
	assert_true(a->answer.keep);
	journal_free(a->clients.journal);
}

/* Adds so many requests with this line. */
static void
add_lines(struct journal *journal, int count, struct span line)
{
	struct record *record = malloc(record_size(NULL));

	assert_non_null(record);
	record_take(record, 0, 1, NULL);
	for (int i = 0; i < count; i++)
		journal_add(journal, record, 200, line);
	free(record);
}

/* Others have their turn after each page; and what the client has not taken yet is one
 * page. */
static void
test_requests_by_and_by(void **state)
{
	static const char head[] =
	    "GET /requests?limit=100000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct administering *a = *state;
	char *line = malloc(5000);
	size_t told = 0, since_turn = 0, turns = 0;
	struct piece piece;

	assert_non_null(line);
	memset(line, 'a', 5000);
	a->clients.journal = journal_new(500, UINT64_MAX);
	add_lines(a->clients.journal, 500, (struct span){ line, 5000 });
	asking_begin(a->asking, head);
	(void)asking_next(a->asking);
	while (piece = asking_next(a->asking), piece.kind != PIECE_END) {
		if (piece.kind == PIECE_TURN) {
			turns++;
			since_turn = 0;
			continue;
		}
		assert_true(piece_has_bytes(&piece));
		since_turn += piece.bytes.size;
		assert_true(since_turn < sizeof(struct journal_page) + 64);
		if (piece.kind == PIECE_LENT)
			told += piece.bytes.size;
	}
	assert_int_equal(told, 500 * 5000);
	assert_in_range(turns, told / sizeof(struct journal_page), 500);
	asking_end(a->asking);
	free(line);
	journal_free(a->clients.journal);
}

/* A look is over when its time is, whatever it has found. */
static void
test_requests_in_vain(void **state)
{
	static const char head[] =
	    "GET /requests?status=404 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct administering *a = *state;
	size_t turns = 0;
	struct piece piece;

	a->clients.journal = journal_new(20000, UINT64_MAX);
	add_lines(a->clients.journal, 20000, SPAN("a"));
	fake_clock_set(CLOCK_S);
	fake_clock_tick(CLOCK_US); /* for each entry */
	asking_begin(a->asking, head);
	(void)asking_next(a->asking);
	while (piece = asking_next(a->asking), piece.kind == PIECE_TURN)
		turns++;
	fake_clock_tick(0);
	assert_in_range(turns, 75, 85);            /* of 250 us each */
	assert_int_equal(piece.kind, PIECE_BYTES); /* the last chunk */
	assert_int_equal(piece.bytes.size, 5);
	asking_end(a->asking);
	journal_free(a->clients.journal);
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

/* ---- rules ---- */

static void
test_rules_told(void **state)
{
	struct administering *a = *state;
	char tag[64];

	assert_body(a, "/rules", 200, "");
	administering_rule(a, "# one\n/a delay=1s\n");
	assert_body(a, "/rules", 200, "# one\n/a delay=1s\n");
	snprintf(tag, sizeof(tag), "ETag: \"%016llx\"",
	    (unsigned long long)rules_tag(a->asking->app.rules));
	assert_true(running_has(&a->answer, tag));
}

/* Begins a request for /rules, with a text, and has it be
 * settled once. */
static void
ask_rules(struct administering *a, const char *method, const char *fields,
    const char *text)
{
	struct http_request *request = calloc(1, sizeof(*request));
	char head[512];
	size_t used;
	struct piece piece;

	assert_non_null(request);
	snprintf(head, sizeof(head),
	    "%s /rules HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, fields);
	asking_begin(a->asking, head);
	assert_int_equal(http_request_parse(request, span_of(head), 0),
	    HTTP_OK);
	if (exchange_begin_body(&a->asking->exchange, &a->asking->host, request,
		false) == EXCHANGE_RECEIVE)
		(void)exchange_take_body(&a->asking->exchange, span_of(text),
		    &used);
	free(request);
	piece = asking_next(a->asking);
	assert_int_equal(piece.kind, PIECE_UNTIL);
	assert_true(piece.until > a->asking->moment.now);
}

/* Returns the petition that is asked, which the caller owns from now on. */
static struct petition *
take_petition(struct administering *a)
{
	struct petition *petition = a->petition;

	if (petition == NULL) {
		fail_msg("none is asked");
		abort(); /* for the analyzer: fail_msg() has left */
	}
	a->petition = NULL;
	return petition;
}

/* Returns the head and the content that come now, as a string. */
static const char *
next_answer(struct administering *a)
{
	static char text[2048];
	size_t size = 0;
	struct piece piece;

	while (piece = asking_next(a->asking), piece_has_bytes(&piece)) {
		assert_true(size + piece.bytes.size < sizeof(text));
		memcpy(text + size, piece.bytes.data, piece.bytes.size);
		size += piece.bytes.size;
	}
	assert_int_equal(piece.kind, PIECE_END);
	text[size] = '\0';
	asking_end(a->asking);
	return text;
}

#define PUT_FIELDS "Content-Type: text/plain\r\nContent-Length: 12\r\n"
#define PUT_TEXT   "/a delay=1s\n"

/* What comes of a petition, and what is answered then. */
static void
test_rules_put(void **state)
{
	static const struct {
		enum petition_state end;
		const char *status, *has;
	} rows[] = {
		{ PETITION_DONE, "HTTP/1.1 204 ",
		    "ETag: \"00000000000000ab\"\r\n" },
		{ PETITION_FAULTY, "HTTP/1.1 400 ", "\r\n3:14: why\n" },
		{ PETITION_STALE, "HTTP/1.1 412 ", "other rules are in" },
		{ PETITION_OVERTAKEN, "HTTP/1.1 409 ", "a reload" },
		{ PETITION_REFUSED, "HTTP/1.1 503 ", "not today" },
	};
	struct administering *a = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct petition *petition;
		const char *answer;

		ask_rules(a, "PUT", PUT_FIELDS, PUT_TEXT);
		petition = take_petition(a);
		assert_int_equal(petition->size, 12);
		assert_memory_equal(petition->text, PUT_TEXT, 12);
		assert_false(petition->expects);
		assert_int_equal(asking_next(a->asking).kind, PIECE_UNTIL);
		petition->tag = 0xab;
		petition->why = "not today";
		petition->fault = (struct rules_fault){ 3, 14, "why" };
		petition_end(petition, rows[i].end);
		petition_release(petition);
		answer = next_answer(a);
		if (strstr(answer, rows[i].status) != answer ||
		    strstr(answer, rows[i].has) == NULL)
			fail_msg("%s", answer);
		assert_non_null(strstr(answer, "Cache-Control: no-store\r\n"));
	}
}

/* The content of a DELETE says nothing. */
static void
test_rules_restored(void **state)
{
	struct administering *a = *state;
	struct petition *petition;

	ask_rules(a, "DELETE", PUT_FIELDS, PUT_TEXT);
	petition = take_petition(a);
	assert_null(petition->text);
	petition_release(petition);
	asking_end(a->asking);
}

/* Nobody waits for ever for workers that do not turn. */
static void
test_rules_late(void **state)
{
	struct administering *a = *state;
	struct petition *petition;

	ask_rules(a, "PUT", PUT_FIELDS, PUT_TEXT);
	petition = take_petition(a);
	a->asking->moment.now += 15 * CLOCK_S - CLOCK_MS;
	assert_int_equal(asking_next(a->asking).kind, PIECE_UNTIL);
	a->asking->moment.now += CLOCK_MS;
	assert_non_null(strstr(next_answer(a), "not all workers serve"));
	petition_release(petition);

	a->petition = petition_new(NULL, 0); /* another one */
	ask_rules(a, "PUT", PUT_FIELDS, PUT_TEXT);
	a->asking->moment.now += 16 * CLOCK_S;
	assert_non_null(strstr(next_answer(a), "nothing has changed"));
	petition_release(take_petition(a));
}

/* Who asks while another one is heard asks again; who leaves meanwhile lets the
 * petition go. */
static void
test_rules_busy(void **state)
{
	struct administering *a = *state;
	struct petition *other = petition_new(NULL, 0), *petition;

	a->petition = petition_hold(other);
	ask_rules(a, "DELETE", "", "");
	assert_ptr_equal(a->petition, other);
	petition_release(take_petition(a));
	assert_int_equal(asking_next(a->asking).kind, PIECE_UNTIL);
	petition = take_petition(a);
	assert_null(petition->text); /* those of the command line */
	asking_end(a->asking);
	assert_int_equal(petition_state(petition), PETITION_ASKED);
	petition_release(petition);

	a->petition = other;
	ask_rules(a, "PUT", PUT_FIELDS, PUT_TEXT); /* one is heard still */
	asking_end(a->asking);
}

/* A DELETE with such an If-Match is refused at once. */
static void
assert_unexpected(struct administering *a, const char *value)
{
	char request[256];

	snprintf(request, sizeof(request),
	    "DELETE /rules HTTP/1.1\r\nHost: localhost\r\n"
	    "If-Match: %s\r\n\r\n",
	    value);
	running_ask(&a->answer, a->asking, request);
	if (strstr(a->answer.bytes, "HTTP/1.1 412") == NULL)
		fail_msg("%s: %.40s", value, a->answer.bytes);
	assert_null(a->petition);
}

/* If-Match has the tag of the rules in force among others, or any. */
static void
test_rules_expected(void **state)
{
	/* around the tag of the rules in force */
	static const struct {
		const char *before, *behind;
	} listed[] = { { "", "" }, { "\"cd\" ,", "" },
		{ "\"cd\"\r\nIf-Match: ", "" } },
	  refused[] = { { "W/", "" }, { "\"0", "" }, { "", "0" },
		  { "", ", ab" } };
	static const char *const others[] = { "", "\"\"", "\"", "ab",
		"\"ab\"" };
	struct administering *a = *state;
	char fields[128], tag[32];
	uint64_t in_force = rules_tag(a->asking->app.rules);

	snprintf(tag, sizeof(tag), "\"%016" PRIx64 "\"", in_force);
	for (size_t i = 0; i < COUNT(listed); i++) {
		struct petition *petition;

		snprintf(fields, sizeof(fields), "If-Match: %s%s%s\r\n",
		    listed[i].before, tag, listed[i].behind);
		ask_rules(a, "DELETE", fields, "");
		petition = take_petition(a);
		assert_true(petition->expects);
		assert_true(petition->expected == in_force);
		petition_release(petition);
		asking_end(a->asking);
	}
	ask_rules(a, "DELETE", "If-Match: *\r\n", "");
	assert_false(a->petition->expects);
	petition_release(take_petition(a));
	asking_end(a->asking);
	for (size_t i = 0; i < COUNT(refused); i++) {
		snprintf(fields, sizeof(fields), "%s%s%s", refused[i].before,
		    tag, refused[i].behind);
		assert_unexpected(a, fields);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		assert_unexpected(a, others[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ADMINISTERING_TEST(test_paths),
		ADMINISTERING_TEST(test_ready),
		ADMINISTERING_TEST(test_healthy),
		ADMINISTERING_TEST(test_workers),
		ADMINISTERING_TEST(test_requests),
		ADMINISTERING_TEST(test_requests_forgotten),
		ADMINISTERING_TEST(test_requests_framed),
		ADMINISTERING_TEST(test_requests_by_and_by),
		ADMINISTERING_TEST(test_requests_in_vain),
		ADMINISTERING_TEST(test_parameters),
		ADMINISTERING_TEST(test_rules_told),
		ADMINISTERING_TEST(test_rules_put),
		ADMINISTERING_TEST(test_rules_restored),
		ADMINISTERING_TEST(test_rules_late),
		ADMINISTERING_TEST(test_rules_busy),
		ADMINISTERING_TEST(test_rules_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
