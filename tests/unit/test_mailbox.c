/* test_mailbox: what the main thread puts in, the worker finds, once each. */
#include "config.h"

#include "server/mailbox.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/worker.h"

struct fixture {
	struct mailbox mailbox;
	struct worker_host host;
	_Atomic unsigned news; /* how often the host was told */
};

static void
count_news(void *server)
{
	struct fixture *f = server;

	atomic_fetch_add(&f->news, 1);
}

static int
open_fixture(void **state)
{
	static struct fixture f;

	alarm(100); /* nothing here may wait for ever */
	f = (struct fixture){ .host = { .server = &f, .on_news = count_news } };
	*state = &f;
	return mailbox_open(&f.mailbox, &f.host);
}

static int
close_fixture(void **state)
{
	struct fixture *f = *state;

	mailbox_close(&f->mailbox);
	return 0;
}

static bool
is_awake(const struct fixture *f)
{
	struct pollfd fd = { f->mailbox.wake, POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

/* A new generation, whose descriptor is open. */
static struct generation *
make_generation(void)
{
	struct generation *generation = generation_new(open(".", O_PATH), NULL);

	assert_non_null(generation);
	assert_return_code(fcntl(generation->root, F_GETFD), 0);
	return generation;
}

static void
assert_closed(int root)
{
	assert_int_equal(fcntl(root, F_GETFD), -1);
}

static void
test_empty(void **state)
{
	struct fixture *f = *state;
	enum worker_order order;

	assert_false(is_awake(f));
	assert_false(mailbox_next(&f->mailbox, &order));
	assert_int_equal(mailbox_done(&f->mailbox), WORKER_SERVE);
	assert_true(mailbox_is_taken(&f->mailbox));
	assert_null(mailbox_take(&f->mailbox));
	assert_int_equal(f->news, 0);
}

/* Each row: orders that come in before the worker looks, and what it finds. */
static void
test_orders(void **state)
{
	static const struct {
		enum worker_order in[3]; /* up to WORKER_SERVE */
		enum worker_order found; /* WORKER_SERVE: nothing */
	} rows[] = {
		{ { WORKER_TRIM }, WORKER_TRIM },
		{ { WORKER_TRIM }, WORKER_SERVE },
		{ { WORKER_DRAIN, WORKER_CLOSE }, WORKER_CLOSE },
		{ { WORKER_TRIM, WORKER_DRAIN }, WORKER_SERVE },
		{ { WORKER_CUT, WORKER_CLOSE }, WORKER_CUT },
		{ { WORKER_STOP, WORKER_CUT, WORKER_DRAIN }, WORKER_STOP },
	};
	struct fixture *f = *state;
	unsigned reports = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool finds = rows[i].found != WORKER_SERVE;
		enum worker_order order, before = mailbox_done(&f->mailbox);

		for (int k = 0; k < 3 && rows[i].in[k] != WORKER_SERVE; k++)
			mailbox_order(&f->mailbox, rows[i].in[k]);
		assert_int_equal(is_awake(f), finds);
		mailbox_rest(&f->mailbox);
		assert_int_equal(mailbox_next(&f->mailbox, &order), finds);
		assert_false(mailbox_next(&f->mailbox, &order));
		assert_int_equal(mailbox_done(&f->mailbox), before);
		if (!finds)
			continue;
		assert_int_equal(order, rows[i].found);
		assert_int_equal(f->mailbox.order_seen, rows[i].found);
		mailbox_report(&f->mailbox);
		assert_int_equal(mailbox_done(&f->mailbox), rows[i].found);
		assert_int_equal(f->news, ++reports);
	}
}

/* What was put in before a rest is found behind it, and after it wakes. */
static void
test_rest(void **state)
{
	struct fixture *f = *state;
	enum worker_order order;

	mailbox_order(&f->mailbox, WORKER_TRIM);
	mailbox_wake(&f->mailbox);
	mailbox_rest(&f->mailbox);
	assert_false(is_awake(f));
	mailbox_order(&f->mailbox, WORKER_DRAIN);
	assert_true(is_awake(f));
	assert_true(mailbox_next(&f->mailbox, &order));
	assert_int_equal(order, WORKER_DRAIN);
	mailbox_rest(&f->mailbox);
	mailbox_rest(&f->mailbox); /* does not wait */
	assert_false(is_awake(f));
}

/* The last owner closes it, whoever that is. */
static void
test_owners(void **state)
{
	struct generation *generation = make_generation();
	int root = generation->root;

	(void)state;
	assert_ptr_equal(generation_hold(generation), generation);
	assert_ptr_equal(generation_hold(generation), generation);
	generation_release(generation);
	generation_release(generation);
	assert_return_code(fcntl(root, F_GETFD), 0);
	generation_release(generation);
	assert_closed(root);
	generation_release(NULL);
}

/* The mailbox holds it until it is taken, and then the taker does. */
static void
test_take(void **state)
{
	struct fixture *f = *state;
	struct generation *generation = make_generation();
	int root = generation->root;

	mailbox_send(&f->mailbox, generation);
	generation_release(generation);
	assert_true(is_awake(f));
	assert_false(mailbox_is_taken(&f->mailbox));
	assert_int_equal(f->news, 0);
	assert_ptr_equal(mailbox_take(&f->mailbox), generation);
	assert_int_equal(f->news, 1);
	assert_true(mailbox_is_taken(&f->mailbox));
	assert_null(mailbox_take(&f->mailbox));
	assert_int_equal(f->news, 1);
	assert_return_code(fcntl(root, F_GETFD), 0);
	generation_release(generation);
	assert_closed(root);
}

/* One that is replaced, or never taken, is closed; but not for others. */
static void
test_not_taken(void **state)
{
	struct fixture *f = *state;
	struct generation *old = make_generation();
	struct generation *new = make_generation();
	int old_root = old->root, new_root = new->root;

	mailbox_send(&f->mailbox, old);
	generation_release(old);
	mailbox_send(&f->mailbox, new);
	assert_closed(old_root);
	mailbox_send(&f->mailbox, new); /* again: it stays */
	assert_return_code(fcntl(new_root, F_GETFD), 0);
	mailbox_close(&f->mailbox);
	assert_return_code(fcntl(new_root, F_GETFD), 0);
	generation_release(new);
	assert_closed(new_root);
}

/* A worker's thread, which serves from what it takes until it is to stop. */
static void *
work(void *arg)
{
	struct fixture *f = arg;
	struct pollfd fd = { f->mailbox.wake, POLLIN, 0 };
	struct generation *serving = NULL;
	enum worker_order order = WORKER_SERVE;

	while (order != WORKER_STOP) {
		struct generation *next;

		poll(&fd, 1, -1);
		mailbox_rest(&f->mailbox);
		next = mailbox_take(&f->mailbox);
		if (next != NULL) {
			generation_release(serving);
			serving = next;
		}
		if (mailbox_next(&f->mailbox, &order))
			mailbox_report(&f->mailbox);
		if (serving != NULL && fcntl(serving->root, F_GETFD) == -1)
			abort();
	}
	return serving;
}

/* Nothing wakes in vain and nothing is lost, however they meet. */
static void
test_two_threads(void **state)
{
	struct fixture *f = *state;
	struct generation *last = NULL;
	pthread_t thread;
	void *served;
	int free_fd = open(".", O_PATH);

	close(free_fd);
	assert_int_equal(pthread_create(&thread, NULL, work, f), 0);
	for (int i = 0; i < 20000; i++) {
		struct generation *next = make_generation();

		mailbox_send(&f->mailbox, next);
		generation_release(last); /* as the worker may do now */
		last = next;
		if (i % 64 == 0)
			while (!mailbox_is_taken(&f->mailbox))
				sched_yield();
	}
	while (!mailbox_is_taken(&f->mailbox))
		sched_yield();
	for (int order = WORKER_TRIM; order <= WORKER_STOP; order++) {
		mailbox_order(&f->mailbox, (enum worker_order)order);
		while ((int)mailbox_done(&f->mailbox) < order)
			sched_yield();
	}
	pthread_join(thread, &served);
	assert_ptr_equal(served, last);
	generation_release(last);
	generation_release(served);

	/* none is left open */
	int fd = open(".", O_PATH);

	assert_int_equal(fd, free_fd);
	close(fd);
}

#define TEST(name) \
 cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_orders),
		TEST(test_rest),
		TEST(test_owners),
		TEST(test_take),
		TEST(test_not_taken),
		TEST(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
