/*
 * test_stages: each stage met by each event, whole lives, and what holds in
 * every order of events. The listeners are fakes, which note what they are
 * asked to do.
 */
#include "config.h"

#include "server/stages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- the listeners, and all that has been done ---- */

static struct fake {
	bool predecessor, shaking; /* what the kernel would say */
	bool short_of_memory;
	char done[256];     /* words, each with a space behind it */
	unsigned questions; /* about handshakes */
} fake;

static void
note(const char *word)
{
	size_t size = strlen(fake.done), room = sizeof fake.done - size;

	assert_true(snprintf(fake.done + size, room, "%s ", word) < (int)room);
}

bool
listeners_take_over(const struct listeners *listeners)
{
	(void)listeners;
	return fake.predecessor;
}

bool
listeners_are_alone(const struct listeners *listeners)
{
	(void)listeners;
	return !fake.predecessor;
}

bool
listeners_are_shaking_hands(const struct listeners *listeners)
{
	(void)listeners;
	fake.questions++;
	return fake.shaking;
}

int
listeners_retire_surplus(struct listeners *listeners)
{
	(void)listeners;
	if (fake.short_of_memory)
		return -1;
	note("retire");
	return 0;
}

void
listeners_close_surplus(struct listeners *listeners)
{
	(void)listeners;
	note("trim");
}

void
listeners_shut(struct listeners *listeners)
{
	(void)listeners;
	note("shut");
}

void
listeners_close(struct listeners *listeners)
{
	(void)listeners;
	note("close");
}

/* ---- a server ---- */

struct life {
	struct listeners listeners;
	struct stages stages;
	int64_t now;
	enum worker_order order, obeyed;
};

enum event {
	NOTHING,
	GONE,     /* the predecessor has closed its sockets */
	ENDED,    /* no handshake is under way */
	PATIENCE, /* they have had the time that they may take */
	OBEYED,   /* all workers have carried out the last order */
	STOP,
	EVENTS,
};

/* A moment that is nothing special. */
#define BEGIN (1000 * CLOCK_S)

/* Handshakes are under way unless an event says otherwise. */
static struct life
begin(bool predecessor)
{
	struct life life = { .now = BEGIN };

	fake = (struct fake){ .predecessor = predecessor, .shaking = true };
	stages_begin(&life.stages, &life.listeners);
	return life;
}

static void
give_order(struct life *life)
{
	static const char *const names[] = { [WORKER_TRIM] = "TRIM",
		[WORKER_DRAIN] = "DRAIN",
		[WORKER_CLOSE] = "CLOSE" };
	enum worker_order order = stages_order(&life->stages);

	if (order <= life->order)
		return;
	life->order = order;
	note(names[order]);
}

/* What server.c does when it wakes. */
static void
advance(struct life *life)
{
	struct stages *stages = &life->stages;

	while (stages_advance(stages, life->now,
	    life->obeyed >= stages_order(stages)))
		give_order(life);
}

static void
meet(struct life *life, enum event event)
{
	switch (event) {
	case GONE:
		fake.predecessor = false;
		break;
	case ENDED:
		fake.shaking = false;
		break;
	case PATIENCE:
		life->now += STAGES_HANDSHAKE_LIMIT;
		break;
	case OBEYED:
		life->obeyed = life->order;
		break;
	case STOP:
		if (stages_drain(&life->stages, life->now))
			give_order(life);
		break;
	case NOTHING:
	case EVENTS:
		break;
	}
	advance(life);
}

/* ---- each stage, each event ---- */

#define STAGES (STAGE_CLOSED + 1)

/* The events that bring a new server to each stage; the second row of a stage
 * is without a predecessor. */
static const struct way {
	enum stage stage;
	bool predecessor;
	enum event events[5];
} ways[] = {
	{ STAGE_TAKING, true, { 0 } },
	{ STAGE_RETIRING, true, { GONE } },
	{ STAGE_TRIMMING, true, { GONE, PATIENCE } },
	{ STAGE_SERVING, true, { GONE, PATIENCE, OBEYED } },
	{ STAGE_SERVING, false, { 0 } },
	{ STAGE_SHUTTING, true, { STOP } },
	{ STAGE_SHUTTING, true, { GONE, STOP } },
	{ STAGE_SHUTTING, true, { GONE, PATIENCE, STOP } },
	{ STAGE_SHUTTING, true, { GONE, PATIENCE, OBEYED, STOP } },
	{ STAGE_SHUTTING, false, { STOP } },
	{ STAGE_CLOSING, true, { STOP, PATIENCE } },
	{ STAGE_CLOSING, true, { GONE, STOP, PATIENCE } },
	{ STAGE_CLOSING, false, { STOP, PATIENCE } },
	{ STAGE_CLOSED, true, { STOP, PATIENCE, OBEYED } },
	{ STAGE_CLOSED, false, { STOP, PATIENCE, OBEYED } },
};

