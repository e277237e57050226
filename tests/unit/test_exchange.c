/* Tests of server/exchange: HTTP/1.1's manners, without a connection. */
#include "config.h"

#include "server/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "asking.h"
#include "base/clock.h"
#include "http/parser.h"

/* What could not be parsed, or never came whole. */
static void
test_refused_request(void **state)
{
	struct asking *asking = *state;
	struct http_request request = { 0 };
	const char *head;

	exchange_refuse(&asking->exchange, &asking->host, NULL, NULL,
	    &(struct exchange_fault){ 408, "too slow" });
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 408 Request Timeout\r\n", 30);
	assert_non_null(strstr(head, "Connection: close\r\n"));
	assert_non_null(
	    strstr(head, "\r\n\r\n408 Request Timeout: too slow\n"));
	assert_true(exchange_must_linger(&asking->exchange, false, false, 1));
	asking_assert_end(asking, false);

	assert_int_equal(http_request_parse(&request,
			     SPAN("HEAD / HTTP/1.1\r\nHost : a\r\n\r\n"), 0),
	    HTTP_BAD);
	exchange_refuse(&asking->exchange, &asking->host, "peer", &request,
	    &(struct exchange_fault){ request.status, request.fault });
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 400", 12);
	assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
	asking_assert_end(asking, false);
}

/* Of a request with a body: what is to be done, and what is answered then. */
static const struct body_row {
	const char *request;
	const char
	    *input; /* that comes, all at once; NULL: none is asked for */
	const char *status; /* of the answer */
	enum exchange_body body;
	bool ahead; /* something of it has come already */
	bool keep;
	bool lingers; /* though the client asked for the close */
} bodies[] = {
	{ REQUEST("GET", "/", "1.1", ""), NULL, "200", EXCHANGE_ANSWER, false,
	    true, true },
	{ REQUEST("GET", "/", "1.1", "Connection: close\r\n"), NULL, "200",
	    EXCHANGE_ANSWER, false, false, false },
	{ REQUEST("GET", "/", "1.1", "Content-Length: 2\r\n"), "ab", "200",
	    EXCHANGE_RECEIVE, false, true, true },
	{ REQUEST("GET", "/", "1.1", "Content-Length: 11\r\n"), NULL, "413",
	    EXCHANGE_ANSWER, false, false, true },
	{ REQUEST("GET", "/", "1.1",
	      "Connection: close\r\nContent-Length: 11\r\n"),
	    NULL, "413", EXCHANGE_ANSWER, false, false, true },
	{ REQUEST("GET", "/", "1.1",
	      "Expect: 100-continue\r\nContent-Length: 2\r\n"),
	    "ab", "200", EXCHANGE_CONTINUE, false, true, true },
	{ REQUEST("GET", "/", "1.1",
	      "Expect: 100-continue\r\nContent-Length: 2\r\n"),
	    "ab", "200", EXCHANGE_RECEIVE, true, true, true },
	{ REQUEST("POST", "/", "1.1",
	      "Expect: 100-continue\r\nContent-Length: 2\r\n"),
	    NULL, "405", EXCHANGE_ANSWER, false, false, true },
	{ REQUEST("POST", "/", "1.1", "Content-Length: 2\r\n"), "ab", "405",
	    EXCHANGE_RECEIVE, false, true, true },
	{ REQUEST("GET", "/", "1.1",
	      "Connection: close\r\nTransfer-Encoding: chunked\r\n"),
	    "x\r\n", "400", EXCHANGE_RECEIVE, false, false, true },
	{ REQUEST("GET", "/", "1.1", "Transfer-Encoding: chunked\r\n"),
	    "0\r\n\r\n", "200", EXCHANGE_RECEIVE, false, true, true },
};

static void
assert_body_row(struct asking *asking, const struct body_row *row)
{
	struct exchange *exchange = &asking->exchange;
	struct http_request request = { 0 };
	size_t used;

	print_message("# %s", row->request);
	assert_int_equal(http_request_parse(&request, span_of(row->request), 0),
	    HTTP_OK);
	exchange_begin(exchange, &asking->host, &asking_entrance, &request);
	assert_int_equal(exchange_begin_body(exchange, &asking->host, &request,
			     row->ahead),
	    row->body);
	if (row->input != NULL)
		assert_true(
		    exchange_take_body(exchange, span_of(row->input), &used));
	assert_memory_equal(asking_next_bytes(asking) + strlen("HTTP/1.1 "),
	    row->status, 3);
	assert_int_equal(exchange_must_linger(exchange, false, false, 1),
	    row->lingers);
	asking_assert_end(asking, row->keep);
}

static void
test_bodies(void **state)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		assert_body_row(*state, &bodies[i]);
}

