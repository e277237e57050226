/*
 * fuzz_words: the query of /sleep, and the answer to it. What is accepted prints
 * as words that come to the same; a fault is a line of text that fits. The answer
 * ends; nothing of it is early; what frames it is true, unless a fault breaks it.
 * The first byte of an input chooses the method, the version, and the ordinal; by
 * it, the slots of a pool are free, or others have some of them, or all, until they
 * leave, or for longer than anybody waits.
 */
#include "config.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/fake_clock.h"
#include "app/pools.h"
#include "app/rules.h"
#include "app/sleep.h"
#include "app/tally.h"
#include "base/clock.h"
#include "fuzz.h"
#include "server/exchange.h"

#define START      (1000 * CLOCK_S)
#define OUT_MAX    ((size_t)256 * 1024)
#define PIECES_MAX 20000
#define LIMIT      (60 * CLOCK_S)

/* All that came of one answer. */
struct output {
	char bytes[OUT_MAX];
	size_t size, head,
	    body; /* all; where the head begins, and its content */
	int64_t head_at, body_at, last_at; /* when they came */
	enum piece_kind end; /* PIECE_UNTIL: there was too much to see it */
};

static struct output output;
static struct moment moment;
static struct totals totals = { .max_sleepers = 1, .crowded = "crowded" };
static _Atomic uint64_t drawn;
static struct pool_waker waker, waker_of_others;
static struct pool_ticket *others[2];
static const char *const indexes[] = { "no-such-page", NULL };
static struct server_config config = {
	.app = { .site = { .indexes = indexes,
		     .missing = "no-such-page",
		     .open_files = 4 },
	    .limits = { { LIMIT, NULL, NULL }, 65536, NULL },
	    .seed = 7,
	    .drawn = &drawn },
	.max_body = 10,
};
static struct app app;
static struct stats stats;
static const struct exchange_host host = { &config, &totals, &app, &moment, 0,
	&stats };
static const struct entrance entrance = { .routes = app_site_routes };

static void
set_time(int64_t now)
{
	moment.now = now;
	fake_clock_set(now);
}

static void
tell_who(const void *client, struct asker *asker)
{
	(void)client;
	*asker = (struct asker){ .connection = 1, .peer = "2001:db8::1" };
}

static void
ring(struct pool_waker *rung)
{
	(void)rung;
}

/* Makes the generation, which has a pool, and no rule. */
static struct generation *
open_generation(void)
{
	struct generation *generation = generation_new(open("/proc/self",
							   O_PATH),
	    NULL);
	struct rules_fault fault;

	FUZZ_CHECK(generation != NULL);
	generation->rules = rules_new(&config.app.limits);
	FUZZ_CHECK(generation->rules != NULL);
	FUZZ_CHECK(rules_add_pool(generation->rules,
	    SPAN("db:slots=2,queue=1,wait=3s,load=2s,overflow=429"), &fault));
	FUZZ_CHECK(rules_end(generation->rules));
	config.app.limits.pools = rules_pools(generation->rules);
	pools_apply(config.app.limits.pools);
	return generation;
}

static void
open_app(void)
{
	static bool done;

	if (done)
		return;
	FUZZ_CHECK(app_open(&app, &config.app) == 0);
	config.app.tally = tally_new(4);
	FUZZ_CHECK(config.app.tally != NULL);
	app_use_root(&app, open_generation());
	pool_waker_init(&waker, ring);
	pool_waker_init(&waker_of_others, ring);
	moment.waker = &waker;
	moment.who = tell_who;
	memcpy(moment.date, "Sun, 06 Nov 1994 08:49:37 GMT",
	    HTTP_DATE_SIZE + 1);
	done = true;
}

/* Copies the target that has the query, to be freed by fuzz_free(). */
static struct span
copy_target(const uint8_t *query, size_t size, struct http_request *request)
{
	static char text[SLEEP_TEXT_MAX] = "/sleep?";
	struct span target;

	memcpy(text + 7, query, size);
	target = fuzz_copy(text, size + 7);
	request->path = (struct span){ target.data, 6 };
	request->query = (struct span){ target.data + 7, size };
	return target;
}

