/* test_admin_rules: rules as the operator's side tells and takes them. */
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
#include "http/parser.h"
#include "server/petition.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_rules_told(void **state)
{
	struct administering *a = *state;
	char tag[64];

	administering_says(a, "/rules", 200, "");
	administering_rule(a, "# one\n/a delay=1s\n");
	administering_says(a, "/rules", 200, "# one\n/a delay=1s\n");
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
		ADMINISTERING_TEST(test_rules_told),
		ADMINISTERING_TEST(test_rules_put),
		ADMINISTERING_TEST(test_rules_restored),
		ADMINISTERING_TEST(test_rules_late),
		ADMINISTERING_TEST(test_rules_busy),
		ADMINISTERING_TEST(test_rules_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
