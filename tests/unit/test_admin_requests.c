/* test_admin_requests: which of the last requests the operator's side tells of. */
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
#include "base/clock.h"
#include "fake_clock.h"
#include "http/parser.h"
#include "server/journal.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ADMINISTERING_TEST(test_requests),
		ADMINISTERING_TEST(test_requests_forgotten),
		ADMINISTERING_TEST(test_requests_framed),
		ADMINISTERING_TEST(test_requests_by_and_by),
		ADMINISTERING_TEST(test_requests_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
