/* test_side: what all workers of a side are told, and when the side is through with
 * it. The workers are fakes, which note what they are asked to do. */
#include "config.h"

#include "server/side.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/generation.h"
#include "base/clock.h"
#include "server/census.h"

#define WORKERS 3

/* ---- the workers, and all that has been done ---- */

struct fake {
	struct worker worker;
	unsigned index;
};

static struct world {
	struct side side;
	struct server_config config;
	struct listeners_place place;
	unsigned without; /* the worker that can't be made or started */
	char done[256];   /* words, each with a blank behind it */
} world;

static void
note(const char *word, unsigned worker)
{
	size_t size = strlen(world.done), room = sizeof(world.done) - size;

	assert_true(snprintf(world.done + size, room, "%s%u ", word, worker) <
		    (int)room);
}

static void
assert_done(const char *wanted)
{
	assert_string_equal(world.done, wanted);
	world.done[0] = '\0';
}

static unsigned
index_of(const struct worker *worker)
{
	return ((const struct fake *)worker)->index;
}

static int
fake_start(struct worker *worker)
{
	if (index_of(worker) == world.without)
		return -1;
	note("start", index_of(worker));
	return 0;
}

static void
fake_on_order(struct worker *worker, enum worker_order order)
{
	enum worker_order found;

	assert_true(mailbox_next(&worker->mailbox, &found));
	assert_int_equal(found, order);
	note("wake", index_of(worker));
}

static void
fake_join(struct worker *worker)
{
	note("join", index_of(worker));
}

static void
fake_free(struct worker *worker)
{
	note("free", index_of(worker));
	mailbox_close(&worker->mailbox);
	free(worker);
}

static const struct worker_kind fake_kind = { fake_start, fake_on_order,
	fake_join, fake_free };

static struct worker *
fake_new(const struct worker_host *host, unsigned index)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (index == world.without) {
		free(fake);
		errno = ENOMEM;
		return NULL;
	}
	fake->worker.kind = &fake_kind;
	fake->index = index;
	assert_return_code(mailbox_open(&fake->worker.mailbox, host), 0);
	return &fake->worker;
}

/* ---- a side ---- */

static void
on_news(void *server)
{
	(void)server;
}

/* Opens a side on a port of its own, whose worker `without` can't be made. */
static int
open_side(unsigned without)
{
	const char *why;

	world = (struct world){ .without = without };
	assert_int_equal(listener_parse("127.0.0.1:0", &world.place.addresses,
			     &why),
	    0);
	world.config = (struct server_config){
		.listen = { .places = &world.place,
		    .count = 1,
		    .terms = { .workers = 1 } },
		.new_worker = fake_new,
		.workers = WORKERS,
		.max_conns = 7,
		.max_sleepers = 5,
		.backlog = 10,
	};
	world.side.config = &world.config;
	world.side.publisher.fd = -1;
	world.side.host = (struct worker_host){ &world.config,
		&world.side.listeners, &world.side.totals, NULL, on_news, NULL,
		NULL };
	assert_return_code(side_open(&world.side), 0);
	return side_make_workers(&world.side);
}

