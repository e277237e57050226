/* test_source: contents that come from elsewhere: what of the request they hear, when
 * the head is due, what they yield, and that each is freed once, however the answer
 * ends. */
#include "config.h"

#include "app/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/document.h"
#include "app/route.h"
#include "asking.h"
#include "base/clock.h"
#include "http/parser.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define LATER       (10 * CLOCK_MS)

/* ---- a source, which notes what it is asked to do ---- */

/* What it is once it is settled. */
enum become {
	STREAM, /* two pieces, a wait between, and an end */
	DOCUMENT,
	REFUSAL,
	NEVER, /* it is not settled at any time */
};

static struct fake {
	struct source source;
	enum become become;
	unsigned looks; /* how often it is to be asked before it is settled */
	unsigned step;  /* of the stream */
	char done[128];
	unsigned freed;
} fake;

static void
note(const char *what, size_t size)
{
	size_t used = strlen(fake.done);

	assert_int_equal(fake.freed, 0); /* nothing behind that */
	assert_true(used + size + 1 < sizeof(fake.done));
	memcpy(fake.done + used, what, size);
	memcpy(fake.done + used + size, " ", 2);
}

static void
fake_hear(struct source *source, struct span content)
{
	assert_ptr_equal(source, &fake.source);
	note(content.data, content.size);
}

static int64_t
fake_settle(struct source *source, struct message *message, int64_t now)
{
	struct document *document;

	assert_ptr_equal(source, &fake.source);
	note("settle", 6);
	if (fake.become == NEVER || fake.looks-- > 0)
		return now + LATER;
	if (fake.become == REFUSAL)
		message_set(message, 503, "busy");
	if (fake.become != DOCUMENT)
		return 0;
	document = malloc(sizeof(*document) + 3);
	assert_non_null(document);
	document->type = "text/made";
	document->size = 3;
	memcpy(document->data, "abc", 3);
	message_set_document(message, document);
	return 0;
}

static void
fake_next(struct source *source, int64_t now, struct piece *piece)
{
	static const char text[] = "onetwo";

	assert_ptr_equal(source, &fake.source);
	note("next", 4);
	piece->kind = PIECE_LENT;
	switch (fake.step++) {
	case 0:
		piece->bytes = (struct span){ text, 3 };
		return;
	case 1:
		piece->kind = PIECE_UNTIL;
		piece->until = now + LATER;
		return;
	case 2:
		piece->bytes = (struct span){ text + 3, 3 };
		return;
	default:
		piece->kind = PIECE_END;
	}
}

static void
fake_free(struct source *source)
{
	assert_ptr_equal(source, &fake.source);
	fake.freed++;
}

static const struct source_kind fake_kind = { "text/fake", fake_hear,
	fake_settle, fake_next, fake_free };
static const struct source_kind deaf_kind = { "text/fake", NULL, fake_settle,
	fake_next, fake_free };

/* ---- its answers ---- */

static void
route_fake(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	(void)request;
	fake.source.kind = span_equal(rest, SPAN("deaf")) ? &deaf_kind
							  : &fake_kind;
	message_set_source(&answer->message, &fake.source);
	message_set_decision(&answer->message,
	    decision_new_framing(FRAMING_CLOSE));
	answer->message.unstored = true;
}

static const struct app_route routes[] = {
	{ SPAN(""), true, true, route_fake },
	APP_ROUTES_END,
};
static const struct entrance entrance = { .routes = routes };

static void
begin(struct asking *asking, enum become become, unsigned looks,
    const char *request)
{
	fake = (struct fake){ .become = become, .looks = looks };
	asking->entrance = &entrance;
	asking_begin(asking, request);
}

#define GET  REQUEST("GET", "/", "1.1", "")
#define POST REQUEST("POST", "/", "1.1", "Content-Length: 5\r\n")

/* Asserts a wait that ends LATER, and has it be then. */
static void
assert_waits(struct asking *asking)
{
	struct piece piece = asking_next(asking);

	assert_int_equal(piece.kind, PIECE_UNTIL);
	assert_true(piece.until == asking->moment.now + LATER);
	asking->moment.now = piece.until;
}

static void
assert_lent(struct asking *asking, const char *wanted)
{
	struct piece piece = asking_next(asking);

	assert_int_equal(piece.kind, PIECE_LENT);
	assert_int_equal(piece.bytes.size, strlen(wanted));
	assert_memory_equal(piece.bytes.data, wanted, strlen(wanted));
}

static void
assert_done(const char *wanted)
{
	assert_string_equal(fake.done, wanted);
	assert_int_equal(fake.freed, 1);
}

/* Returns the head, which comes next, as a string. */
static const char *
next_head(struct asking *asking)
{
	struct piece piece = asking_next(asking);

	assert_int_equal(piece.kind, PIECE_BYTES);
	assert_ptr_equal(piece.bytes.data, asking->room);
	asking->room[piece.bytes.size] = '\0';
	return asking->room;
}

/* ---- tests ---- */