/* A body that comes in parts, and is late in the end. */
static void
test_late_body(void **state)
{
	struct asking *asking = *state;
	struct exchange *exchange = &asking->exchange;
	struct http_request request = { 0 };
	const char *head;
	size_t used;

	assert_int_equal(http_request_parse(&request,
			     SPAN(REQUEST("GET", "/", "1.1",
				 "Content-Length: 3\r\n")),
			     0),
	    HTTP_OK);
	exchange_begin(exchange, &asking->host, &asking_entrance, &request);
	assert_int_equal(exchange_begin_body(exchange, &asking->host, &request,
			     false),
	    EXCHANGE_RECEIVE);
	assert_false(exchange_take_body(exchange, SPAN("ab"), &used));
	exchange_refuse_body(exchange, 408, "late");
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 408", 12);
	assert_null(strstr(head, "ETag"));
	asking_assert_end(asking, false);
}

/* Who asked for the close, sent nothing more, and took the little that there
 * was at once. */
static void
test_must_linger(void **state)
{
	struct asking *asking = *state;
	const struct exchange *exchange = &asking->exchange;

	asking_begin(asking,
	    REQUEST("GET", "/", "1.1", "Connection: close\r\n"));
	assert_false(exchange_must_linger(exchange, false, false, 16384));
	assert_true(exchange_must_linger(exchange, false, false, 16385));
	assert_true(exchange_must_linger(exchange, true, false, 1));
	assert_true(exchange_must_linger(exchange, false, true, 1));
	asking_end(asking);
}

/*
 * A place is taken as the exchange begins, and given back as its last wait ends,
 * or itself. One too many is answered at once, and its connection goes on.
 */
static void
test_places(void **state)
{
	struct asking *asking = *state;
	struct exchange first;
	const char *head;

	asking_begin(asking, REQUEST("GET", "/sleep/1", "1.1", ""));
	assert_int_equal(asking->totals.sleepers, 1);
	first = asking->exchange;

	asking_begin(asking, REQUEST("GET", "/sleep/1", "1.1", ""));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 503", 12);
	assert_non_null(strstr(head, "Retry-After: 1\r\n"));
	assert_null(strstr(head, "Connection"));
	assert_null(strstr(head, "Server-Timing"));
	assert_non_null(strstr(head, "503 Service Unavailable: crowded\n"));
	asking_assert_end(asking, true);
	assert_int_equal(asking->totals.sleepers, 1);

	asking_begin(asking, REQUEST("HEAD", "/sleep/1", "1.1", ""));
	head = asking_next_bytes(asking);
	assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
	asking_assert_end(asking, true);

	exchange_end(&first, &asking->host, NULL);
	assert_int_equal(asking->totals.sleepers, 0);

	asking_begin(asking, REQUEST("GET", "/sleep/1", "1.1", ""));
	asking->moment.now = asking_next(asking).until;
	assert_int_equal(asking->totals.sleepers, 1);
	asking_next_bytes(asking);
	assert_int_equal(asking->totals.sleepers, 0);
	asking_end(asking);
	assert_int_equal(asking->totals.sleepers, 0);
}

/* A sleeper whose server stops. */
static void
test_cut_sleep(void **state)
{
	struct asking *asking = *state;
	const char *head;

	asking_begin(asking, REQUEST("GET", "/sleep/1", "1.1", ""));
	assert_int_equal(asking_next(asking).kind, PIECE_UNTIL);
	assert_true(exchange_cut(&asking->exchange));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 503", 12);
	assert_non_null(strstr(head, "Retry-After: 1\r\n"));
	assert_non_null(strstr(head, "Connection: close\r\n"));
	assert_null(strstr(head, "Server-Timing"));
	assert_non_null(strstr(head,
	    "503 Service Unavailable: the server stops before this sleep has "
	    "ended\n"));
	asking_assert_end(asking, false);
}

/* Asks on to the end, or up to the first wait. */
static void
run(struct asking *asking, bool whole)
{
	enum piece_kind kind = PIECE_BYTES;

	while (kind != PIECE_END && kind != PIECE_RESET) {
		struct piece piece = asking_next(asking);

		kind = piece.kind;
		if (kind != PIECE_UNTIL && kind != PIECE_HANG)
			continue;
		assert_int_equal(asking->totals.sleepers, 1);
		if (!whole)
			return;
		asking->moment.now = piece.until;
	}
	assert_true(whole);
}

/* A hang and a pace have places, as a sleep has; and give them back at their
 * ends, or where they are left. */
static void
test_places_of_words(void **state)
{
	static const char *const requests[] = {
		REQUEST("GET", "/sleep/0?fault=hang", "1.1", ""),
		REQUEST("GET", "/sleep/0?fault=hang&after=2", "1.1", ""),
		REQUEST("GET", "/sleep/0?size=5&over=1s", "1.1", ""),
		REQUEST("GET", "/sleep/0?size=5&rate=1", "1.1", ""),
		REQUEST("GET", "/sleep/0?events=5&every=1s", "1.1", ""),
		REQUEST("GET", "/sleep/0?headrate=5", "1.1", ""),
		REQUEST("GET", "/sleep/1?at=end", "1.1", ""),
	};
	struct asking *asking = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		for (int whole = 0; whole < 2; whole++) {
			asking->moment.now = clock_now();
			asking_begin(asking, requests[i]);
			assert_int_equal(asking->totals.sleepers, 1);
			run(asking, whole);
			asking_end(asking);
			assert_int_equal(asking->totals.sleepers, 0);
		}
	}
}