/* ---- words ---- */

/* Writes the words: of each its name and a NUL, the size of its value, and that,
 * which may be any bytes. */
static size_t
print_words(const struct behaviour *behaviour, char *text)
{
	char *out = text;

	for (enum word word = 0; word < WORDS; word++) {
		for (unsigned i = 0; i < words_count(behaviour, word); i++) {
			char value[WORDS_VALUE_MAX];
			size_t size = words_format(behaviour, word, i, value);

			FUZZ_CHECK(size <= sizeof(value));
			out = stpcpy(out, words_name(word)) + 1;
			out = mempcpy(out, &size, sizeof(size));
			out = mempcpy(out, value, size);
		}
	}
	return (size_t)(out - text);
}

static void
check_same(const struct behaviour *behaviour)
{
	static char text[65536], text_again[65536];
	struct behaviour again = { 0 };
	struct complaint why;
	size_t size = print_words(behaviour, text);

	for (const char *p = text; p < text + size;) {
		struct span name = span_of(p);
		struct span value = { p + name.size + 1 + sizeof(size_t), 0 };

		memcpy(&value.size, p + name.size + 1, sizeof(size_t));
		FUZZ_CHECK(
		    words_add(&again, name, value, &config.app.limits, &why));
		p = value.data + value.size;
	}
	FUZZ_CHECK(again.given == behaviour->given);
	FUZZ_CHECK(print_words(&again, text_again) == size);
	FUZZ_CHECK(memcmp(text, text_again, size) == 0);
	words_release(&again);
}

