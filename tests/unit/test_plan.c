/* Tests of app/plan and app/answer: acts, in whatever order, as pieces. */
#include "config.h"

#include "app/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/answer.h"
#include "base/clock.h"

/* An answer of a text, at a time that the test sets. */
struct fixture {
	struct answer answer;
	struct moment moment;
	char room[MESSAGE_TEXT_MAX];
};

static int
setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .moment = { .now = clock_now() } };
	message_init(&fixture.answer.message);
	message_set(&fixture.answer.message, 404, NULL);
	*state = &fixture;
	return 0;
}

static struct piece
next(struct fixture *fixture)
{
	struct piece piece;

	answer_next(&fixture->answer, NULL, &fixture->moment, fixture->room,
	    &piece);
	return piece;
}

/* Asserts that these pieces come, letters for their kinds; each wait is over
 * when it is asked again. */
static void
assert_pieces(struct fixture *fixture, const char *kinds)
{
	static const char letters[] = {
		[PIECE_HEAD] = 'h',
		[PIECE_BYTES] = 'b',
		[PIECE_LENT] = 'l',
		[PIECE_FILE] = 'f',
		[PIECE_TURN] = 't',
		[PIECE_UNTIL] = 'u',
		[PIECE_END] = 'e',
	};

	for (; *kinds != '\0'; kinds++) {
		struct piece piece = next(fixture);

		assert_int_equal(letters[piece.kind], *kinds);
		if (piece.kind == PIECE_UNTIL)
			fixture->moment.now = piece.until;
	}
}

static void
test_at_once(void **state)
{
	struct fixture *fixture = *state;

	plan_at_once(&fixture->answer.plan, true);
	assert_int_equal(fixture->answer.plan.waits, 0);
	assert_pieces(fixture, "hbee");

	plan_at_once(&fixture->answer.plan, false);
	assert_pieces(fixture, "he");
}

/* A status that allows no content has none, whatever the plan says. */
static void
test_no_content(void **state)
{
	struct fixture *fixture = *state;

	message_set(&fixture->answer.message, 204, NULL);
	plan_at_once(&fixture->answer.plan, true);
	assert_pieces(fixture, "he");
}

static void
test_later(void **state)
{
	struct fixture *fixture = *state;
	const struct plan *plan = &fixture->answer.plan;
	int64_t before = clock_now();
	struct piece piece;

	plan_later(&fixture->answer.plan, true, CLOCK_S);
	assert_int_equal(plan->waits, 1);
	piece = next(fixture);
	assert_int_equal(piece.kind, PIECE_UNTIL);
	assert_true(piece.until >= before + CLOCK_S);
	assert_true(piece.until <= clock_now() + CLOCK_S);
	assert_int_equal(plan_waited(plan), 0);

	/* asked too early, it says the same again */
	fixture->moment.now = piece.until - 1;
	assert_int_equal(next(fixture).until, piece.until);
	fixture->moment.now = piece.until;
	assert_pieces(fixture, "hbe");
	assert_int_equal(plan->waits, 0);
	assert_int_equal(plan_waited(plan), CLOCK_S);
	assert_int_equal(plan->due, piece.until);
}

/* Waits stand anywhere; each counts from its own beginning. */
static void
test_waits_anywhere(void **state)
{
	struct fixture *fixture = *state;
	struct plan *plan = &fixture->answer.plan;
	int64_t first;

	*plan = (struct plan){ .count = 0 };
	plan_add(plan, ACT_HEAD);
	plan_add_wait(plan, CLOCK_MS);
	plan_add(plan, ACT_CONTENT);
	plan_add(plan, ACT_END);
	assert_pieces(fixture, "hube");

	*plan = (struct plan){ .count = 0 };
	plan_add_wait(plan, CLOCK_MS);
	plan_add(plan, ACT_HEAD);
	plan_add_wait(plan, 2 * CLOCK_MS);
	plan_add(plan, ACT_END);
	fixture->moment.now = clock_now();
	assert_pieces(fixture, "u");
	first = plan->due;
	assert_int_equal(plan->waits, 2);
	assert_pieces(fixture, "hu");
	assert_true(plan->due > first);
	assert_pieces(fixture, "e");
	assert_int_equal(plan_waited(plan), 3 * CLOCK_MS);
}

/* A hang is the last act: behind it comes a reset, and then nothing; it has no part
 * in what the log tells of waits. */