static void
test_stream(void **state)
{
	struct asking *asking = *state;
	const char *head;

	begin(asking, STREAM, 2, GET);
	assert_waits(asking);
	assert_waits(asking);
	head = next_head(asking);
	assert_non_null(strstr(head, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(head, "Content-Type: text/fake\r\n"));
	assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
	assert_null(strstr(head, "Content-Length"));
	assert_lent(asking, "one");
	assert_waits(asking);
	assert_lent(asking, "two");
	assert_int_equal(asking->exchange.answer.message.yielded, 6);
	assert_int_equal(fake.freed, 0);
	asking_assert_end(asking, false);
	assert_done("settle settle settle next next next next ");
}

/* It may become something else, which frees it at once; nobody stores that,
 * either. */
static void
test_becomes(void **state)
{
	static const struct {
		enum become become;
		unsigned looks;
		const char *status, *type, *content, *done;
	} rows[] = {
		{ DOCUMENT, 0, "HTTP/1.1 200 OK\r\n", "text/made", "abc",
		    "settle " },
		{ DOCUMENT, 2, "HTTP/1.1 200 OK\r\n", "text/made", "abc",
		    "settle settle settle " },
		{ REFUSAL, 0, "HTTP/1.1 503 Service Unavailable\r\n",
		    "text/plain", "503 Service Unavailable: busy\n",
		    "settle " },
		{ REFUSAL, 1, "HTTP/1.1 503 Service Unavailable\r\n",
		    "text/plain", "503 Service Unavailable: busy\n",
		    "settle settle " },
	};
	struct asking *asking = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct piece piece;
		const char *head;

		begin(asking, rows[i].become, rows[i].looks, GET);
		for (unsigned n = 0; n < rows[i].looks; n++)
			assert_waits(asking);
		head = next_head(asking);
		assert_done(rows[i].done);
		assert_non_null(strstr(head, rows[i].status));
		assert_non_null(strstr(head, rows[i].type));
		assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
		piece = asking_next(asking);
		assert_int_equal(piece.bytes.size, strlen(rows[i].content));
		assert_memory_equal(piece.bytes.data, rows[i].content,
		    piece.bytes.size);
		asking_end(asking);
		assert_done(rows[i].done);
	}
}

/* A client leaves: before the head, behind it, in the stream. */
static void
test_left(void **state)
{
	static const char *const done[] = { "", "settle ", "settle settle ",
		"settle settle next ", "settle settle next next " };
	struct asking *asking = *state;

	for (unsigned pieces = 0; pieces < COUNT(done); pieces++) {
		begin(asking, STREAM, 1, GET);
		for (unsigned i = 0; i < pieces; i++)
			(void)asking_next(asking);
		assert_string_equal(fake.done, done[pieces]);
		asking_end(asking);
		assert_done(done[pieces]);
	}
}

/* The stop of the server ends its wait. */
static void
test_cut(void **state)
{
	struct asking *asking = *state;

	begin(asking, NEVER, 0, GET);
	assert_waits(asking);
	assert_waits(asking);
	assert_true(exchange_cut(&asking->exchange));
	assert_done("settle settle ");
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 503", 12);
	asking_assert_end(asking, false);
	assert_done("settle settle ");
}

/* A HEAD gets the head, and nothing is asked for the stream. */
static void
test_head(void **state)
{
	struct asking *asking = *state;
	const char *head;

	begin(asking, STREAM, 0, REQUEST("HEAD", "/", "1.1", ""));
	head = next_head(asking);
	assert_non_null(strstr(head, "Content-Type: text/fake\r\n"));
	assert_int_equal(asking_next(asking).kind, PIECE_END);
	asking_end(asking);
	assert_done("settle ");
}

/* It hears the content as it comes, before it is settled. */
static void
test_hears(void **state)
{
	struct asking *asking = *state;
	struct http_request *request = calloc(1, sizeof(*request));
	size_t used;

	assert_non_null(request);
	assert_int_equal(http_request_parse(request, span_of(POST), 0),
	    HTTP_OK);
	begin(asking, DOCUMENT, 0, POST);
	assert_int_equal(exchange_begin_body(&asking->exchange, &asking->host,
			     request, false),
	    EXCHANGE_RECEIVE);
	assert_false(exchange_take_body(&asking->exchange, SPAN("he"), &used));
	assert_true(
	    exchange_take_body(&asking->exchange, SPAN("llo, more"), &used));
	assert_int_equal(used, 3);
	assert_string_equal(fake.done, "he llo ");
	(void)next_head(asking);
	assert_done("he llo settle ");
	asking_end(asking);
	assert_int_equal(fake.freed, 1);
	free(request);
}

/* One that hears nothing may be told all the same. */
static void
test_deaf(void **state)
{
	static const char text[] = REQUEST("POST", "/deaf", "1.1",
	    "Content-Length: 2\r\n");
	struct asking *asking = *state;
	struct http_request *request = calloc(1, sizeof(*request));
	size_t used;

	assert_non_null(request);
	assert_int_equal(http_request_parse(request, span_of(text), 0),
	    HTTP_OK);
	begin(asking, DOCUMENT, 0, text);
	assert_int_equal(exchange_begin_body(&asking->exchange, &asking->host,
			     request, false),
	    EXCHANGE_RECEIVE);
	assert_true(exchange_take_body(&asking->exchange, SPAN("he"), &used));
	assert_string_equal(fake.done, "");
	asking_end(asking);
	assert_done("");
	free(request);
}

/* A body that is too large for the server, which allows 10 bytes. */
static void
test_refused(void **state)
{
	static const char text[] = REQUEST("POST", "/", "1.1",
	    "Content-Length: 11\r\n");
	struct asking *asking = *state;
	struct http_request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	assert_int_equal(http_request_parse(request, span_of(text), 0),
	    HTTP_OK);
	begin(asking, STREAM, 0, text);
	assert_int_equal(exchange_begin_body(&asking->exchange, &asking->host,
			     request, false),
	    EXCHANGE_ANSWER);
	assert_done("");
	assert_memory_equal(asking_next_bytes(asking), "HTTP/1.1 413", 12);
	asking_end(asking);
	assert_done("");
	free(request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_stream),
		ASKING_TEST(test_becomes),
		ASKING_TEST(test_left),
		ASKING_TEST(test_cut),
		ASKING_TEST(test_head),
		ASKING_TEST(test_hears),
		ASKING_TEST(test_deaf),
		ASKING_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