static int
setup(void **state)
{
	(void)state;
	assert_return_code(open_side(WORKERS), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	side_close(&world.side);
	return 0;
}

static struct mailbox *
mailbox_of(unsigned worker)
{
	return &world.side.workers[worker]->mailbox;
}

/* ---- tests ---- */

static void
test_start(void **state)
{
	(void)state;
	assert_int_equal(world.side.worker_count, WORKERS);
	assert_int_equal(world.side.totals.max_conns, 7);
	assert_int_equal(world.side.totals.max_sleepers, 5);
	assert_return_code(side_start(&world.side), 0);
	assert_done("start0 start1 start2 ");
	side_join(&world.side);
	assert_done("join0 join1 join2 ");
}

/* Who can't start ends the start; the others are there to be joined. */
static void
test_start_fails(void **state)
{
	(void)state;
	world.without = 1;
	assert_int_equal(side_start(&world.side), -1);
	assert_done("start0 ");
	side_order(&world.side, WORKER_STOP);
	assert_done("wake0 wake1 wake2 ");
}

/* Those that have been made are freed. */
static void
test_make_fails(void **state)
{
	(void)state;
	assert_int_equal(open_side(1), -1);
	assert_int_equal(world.side.worker_count, 1);
	side_close(&world.side);
	assert_done("free0 ");
}

/* An order is given once, and none that is lower than the last one. */
static void
test_orders(void **state)
{
	static const struct {
		enum worker_order order;
		bool given;
	} rows[] = {
		{ WORKER_DRAIN, true },
		{ WORKER_DRAIN, false },
		{ WORKER_TRIM, false },
		{ WORKER_CUT, true },
		{ WORKER_CLOSE, false },
		{ WORKER_STOP, true },
		{ WORKER_STOP, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		side_order(&world.side, rows[i].order);
		assert_done(rows[i].given ? "wake0 wake1 wake2 " : "");
	}
}

/* A drain begins once; its next stage begins when all have done what it says. */
static void
test_drain(void **state)
{
	int64_t now = clock_now();

	(void)state;
	assert_return_code(side_start(&world.side), 0);
	side_advance(&world.side, now);
	assert_done("start0 start1 start2 ");
	assert_true(side_drain(&world.side, now));
	assert_int_equal(world.side.order, WORKER_DRAIN);
	assert_false(side_drain(&world.side, now));
	assert_done("wake0 wake1 wake2 ");
	now += STAGES_HANDSHAKE_LIMIT;
	side_advance(&world.side, now);
	assert_int_equal(world.side.order, WORKER_CLOSE);
	assert_done("wake0 wake1 wake2 ");
	for (unsigned w = 0; w < WORKERS; w++) {
		side_advance(&world.side, now);
		assert_int_equal(world.side.stages.stage, STAGE_CLOSING);
		mailbox_report(mailbox_of(w));
	}
	side_advance(&world.side, now);
	assert_int_equal(world.side.stages.stage, STAGE_CLOSED);
}

/* All workers get a generation, and all have to take it. */
static void
test_generation(void **state)
{
	struct generation *generation = generation_new(open(".", O_PATH), NULL);

	(void)state;
	assert_true(side_has_reloaded(&world.side));
	side_use_root(&world.side, generation);
	for (unsigned w = 0; w < WORKERS; w++) {
		struct generation *taken;

		assert_false(side_has_reloaded(&world.side));
		taken = mailbox_take(mailbox_of(w));
		assert_ptr_equal(taken, generation);
		generation_release(taken);
	}
	assert_true(side_has_reloaded(&world.side));
	generation_release(generation);
}

/* Which of the workers have been asked, as bits. */
static unsigned
asked_of(const struct census *census)
{
	unsigned asked = 0;

	for (unsigned w = 0; w < WORKERS; w++)
		asked |= (unsigned)census->parts[w].asked << w;
	return asked;
}

/* A worker that is busy with another census keeps nobody else from this one, and is
 * asked again; each is asked once. */
static void
test_census(void **state)
{
	struct census *first = census_new(WORKERS);
	struct census *second = census_new(WORKERS);

	(void)state;
	assert_true(mailbox_ask(mailbox_of(1), first));
	side_ask(&world.side, second);
	assert_int_equal(asked_of(second), 5);
	side_ask(&world.side, second);
	assert_int_equal(asked_of(second), 5);
	census_release(mailbox_take_census(mailbox_of(1)));
	side_ask(&world.side, second);
	assert_int_equal(asked_of(second), 7);
	for (unsigned w = 0; w < WORKERS; w++) {
		struct census *taken = mailbox_take_census(mailbox_of(w));

		assert_ptr_equal(taken, second);
		census_release(taken);
	}
	side_ask(&world.side, second);
	for (unsigned w = 0; w < WORKERS; w++)
		assert_null(mailbox_take_census(mailbox_of(w)));
	census_release(first);
	census_release(second);
}

/* One that is left in a mailbox is let go with it (see the leaks). */
static void
test_census_left(void **state)
{
	struct census *census = census_new(WORKERS);

	(void)state;
	side_ask(&world.side, census);
	assert_int_equal(asked_of(census), 7);
	census_release(census);
}

/* A side that there is not. */
static void
test_none(void **state)
{
	struct side none = { .publisher = { -1 } };

	(void)state;
	side_use_root(&none, NULL);
	assert_true(side_has_reloaded(&none));
	side_order(&none, WORKER_STOP);
	side_join(&none);
	side_close(&none);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start),
		TEST(test_start_fails),
		cmocka_unit_test(test_make_fails),
		TEST(test_orders),
		TEST(test_drain),
		TEST(test_generation),
		TEST(test_census),
		TEST(test_census_left),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