static void
test_hang(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = &f->answer.plan;
	int64_t due;
	struct piece piece;

	*plan = (struct plan){ .count = 0 };
	plan_add_wait(plan, CLOCK_S);
	plan_add(plan, ACT_HEAD);
	plan_add_hang(plan, 2 * CLOCK_S);
	assert_int_equal(plan->count, 3);
	assert_int_equal(plan->waits, 2);
	assert_int_equal(plan_next_wait(plan), CLOCK_S);
	assert_pieces(f, "uh");
	due = plan->due;
	assert_true(plan_is_at(plan, ACT_HANG));
	assert_int_equal(plan_waited(plan), CLOCK_S);
	assert_int_equal(plan_next_wait(plan), 2 * CLOCK_S);
	assert_int_equal(plan->waits, 1);

	piece = next(f);
	assert_int_equal(piece.kind, PIECE_HANG);
	assert_true(piece.until > f->moment.now);
	assert_int_equal(*plan_hang_end(plan), piece.until);
	f->moment.now = piece.until - 1; /* asked too early: the same again */
	assert_int_equal(next(f).kind, PIECE_HANG);
	assert_int_equal(*plan_hang_end(plan), piece.until);
	f->moment.now = piece.until;
	assert_int_equal(next(f).kind, PIECE_RESET);
	assert_int_equal(plan->waits, 0);
	assert_int_equal(plan->due, due);
	assert_int_equal(plan_waited(plan), CLOCK_S);
}

/* The pool is the first act; what it adds goes to the first wait, wherever that
 * stands. */
static void
test_pool(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = &f->answer.plan;

	*plan = (struct plan){ .count = 0 };
	plan_add_pool(plan);
	plan_add(plan, ACT_HEAD);
	plan_add_wait(plan, CLOCK_S);
	plan_add_hang(plan, 2 * CLOCK_S);
	assert_true(plan_is_at(plan, ACT_POOL));
	assert_int_equal(plan->waits, 3);
	assert_int_equal(plan_waited(plan), 0);
	plan_end_pool(plan);
	plan_slow(plan, 5);
	assert_int_equal(plan->waits, 2);
	assert_true(plan_is_at(plan, ACT_HEAD));
	assert_int_equal(plan_next_wait(plan), CLOCK_S + 5);
	assert_pieces(f, "hu");
	assert_int_equal(next(f).kind, PIECE_HANG);
	assert_int_equal(plan_waited(plan), CLOCK_S + 5);
}

/* No answer at all: the connection ends. */
static void
test_end_at_once(void **state)
{
	struct fixture *f = *state;
	struct plan *plan = &f->answer.plan;

	plan_later(plan, true, CLOCK_S);
	plan_end_at_once(plan);
	assert_int_equal(plan->waits, 0);
	assert_true(plan->content);
	assert_pieces(f, "e");
	plan_at_once(plan, false);
	plan_end_at_once(plan);
	assert_false(plan->content);
}

/* Without its waits, from the beginning, and without a trace of them. */
static void
test_hurry(void **state)
{
	struct fixture *fixture = *state;
	struct plan *plan = &fixture->answer.plan;

	plan_later(plan, false, CLOCK_S);
	assert_pieces(fixture, "u");
	plan_hurry(plan);
	assert_int_equal(plan->waits, 0);
	assert_int_equal(plan->due, 0);
	assert_pieces(fixture, "he");
	assert_int_equal(plan_waited(plan), 0);
}

/* Another message, of the same plan but for its waits. */
static void
test_replace(void **state)
{
	struct fixture *fixture = *state;

	plan_later(&fixture->answer.plan, true, CLOCK_S);
	message_use_front(&fixture->answer.message);
	assert_pieces(fixture, "u");
	answer_replace(&fixture->answer, 503, "full");
	assert_pieces(fixture, "hb");
	assert_memory_equal(fixture->room, "503 Service Unavailable: full\n",
	    30);
	assert_pieces(fixture, "e");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_at_once, setup),
		cmocka_unit_test_setup(test_no_content, setup),
		cmocka_unit_test_setup(test_later, setup),
		cmocka_unit_test_setup(test_waits_anywhere, setup),
		cmocka_unit_test_setup(test_hang, setup),
		cmocka_unit_test_setup(test_pool, setup),
		cmocka_unit_test_setup(test_end_at_once, setup),
		cmocka_unit_test_setup(test_hurry, setup),
		cmocka_unit_test_setup(test_replace, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