#define WAYS (sizeof ways / sizeof ways[0])

/* What is done then, and the stage after that; NULL: nothing, and the same. */
static const struct meeting {
	const char *done;
	enum stage next;
} meetings[STAGES][EVENTS] = {
	[STAGE_TAKING] = { [GONE] = { "retire ", STAGE_RETIRING },
	    [STOP] = { "shut DRAIN ", STAGE_SHUTTING } },
	[STAGE_RETIRING] = { [ENDED] = { "TRIM ", STAGE_TRIMMING },
	    [PATIENCE] = { "TRIM ", STAGE_TRIMMING },
	    [STOP] = { "shut DRAIN ", STAGE_SHUTTING } },
	[STAGE_TRIMMING] = { [OBEYED] = { "trim ", STAGE_SERVING },
	    [STOP] = { "shut DRAIN ", STAGE_SHUTTING } },
	[STAGE_SERVING] = { [STOP] = { "shut DRAIN ", STAGE_SHUTTING } },
	[STAGE_SHUTTING] = { [ENDED] = { "CLOSE ", STAGE_CLOSING },
	    [PATIENCE] = { "CLOSE ", STAGE_CLOSING } },
	[STAGE_CLOSING] = { [OBEYED] = { "close ", STAGE_CLOSED } },
};

static void
try_meeting(const struct way *way, enum event event)
{
	const struct meeting *meeting = &meetings[way->stage][event];
	struct life life = begin(way->predecessor);

	advance(&life);
	for (size_t i = 0; i < 5; i++)
		meet(&life, way->events[i]);
	assert_int_equal(life.stages.stage, way->stage);
	fake.done[0] = '\0';
	meet(&life, event);
	if (meeting->done == NULL) {
		assert_string_equal(fake.done, "");
		assert_int_equal(life.stages.stage, way->stage);
		return;
	}
	assert_string_equal(fake.done, meeting->done);
	assert_int_equal(life.stages.stage, meeting->next);
}

static void
test_each_stage_meets_each_event(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++)
		for (enum event event = NOTHING; event < EVENTS; event++)
			try_meeting(&ways[i], event);
}

/* Where nothing wakes the server, it has to look. */
static void
test_a_look_where_nobody_tells(void **state)
{
	static const bool looks[STAGES] = { [STAGE_TAKING] = true,
		[STAGE_RETIRING] = true,
		[STAGE_SHUTTING] = true };

	(void)state;
	for (enum stage stage = 0; stage < STAGES; stage++) {
		const struct stages stages = { .stage = stage };

		assert_int_equal(stages_look(&stages) > 0, looks[stage]);
	}
}

/* ---- whole lives ---- */

static const struct row {
	bool predecessor;
	enum event events[8];
	const char *done;
} rows[] = {
	/* as they come */
	{ false, { STOP, ENDED, OBEYED }, "shut DRAIN CLOSE close " },
	{ true, { GONE, ENDED, OBEYED, STOP, OBEYED },
	    "retire TRIM trim shut DRAIN CLOSE close " },
	/* what has come before is not waited for */
	{ false, { ENDED, STOP, OBEYED }, "shut DRAIN CLOSE close " },
	{ true, { ENDED, GONE, OBEYED }, "retire TRIM trim " },
	/* patience begins anew with each wait */
	{ true, { PATIENCE, GONE }, "retire " },
	{ true, { GONE, PATIENCE, OBEYED, STOP },
	    "retire TRIM trim shut DRAIN " },
	{ true, { GONE, STOP, PATIENCE, OBEYED },
	    "retire shut DRAIN CLOSE close " },
	/* a stop in a hand-over: what was begun is not gone on with */
	{ true, { STOP, GONE, PATIENCE, OBEYED }, "shut DRAIN CLOSE close " },
	{ true, { GONE, PATIENCE, STOP, OBEYED, PATIENCE, OBEYED },
	    "retire TRIM shut DRAIN CLOSE close " },
	/* that the workers have obeyed DRAIN is not that they have CLOSE */
	{ false, { STOP, OBEYED, PATIENCE }, "shut DRAIN CLOSE " },
	/* a second stop begins nothing, and gives no patience */
	{ false, { STOP, STOP, PATIENCE, STOP, OBEYED, STOP },
	    "shut DRAIN CLOSE close " },
};

static void
test_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct life life = begin(rows[i].predecessor);

		for (size_t k = 0; k < 8; k++)
			meet(&life, rows[i].events[k]);
		assert_string_equal(fake.done, rows[i].done);
	}
}