/* Whether what has been decided is cut before its head, or can't be. */
static void
test_cut_words(void **state)
{
	struct asking *asking = *state;
	const char *head;

	asking_begin(asking,
	    REQUEST("GET", "/sleep/1?size=5&over=1s&at=end&interim=103", "1.1",
		""));
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 103", 12);
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 200", 12);
	assert_false(exchange_cut(&asking->exchange));
	asking_end(asking);
	asking_begin(asking,
	    REQUEST("GET", "/sleep/1?size=5&fault=hang", "1.1", ""));
	assert_int_equal(asking_next(asking).kind, PIECE_UNTIL);
	assert_true(exchange_cut(&asking->exchange));
	head = asking_next_bytes(asking);
	assert_memory_equal(head, "HTTP/1.1 503", 12);
	assert_null(strstr(head, "Mtasync"));
	asking_assert_end(asking, false);
}

/* What has begun can only be broken off. */
static void
test_cut_answer(void **state)
{
	struct asking *asking = *state;

	asking_begin(asking, REQUEST("GET", "/large", "1.1", ""));
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 200", 12);
	assert_false(exchange_cut(&asking->exchange));
	assert_int_equal(asking->exchange.answer.message.status, 200);
	asking_end(asking);
}

/* What a FIN during a wait is answered with: the first one, and those after. */
static const struct fin_row {
	const char *request;
	enum exchange_fin first;
	enum exchange_fin then;
} fins[] = {
	{ REQUEST("GET", "/sleep/1", "1.1", ""), EXCHANGE_PROBE,
	    EXCHANGE_STAY },
	{ REQUEST("HEAD", "/sleep/1", "1.1", "Connection: close\r\n"),
	    EXCHANGE_PROBE, EXCHANGE_STAY },
	{ REQUEST("GET", "/sleep/1", "1.9", ""), EXCHANGE_PROBE,
	    EXCHANGE_STAY },
	{ REQUEST("GET", "/sleep/1", "1.0", ""), EXCHANGE_STAY, EXCHANGE_STAY },
	{ REQUEST("GET", "/sleep/1", "1.0", "Connection: keep-alive\r\n"),
	    EXCHANGE_STAY, EXCHANGE_STAY },
};

static void
test_fins(void **state)
{
	struct asking *asking = *state;

	for (size_t i = 0; i < sizeof fins / sizeof fins[0]; i++) {
		const struct fin_row *row = &fins[i];
		struct exchange *exchange = &asking->exchange;

		asking_begin(asking, row->request);
		assert_int_equal(asking_next(asking).kind, PIECE_UNTIL);
		assert_int_equal(exchange_on_fin(exchange), row->first);
		assert_int_equal(exchange_on_fin(exchange), row->then);
		asking_end(asking);
	}
}

/* Behind a part of the answer, an interim response would be content. */
static void
test_fin_behind_a_part(void **state)
{
	struct asking *asking = *state;

	asking_begin(asking, REQUEST("GET", "/large", "1.1", ""));
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 200", 12);
	assert_int_equal(exchange_on_fin(&asking->exchange), EXCHANGE_LEAVE);
	asking_end(asking);
}

/* Whether what has been yielded has to leave before a wait. */
static void
test_waits_next(void **state)
{
	struct asking *asking = *state;
	struct plan *plan = &asking->exchange.answer.plan;

	asking_begin(asking, REQUEST("GET", "/large", "1.1", ""));
	*plan = (struct plan){ .count = 0 };
	plan_add(plan, ACT_HEAD);
	plan_add_wait(plan, CLOCK_MS);
	plan_add(plan, ACT_CONTENT);
	plan_add(plan, ACT_END);
	assert_false(exchange_waits_next(&asking->exchange));
	asking_next_bytes(asking);
	assert_true(exchange_waits_next(&asking->exchange));
	asking->moment.now = asking_next(asking).until;
	assert_int_equal(asking_next(asking).kind, PIECE_FILE);
	assert_false(exchange_waits_next(&asking->exchange));
	asking_assert_end(asking, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_refused_request),
		ASKING_TEST(test_bodies),
		ASKING_TEST(test_late_body),
		ASKING_TEST(test_must_linger),
		ASKING_TEST(test_places),
		ASKING_TEST(test_cut_sleep),
		ASKING_TEST(test_places_of_words),
		ASKING_TEST(test_cut_words),
		ASKING_TEST(test_cut_answer),
		ASKING_TEST(test_fins),
		ASKING_TEST(test_fin_behind_a_part),
		ASKING_TEST(test_waits_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
