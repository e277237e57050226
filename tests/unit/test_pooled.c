/* test_pooled: answers on their way through a pool: what comes when, and what is
 * told of it. */
#include "config.h"

#include "app/pooled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_clock.h"
#include "worded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define START      (1000 * CLOCK_S)
#define OTHERS_MAX 4

#define SLOTS(count, places) \
 .slots = (count), .queue = (places), .wait = POOL_FOREVER, .overflow = 503
#define LOAD(seconds) .load = ((seconds)*CLOCK_S)

/*
 * What happens, a letter each: pieces of the answer are `q` for PIECE_QUEUED, `u`
 * for PIECE_UNTIL and `g` for PIECE_HANG, at whose time the next one comes, `h` for
 * the head, `b` for bytes, `e` and `r` for the end and a reset. Somebody else takes
 * a slot, `+`, or leaves one, `-`; `w`: the answer is told that it has a slot; `t`:
 * the time comes until which it was to queue.
 */
static const struct row {
	const char *words;
	struct pool_terms terms;
	const char *script;
	unsigned status;
	const char *told, *fields;
	int64_t lasted; /* ns */
} rows[] = {
	/* a slot at once */
	{ "pool=db", { SLOTS(1, 0) }, "hbe", 200, "pool=db", "", 0 },
	{ "pool=db&delay=1s", { SLOTS(1, 0) }, "uhbe", 200,
	    "delay=1000, pool=db", "", CLOCK_S },
	{ "pool=db&fault=reset", { SLOTS(1, 0) }, "r", 200,
	    "fault=reset, pool=db", "", 0 },
	{ "pool=db&fault=hang&for=3s&delay=1s", { SLOTS(1, 0) }, "ugr", 200,
	    "delay=1000, fault=hang, pool=db", "", 4 * CLOCK_S },
	/* a place in the queue; its delay begins in the slot */
	{ "pool=db", { SLOTS(1, 1) }, "+q-whbe", 200, "pool=db", "", 0 },
	{ "pool=db", { SLOTS(1, 1) }, "+qq-hbe", 200, "pool=db", "", 0 },
	{ "pool=db&delay=1s", { SLOTS(1, 1) }, "+q-wuhbe", 200,
	    "delay=1000, pool=db", "", CLOCK_S },
	{ "pool=db&delay=1s&key=a",
	    { .slots = 1, .queue = 1, .wait = 2 * CLOCK_S }, "+q-uhbe", 200,
	    "delay=1000, key=\"a\", pool=db, n=1", "", CLOCK_S },
	/* no slot: at once, or when the wait is over */
	{ "pool=db", { SLOTS(1, 0) }, "+hbe", 503, "pool=db;refused",
	    "Retry-After: 1\r\n", 0 },
	{ "pool=db", { .slots = 1, .overflow = 429 }, "+hbe", 429,
	    "pool=db;refused", "Retry-After: 1\r\n", 0 },
	{ "pool=db", { .slots = 1, .overflow = 0 }, "+e", 503,
	    "fault=close, pool=db;refused", "Retry-After: 1\r\n", 0 },
	{ "pool=db&delay=1s&at=end&size=5:50&close=100&status=404&key=a"
	  "&fault=hang&header=A:b&interim=103",
	    { .slots = 1, .overflow = 429 }, "+hbe", 429,
	    "key=\"a\", pool=db;refused, n=1", "Retry-After: 1\r\n", 0 },
	{ "pool=db&key=a&fault=reset", { .slots = 1, .overflow = 0 }, "+e", 503,
	    "fault=close, key=\"a\", pool=db;refused, n=1",
	    "Retry-After: 1\r\n", 0 },
	{ "pool=db&delay=1s",
	    { .slots = 1, .queue = 1, .wait = 2 * CLOCK_S, .overflow = 429 },
	    "+qthbe", 429, "pool=db;refused", "Retry-After: 1\r\n",
	    2 * CLOCK_S },
	{ "pool=db",
	    { .slots = 9,
		.interval = 3 * CLOCK_S + 1,
		.burst = 1,
		.overflow = 503 },
	    "+hbe", 503, "pool=db;refused", "Retry-After: 4\r\n", 0 },
	/* slower, by the others; within the limit of a minute */
	{ "pool=db", { SLOTS(3, 0), LOAD(2) }, "hbe", 200, "pool=db", "", 0 },
	{ "pool=db", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=4000, pool=db", "", 4 * CLOCK_S },
	{ "pool=db&delay=1s", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=5000, pool=db", "", 5 * CLOCK_S },
	{ "pool=db", { SLOTS(2, 1), LOAD(2) }, "++q-uhbe", 200,
	    "delay=2000, pool=db", "", 2 * CLOCK_S },
	/* without a delay, which may have been for other attempts, before the
	 * head */
	{ "pool=db&at=body", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=4000, pool=db", "", 4 * CLOCK_S },
	{ "pool=db&delay=1s&at=body", { SLOTS(3, 0), LOAD(2) }, "++hube", 200,
	    "delay=5000, pool=db", "", 5 * CLOCK_S },
	{ "pool=db&delay=1s&at=end&size=5", { SLOTS(3, 0), LOAD(2) }, "++hbube",
	    200, "delay=5000, size=5, pool=db", "", 5 * CLOCK_S },
	{ "pool=db&fault=hang&for=1s", { SLOTS(3, 0), LOAD(2) }, "+ugr", 200,
	    "delay=2000, fault=hang, pool=db", "", 3 * CLOCK_S },
	{ "pool=db&delay=56s", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=60000, pool=db", "", 60 * CLOCK_S },
	{ "pool=db&delay=57s", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=60000;limited, pool=db", "", 60 * CLOCK_S },
	{ "pool=db&delay=60s", { SLOTS(3, 0), LOAD(2) }, "++uhbe", 200,
	    "delay=60000;limited, pool=db", "", 60 * CLOCK_S },
	/* with the pace, too */
	{ "pool=db&delay=5s&over=51s&size=2", { SLOTS(3, 0), LOAD(2) },
	    "++uhbube", 200, "delay=9000, size=2, over, pool=db", "",
	    60 * CLOCK_S },
	{ "pool=db&delay=5s&over=53s&size=2", { SLOTS(3, 0), LOAD(2) },
	    "++uhbube", 200, "delay=7000;limited, size=2, over, pool=db", "",
	    60 * CLOCK_S },
	{ "pool=db&over=60s&size=2", { SLOTS(3, 0), LOAD(2) }, "++hbube", 200,
	    "delay=0;limited, size=2, over, pool=db", "", 60 * CLOCK_S },
	{ "pool=db&rate=1&size=61", { SLOTS(3, 0), LOAD(2) }, NULL, 200,
	    "delay=4000, size=61, rate;limited, pool=db", "",
	    34 * CLOCK_S }, /* two bytes a second */
};

struct fixture {
	struct answer answer;
	struct moment moment;
	struct pool *pool;
	struct pool_waker waker, other;
	struct pool_ticket *others[OTHERS_MAX];
	unsigned count; /* of others */
	int64_t until;  /* of the last piece that had one */
	char room[MESSAGE_ROOM];
};

static void
ring_nobody(struct pool_waker *waker)
{
	(void)waker;
}

static void
set_time(struct fixture *f, int64_t now)
{
	f->moment.now = now;
	fake_clock_set(now);
}

/* Decides by words, of at most a minute, about a 200 with a line of text. */
static void
decide(struct fixture *f, const char *words, enum http_method method)
{
	const struct http_request request = { .method = method, .minor = 1 };
	struct behaviour behaviour = { 0 };
	const struct decision_source source = { .behaviour = &behaviour,
		.draw = { .roll = { 7, 1, 0 }, .most = 60 * CLOCK_S },
		.key = SPAN("a") };

	worded_add(&behaviour, words);
	assert_true(behaviour_says(&behaviour, WORD_POOL));
	behaviour.pool = f->pool;
	message_init(&f->answer.message);
	message_set(&f->answer.message, 200, "a line");
	plan_at_once(&f->answer.plan, method != HTTP_HEAD);
	assert_true(decision_apply(&source, &request, &f->answer));
	assert_int_equal(f->answer.plan.acts[0], ACT_POOL);
	words_release(&behaviour);
}

static void
open_fixture(struct fixture *f, const struct pool_terms *terms)
{
	*f = (struct fixture){ .pool = pool_new(SPAN("db")) };
	assert_non_null(f->pool);
	pool_set_terms(f->pool, terms);
	pool_waker_init(&f->waker, ring_nobody);
	pool_waker_init(&f->other, ring_nobody);
	f->moment.waker = &f->waker;
	f->moment.client = f;
	set_time(f, START);
}

/* All that were in the pool have left it then. */
static void
close_fixture(struct fixture *f)
{
	while (f->count > 0)
		pool_ticket_free(f->others[--f->count]);
	assert_null(pool_next_woken(&f->waker));
	pool_release(f->pool);
	pool_waker_fini(&f->waker);
	pool_waker_fini(&f->other);
	fake_clock_set(0);
}

/* Takes the next piece; returns its letter. */
static char
next(struct fixture *f)
{
	static const char letters[] = {
		[PIECE_HEAD] = 'h',
		[PIECE_BYTES] = 'b',
		[PIECE_LENT] = 'b',
		[PIECE_FILE] = 'b',
		[PIECE_UNTIL] = 'u',
		[PIECE_QUEUED] = 'q',
		[PIECE_HANG] = 'g',
		[PIECE_RESET] = 'r',
		[PIECE_END] = 'e',
	};
	struct piece piece;

	answer_next(&f->answer, NULL, &f->moment, f->room, &piece);
	if (!piece_has_bytes(&piece) && piece.kind < PIECE_RESET)
		f->until = piece.until;
	if (piece.kind == PIECE_UNTIL || piece.kind == PIECE_HANG)
		set_time(f, f->until);
	return letters[piece.kind];
}

/* What others do, and the time. Returns false where it is the answer's turn. */
static bool
others_act(struct fixture *f, char act)
{
	struct pool_ticket *ticket;

	switch (act) {
	case '+':
		ticket = f->others[f->count++] = pool_ticket_new(f->pool);
		assert_non_null(ticket);
		assert_int_equal(pool_enter(ticket, &f->other, f), POOL_IN);
		return true;
	case '-':
		pool_ticket_free(f->others[--f->count]);
		return true;
	case 'w':
		ticket = pool_next_woken(&f->waker);
		assert_non_null(ticket);
		assert_ptr_equal(ticket->owner, f);
		return true;
	case 't':
		set_time(f, f->until);
		return true;
	default:
		return false;
	}
}

/* Runs a script; without one, until the end. */
static void
run(struct fixture *f, const struct row *row)
{
	const char *step = row->script;

	if (step == NULL) {
		others_act(f, '+');
		others_act(f, '+');
		while (next(f) != 'e') {
		}
		return;
	}
	for (; *step != '\0'; step++) {
		char letter;

		if (*step == 'q' || strchr("+-wt", *step) == NULL) {
			letter = next(f);
			if (letter != *step)
				fail_msg("%s: %c at %s of %s", row->words,
				    letter, step, row->script);
		} else {
			others_act(f, *step);
		}
	}
}

static void
test_rows(void **state)
{
	static struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct decision *decision;
		char told[DRAWN_TEXT_MAX + 1];
		struct drawn_names names;

		print_message("# %s, %s\n", row->words, row->script);
		open_fixture(&f, &row->terms);
		decide(&f, row->words, HTTP_GET);
		run(&f, row);
		decision = f.answer.message.decision;
		assert_non_null(decision);
		assert_int_equal(f.answer.message.status, row->status);
		names = decision_names(decision);
		told[drawn_write(&decision->drawn, &names, told)] = '\0';
		assert_string_equal(told, row->told);
		assert_true(span_equal(decision_fields(decision),
		    span_of(row->fields)));
		assert_int_equal(f.moment.now - START, row->lasted);
		assert_int_equal(f.answer.plan.waits, 0);
		answer_fini(&f.answer);
		close_fixture(&f);
	}
}

/* A refusal says why; not to a HEAD. */
static void
test_refusal(void **state)
{
	static const struct pool_terms terms = { SLOTS(1, 0) };
	static const char text[] = "503 Service Unavailable: no slot of the "
				   "pool is free, on purpose\n";
	static struct fixture f;

	(void)state;
	open_fixture(&f, &terms);
	others_act(&f, '+');
	decide(&f, "pool=db&size=5", HTTP_GET);
	assert_int_equal(next(&f), 'h');
	assert_int_equal(next(&f), 'b');
	assert_memory_equal(f.room, text, strlen(text));
	assert_int_equal(next(&f), 'e');
	answer_fini(&f.answer);

	decide(&f, "pool=db&size=5", HTTP_HEAD);
	assert_int_equal(next(&f), 'h');
	assert_int_equal(next(&f), 'e');
	answer_fini(&f.answer);
	close_fixture(&f);
}

/* An answer that is let go of leaves the queue, and the slot, wherever it is. */
static void
test_leaving(void **state)
{
	static const struct pool_terms terms = { SLOTS(1, 9) };
	static const char *const scripts[] = { "", "h", "hbe", "+q", "+q-",
		"+q-w", "+q-wh", "+q-h" };
	static struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		open_fixture(&f, &terms);
		decide(&f, "pool=db", HTTP_GET);
		run(&f,
		    &(struct row){ .words = "pool=db", .script = scripts[i] });
		answer_fini(&f.answer);
		while (f.count > 0)
			others_act(&f, '-');
		others_act(&f, '+'); /* who comes next has its slot at once */
		close_fixture(&f);
	}
}

/* Another answer in its place, while it queues, has left the queue. */
static void
test_replace(void **state)
{
	static const struct pool_terms terms = { SLOTS(1, 1) };
	static struct fixture f;

	(void)state;
	open_fixture(&f, &terms);
	others_act(&f, '+');
	decide(&f, "pool=db&delay=1s", HTTP_GET);
	assert_int_equal(next(&f), 'q');
	answer_replace(&f.answer, 503, "the server stops");
	others_act(&f, '-');
	others_act(&f, '+');
	assert_null(pool_next_woken(&f.waker));
	assert_int_equal(next(&f), 'h');
	assert_int_equal(next(&f), 'b');
	assert_int_equal(next(&f), 'e');
	answer_fini(&f.answer);
	close_fixture(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests_name("pooled", tests, NULL, NULL);
}