static void
test_a_second_stop_keeps_the_patience(void **state)
{
	struct life life = begin(false);

	(void)state;
	meet(&life, STOP);
	life.now += STAGES_HANDSHAKE_LIMIT - 1;
	meet(&life, STOP);
	assert_string_equal(fake.done, "shut DRAIN ");
	life.now += 1;
	meet(&life, NOTHING);
	assert_string_equal(fake.done, "shut DRAIN CLOSE ");
}

/* Until it is steered elsewhere, the surplus gets new connections: it is not
 * given up before. */
static void
test_surplus_is_retired_later(void **state)
{
	struct life life = begin(true);

	(void)state;
	fake.short_of_memory = true;
	meet(&life, GONE);
	assert_string_equal(fake.done, "");
	assert_int_equal(life.stages.stage, STAGE_TAKING);
	fake.short_of_memory = false;
	meet(&life, NOTHING);
	assert_string_equal(fake.done, "retire ");
}

/* Where the kernel does not tell, patience is all that ends the wait; the
 * question may be a dear one. */
static void
test_nobody_is_asked_when_patience_is_over(void **state)
{
	struct life life = begin(false);

	(void)state;
	meet(&life, STOP);
	assert_int_equal(fake.questions, 1);
	meet(&life, PATIENCE);
	assert_int_equal(fake.questions, 1);
}

/* A drain's deadline may have ordered more than a stage does (WORKER_CUT). */
static void
test_an_order_that_was_passed_over(void **state)
{
	struct life life = begin(false);

	(void)state;
	meet(&life, STOP);
	life.order = life.obeyed = WORKER_STOP;
	meet(&life, PATIENCE);
	assert_string_equal(fake.done, "shut DRAIN close ");
	assert_int_equal(life.stages.stage, STAGE_CLOSED);
}

/* ---- every order ---- */

#define LONGEST 6

/* Where a word stands among what was done; -1: nowhere. */
static int
place_of(const char *word)
{
	const char *found = strstr(fake.done, word);

	return found == NULL ? -1 : (int)(found - fake.done);
}

/* Each of these is done once at most, and only after the one before it. */
static void
check_chain(const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		int place = place_of(words[i]);

		if (place == -1)
			continue;
		assert_null(strstr(fake.done + place + 1, words[i]));
		if (i > 0)
			assert_true(place_of(words[i - 1]) != -1 &&
				    place_of(words[i - 1]) < place);
	}
}

static void
check_life(const struct life *life)
{
	static const char *const hand_over[] = { "retire", "TRIM", "trim",
		NULL };
	static const char *const stop[] = { "shut", "DRAIN", "CLOSE", "close",
		NULL };
	int shut = place_of("shut");

	check_chain(hand_over);
	check_chain(stop);
	/* a hand-over ends where a stop begins */
	for (size_t i = 0; shut != -1 && hand_over[i] != NULL; i++)
		assert_null(strstr(fake.done + shut, hand_over[i]));
	assert_int_equal(life->stages.stage >= STAGE_SHUTTING, shut != -1);
	assert_int_equal(life->stages.stage == STAGE_CLOSED,
	    place_of("close") != -1);
}

/* Meets events by the digits of `number`, to the base of EVENTS. */
static void
try_order(bool predecessor, unsigned number)
{
	struct life life = begin(predecessor);

	advance(&life);
	for (unsigned i = 0; i < LONGEST; i++, number /= EVENTS) {
		enum worker_order obeyed = life.obeyed;
		bool had_trimmed = place_of("trim") != -1;
		bool had_closed = place_of("close") != -1;

		meet(&life, (enum event)(number % EVENTS));
		check_life(&life);
		/* nothing that a worker may use is closed under it */
		if (!had_trimmed && place_of("trim") != -1)
			assert_true(life.obeyed >= WORKER_TRIM);
		if (!had_closed && place_of("close") != -1)
			assert_true(life.obeyed >= WORKER_CLOSE);
		assert_true(life.obeyed >= obeyed);
	}
	/* in the end, all comes to its end */
	meet(&life, STOP);
	meet(&life, PATIENCE);
	meet(&life, OBEYED);
	check_life(&life);
	assert_int_equal(life.stages.stage, STAGE_CLOSED);
}

static void
test_every_order_of_events(void **state)
{
	unsigned orders = 1;

	(void)state;
	for (unsigned i = 0; i < LONGEST; i++)
		orders *= EVENTS;
	for (unsigned number = 0; number < orders; number++) {
		try_order(false, number);
		try_order(true, number);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_stage_meets_each_event),
		cmocka_unit_test(test_a_look_where_nobody_tells),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_a_second_stop_keeps_the_patience),
		cmocka_unit_test(test_surplus_is_retired_later),
		cmocka_unit_test(test_nobody_is_asked_when_patience_is_over),
		cmocka_unit_test(test_an_order_that_was_passed_over),
		cmocka_unit_test(test_every_order_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