static void
check_fault(const char *fault)
{
	FUZZ_CHECK(fault != NULL);
	FUZZ_CHECK(
	    strlen("400 Bad Request: \n") + strlen(fault) < MESSAGE_TEXT_MAX);
	for (const char *p = fault; *p != '\0'; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
}

/* Returns whether the query is right. */
static bool
try_query(const struct http_request *request)
{
	static char text[SLEEP_TEXT_MAX];
	const struct sleep_wish wish = { SPAN(""), request->path,
		request->query };
	struct behaviour behaviour = { 0 };
	char *fault = NULL;
	bool right = sleep_parse(&wish, &config.app.limits, text, &behaviour,
	    &fault);

	if (right)
		check_same(&behaviour);
	right = right && sleep_complete(&behaviour, behaviour.given,
			     &config.app.limits, &fault);
	if (!right)
		check_fault(fault);
	free(fault);
	words_release(&behaviour);
	return right;
}

/* ---- the answer ---- */

/* Takes bytes; where the head ends is known by its interim responses. */
static void
take_bytes(const struct piece *piece)
{
	const char *end;

	FUZZ_CHECK(piece->kind == PIECE_BYTES || piece->kind == PIECE_LENT);
	FUZZ_CHECK(piece->bytes.size > 0);
	if (output.size + piece->bytes.size > OUT_MAX) {
		output.size = OUT_MAX;
		return;
	}
	memcpy(output.bytes + output.size, piece->bytes.data,
	    piece->bytes.size);
	output.size += piece->bytes.size;
	while (output.body == 0 &&
	       (end = memmem(output.bytes + output.head,
		    output.size - output.head, "\r\n\r\n", 4)) != NULL) {
		if (output.bytes[output.head + 9] == '1') /* an interim one */
			output.head = (size_t)(end + 4 - output.bytes);
		else
			output.body = (size_t)(end + 4 - output.bytes);
	}
	if (output.size > output.head && output.head_at == 0)
		output.head_at = moment.now;
	if (output.body > 0 && output.size > output.body) {
		if (output.body_at == 0)
			output.body_at = moment.now;
		output.last_at = moment.now;
	}
}

/* Has so many others take a slot. */
static void
fill_pool(unsigned count)
{
	struct pool *pool = pools_find(config.app.limits.pools, SPAN("db"));

	for (unsigned i = 0; i < count; i++) {
		others[i] = pool_ticket_new(pool);
		FUZZ_CHECK(others[i] != NULL);
		FUZZ_CHECK(
		    pool_enter(others[i], &waker_of_others, NULL) == POOL_IN);
	}
}

static void
empty_pool(void)
{
	for (unsigned i = 0; i < 2; i++) {
		pool_ticket_free(others[i]);
		others[i] = NULL;
	}
}

/* The answer queues: others leave, or its time comes. */
static void
wait_in_queue(const struct piece *piece, bool others_leave)
{
	FUZZ_CHECK(others[0] != NULL && others[1] != NULL);
	if (others_leave) {
		empty_pool();
		FUZZ_CHECK(pool_next_woken(&waker) != NULL);
	} else {
		FUZZ_CHECK(piece->until > moment.now);
		set_time(piece->until);
	}
}

/* Runs the answer to its end, or to where there is too much of it. */
static void
run_answer(struct exchange *exchange, bool others_leave)
{
	static char room[EXCHANGE_ROOM];
	struct piece piece;

	output.size = output.head = output.body = 0;
	output.head_at = output.body_at = output.last_at = 0;
	output.end = PIECE_UNTIL;
	for (int i = 0; i < PIECES_MAX && output.size < OUT_MAX; i++) {
		exchange_next(exchange, &host, room, &piece);
		if (piece_has_bytes(&piece)) {
			take_bytes(&piece);
			continue;
		}
		if (piece.kind == PIECE_END || piece.kind == PIECE_RESET) {
			output.end = piece.kind;
			return;
		}
		if (piece.kind == PIECE_QUEUED) {
			wait_in_queue(&piece, others_leave);
			continue;
		}
		FUZZ_CHECK(piece.until > moment.now);
		set_time(piece.until);
	}
}

/* ---- what came ---- */

/* Returns the value of a field of the head, or NULL. */
static const char *
find_field(const char *name)
{
	size_t size = strlen(name);
	const char *end = output.bytes + output.body;
	const char *p = output.bytes + output.head;

	while (p + size + 2 < end) {
		if (memcmp(p, name, size) == 0 && p[size] == ':')
			return p + size + 2;
		p = memchr(p, '\n', (size_t)(end - p));
		p++;
	}
	return NULL;
}

/* Reads chunks; returns whether the last one is there, and *size of their data. What
 * comes behind a part is missing. */
static bool
read_chunks(size_t *size)
{
	const char *p = output.bytes + output.body;
	const char *end = output.bytes + output.size;

	*size = 0;
	while (p < end) {
		char *line;
		size_t data = strtoul(p, &line, 16);

		FUZZ_CHECK(line > p && memcmp(line, "\r\n", 2) == 0);
		p = line + 2;
		if (data > (size_t)(end - p)) { /* cut */
			*size += (size_t)(end - p);
			return false;
		}
		*size += data;
		p += data;
		FUZZ_CHECK(memcmp(p, "\r\n", 2) == 0);
		p += 2;
		if (data == 0) {
			FUZZ_CHECK(p == end);
			return true;
		}
	}
	return false;
}

/* The length that the head tells is that of the content, unless a fault is in it. */
static void
check_length(size_t told, size_t size, int fault)
{
	bool whole = output.end == PIECE_END;

	FUZZ_CHECK(size <= told);
	FUZZ_CHECK(!whole || fault != -1 || size == told);
	FUZZ_CHECK(!whole || fault != FAULT_LENGTH || size + 1 == told);
}

/* The content is as long as was said. */
static void
check_content(const struct exchange *exchange, bool content, int fault)
{
	const char *length = find_field("Content-Length");
	const char *coding = find_field("Transfer-Encoding");
	size_t size = output.size - output.body;
	bool whole = output.end == PIECE_END, last = false;

	FUZZ_CHECK(length == NULL || coding == NULL);
	FUZZ_CHECK(fault == -1 || !whole || !exchange->keep);
	if (!content) {
		FUZZ_CHECK(size == 0);
	} else if (length != NULL) {
		check_length(strtoul(length, NULL, 10), size, fault);
	} else if (coding == NULL) {
		FUZZ_CHECK(!exchange->keep || size == 0);
	} else if (fault != FAULT_CHUNK) {
		last = read_chunks(&size);
		FUZZ_CHECK(last == (whole && fault == -1));
	}
}

/* Nothing that a delay is for came before its end; and a content not before its
 * pace. */
static void
check_time(const struct decision *decision, const struct flow *flow)
{
	const struct drawn *done = &decision->drawn;
	size_t size = output.size - output.body;

	if (output.head_at == 0)
		return;
	if (drawn_has(done, WORD_DELAY) && output.last_at != 0)
		FUZZ_CHECK(output.last_at >= START + done->delay ||
			   output.end == PIECE_UNTIL || flow == NULL ||
			   flow->limit < flow->total);
	if (flow != NULL && drawn_has(done, WORD_OVER) &&
	    drawn_has(done, WORD_DELAY))
		FUZZ_CHECK(done->delay + flow->pace.value <= LIMIT);
	if (flow == NULL || size <= 1 || flow->total <= 1 ||
	    output.end != PIECE_END || flow->limit < flow->total)
		return;
	if (drawn_has(done, WORD_OVER))
		FUZZ_CHECK(output.last_at - output.body_at >= flow->pace.value);
	if (drawn_has(done, WORD_RATE))
		FUZZ_CHECK((__int128)(output.last_at - output.body_at) *
			       flow->pace.value >=
			   (__int128)(flow->total - 1) * CLOCK_S);
}

/* What came of an answer that words have decided about. */
static void
check_output(const struct exchange *exchange,
    const struct http_request *request)
{
	const struct message *message = &exchange->answer.message;
	const struct decision *decision = message->decision;
	int fault = decision != NULL ? decision_fault(decision) : -1;

	if (output.end == PIECE_RESET)
		FUZZ_CHECK(fault == FAULT_RESET || fault == FAULT_HANG);
	if (fault == FAULT_GARBAGE)
		return;
	if (decision != NULL && decision->headless) {
		FUZZ_CHECK(output.size == output.head);
		return;
	}
	if (output.end == PIECE_UNTIL)
		return; /* there was too much, or it was too slow */
	FUZZ_CHECK(output.body > 0);
	FUZZ_CHECK(memcmp(output.bytes + output.head, "HTTP/1.1 ", 9) == 0);
	check_content(exchange,
	    request->method != HTTP_HEAD && message_allows_content(message),
	    fault);
	if (decision != NULL)
		check_time(decision, decision->flow);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_method methods[] = { HTTP_GET, HTTP_HEAD,
		HTTP_POST, HTTP_OPTIONS };
	struct http_request request = { .keep_alive = true };
	struct exchange exchange;
	struct span target;

	if (size == 0 || size > SLEEP_TEXT_MAX - 7)
		return 0;
	open_app();
	set_time(START);
	drawn = data[0] >> 3;
	request.method = methods[data[0] & 3];
	request.minor = (data[0] & 4) == 0;
	target = copy_target(data + 1, size - 1, &request);
	try_query(&request);
	exchange_begin(&exchange, &host, &entrance, &request);
	fuzz_free(target); /* an answer holds nothing of its request */
	fill_pool(data[0] >> 6 < 2 ? data[0] >> 6 : 2);
	run_answer(&exchange, data[0] >> 6 == 3);
	check_output(&exchange, &request);
	exchange_end(&exchange, &host, NULL);
	empty_pool();
	FUZZ_CHECK(pool_next_woken(&waker) == NULL);
	FUZZ_CHECK(totals.sleepers == 0);
	return 0;
}
