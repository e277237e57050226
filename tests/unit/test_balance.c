/* test_balance: connections go to who has fewer, and none is lost on the way. */
#include "config.h"

#include "server/balance.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/worker.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define WORKERS     4
#define INBOX       8 /* what may be on its way to one */

static const struct sockaddr_storage peer = { .ss_family = AF_UNIX };
static const struct entrance entrance = { .tls = true };

static struct fixture {
	struct balance *balance;
	struct totals totals;
	struct stats stats[WORKERS];
	struct mailbox mailboxes[WORKERS];
} f;

static int
open_fixture(void **state)
{
	(void)state;
	alarm(100); /* nothing here may wait for ever */
	memset(&f, 0, sizeof(f));
	assert_int_equal(totals_open(&f.totals, WORKERS), 0);
	totals_limit(&f.totals, 1000, 0);
	f.balance = balance_new(&f.totals, WORKERS);
	assert_non_null(f.balance);
	for (unsigned i = 0; i < WORKERS; i++) {
		totals_add(&f.totals, &f.stats[i]);
		assert_int_equal(mailbox_open(&f.mailboxes[i], NULL), 0);
		balance_add(f.balance, i, &f.mailboxes[i]);
	}
	return 0;
}

static int
close_fixture(void **state)
{
	(void)state;
	balance_free(f.balance);
	for (unsigned i = 0; i < WORKERS; i++)
		mailbox_close(&f.mailboxes[i]);
	totals_close(&f.totals);
	return 0;
}

static bool
is_awake(unsigned worker)
{
	struct pollfd fd = { f.mailboxes[worker].wake, POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

static bool
hand(unsigned worker, int fd)
{
	return balance_hand(f.balance, worker, fd, &peer, &entrance);
}

static void
count(void *counted, const struct handed *handed)
{
	(void)handed;
	++*(unsigned *)counted;
}

/* Takes all that a worker has been handed; returns how many. */
static unsigned
take(unsigned worker)
{
	unsigned counted = 0;
	bool any = balance_take(f.balance, worker, count, &counted);

	assert_int_equal(any, counted > 0);
	return counted;
}

/* Who of four accepts one, by how many each has; and who is handed it. */
static const struct {
	unsigned has[WORKERS], accepts, gets;
} rows[] = {
	{ { 0, 0, 0, 0 }, 0, 0 },
	{ { 1, 0, 0, 0 }, 0, 1 },
	{ { 1, 1, 1, 0 }, 0, 3 },
	{ { 1, 0, 0, 0 }, 1, 1 },
	{ { 2, 1, 1, 1 }, 0, 1 },
	{ { 4, 3, 3, 3 }, 0, 0 },
	{ { 5, 4, 3, 4 }, 0, 2 },
	{ { 10, 8, 8, 8 }, 0, 0 },
	{ { 11, 8, 8, 8 }, 0, 1 },
	{ { 11, 9, 10, 9 }, 0, 0 },
	{ { 100, 81, 80, 82 }, 0, 0 },
	{ { 102, 81, 80, 82 }, 0, 2 },
	{ { 0, 50, 50, 9 }, 2, 0 },
};

static void
test_who_has_fewest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool handed;

		for (unsigned w = 0; w < WORKERS; w++)
			stats_set(&f.stats[w].accepted,
			    stats_read(&f.stats[w].closed) + rows[i].has[w]);
		handed = hand(rows[i].accepts, -1);
		if (handed != (rows[i].gets != rows[i].accepts))
			fail_msg("row %zu", i);
		for (unsigned w = 0; w < WORKERS; w++)
			assert_int_equal(take(w), handed && w == rows[i].gets);
	}
}

/* It counts as on its way until it is open: with none of the three, there are 11. */
static void
look_whole(void *counted, const struct handed *handed)
{
	assert_int_equal(handed->fd, 77);
	assert_ptr_equal(handed->entrance, &entrance);
	assert_int_equal(handed->peer.ss_family, peer.ss_family);
	f.totals.max_conns = 11;
	assert_false(totals_have_room(&f.totals));
	assert_false(balance_leave(f.balance, 1));
	count(counted, handed);
}

static void
test_what_is_on_its_way_counts(void **state)
{
	unsigned counted = 0;

	(void)state;
	stats_set(&f.stats[0].accepted, 4);
	/* 1, 2 and 3 get one each, and one a second, and a third */
	for (unsigned i = 0; i < 9; i++) {
		assert_true(hand(0, 77));
		assert_true(is_awake(1 + i % 3));
	}
	assert_false(hand(0, 77));
	assert_false(is_awake(0));
	f.totals.max_conns = 13;
	assert_false(totals_have_room(&f.totals));
	f.totals.max_conns = 14;
	assert_true(totals_have_room(&f.totals));
	assert_true(balance_take(f.balance, 1, look_whole, &counted));
	assert_int_equal(counted, 3);
	assert_int_equal(take(2), 3);
	assert_int_equal(take(3), 3);
	f.totals.max_conns = 5;
	assert_true(totals_have_room(&f.totals));
}

/* Who does not keep up is passed over: the next are for others. */
static void
test_who_takes_none_is_left_alone(void **state)
{
	(void)state;
	stats_set(&f.stats[0].accepted, 10000);
	stats_set(&f.stats[2].accepted, 5000);
	stats_set(&f.stats[3].accepted, 10000);
	for (unsigned i = 0; i < INBOX; i++)
		assert_true(hand(0, -1));
	assert_int_equal(balance_waiting(f.balance, 1), INBOX);
	assert_true(hand(0, -1));
	assert_int_equal(take(2), 1);
	assert_int_equal(take(1), INBOX);
	assert_true(hand(0, -1));
	assert_int_equal(take(1), 1);
}

static void
test_leaving(void **state)
{
	(void)state;
	stats_set(&f.stats[0].accepted, 100);
	for (unsigned w = 2; w < WORKERS; w++)
		stats_set(&f.stats[w].accepted, 100);
	assert_true(hand(0, -1));
	assert_false(balance_leave(f.balance, 1));
	assert_int_equal(take(1), 1);
	assert_true(balance_leave(f.balance, 1));
	assert_false(hand(0, -1));
	assert_int_equal(take(1), 0);
	assert_true(balance_leave(f.balance, 1));
	f.totals.max_conns = 301;
	assert_true(totals_have_room(&f.totals));
}

/* What nobody has taken is closed at the end. */
static void
test_end(void **state)
{
	int fd = open("/", O_PATH);

	stats_set(&f.stats[0].accepted, 9);
	assert_true(hand(0, fd));
	close_fixture(state);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	open_fixture(state);
}

#define TAKEN 20000 /* at least, until the worker leaves */

static _Atomic unsigned tried, kept;
static _Atomic bool ended;

static void *
hand_many(void *worker)
{
	while (!atomic_load(&ended)) {
		atomic_fetch_add(&tried, 1);
		if (hand((unsigned)(uintptr_t)worker, -1))
			continue;
		atomic_fetch_add(&kept, 1);
		sched_yield();
	}
	return NULL;
}

/* Two hand over at once while a third takes, when it is woken, and leaves. */
static void
test_none_is_lost(void **state)
{
	pthread_t threads[2];
	unsigned taken = 0;

	(void)state;
	for (unsigned w = 0; w < WORKERS; w++)
		stats_set(&f.stats[w].accepted, w == 1 ? 0 : 1000);
	pthread_create(&threads[0], NULL, hand_many, (void *)0);
	pthread_create(&threads[1], NULL, hand_many, (void *)2);
	while (taken < TAKEN || !balance_leave(f.balance, 1)) {
		struct pollfd fd = { f.mailboxes[1].wake, POLLIN, 0 };

		assert_int_equal(poll(&fd, 1, 50000), 1);
		mailbox_rest(&f.mailboxes[1]);
		taken += take(1);
	}
	atomic_store(&ended, true);
	for (unsigned i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken + atomic_load(&kept), atomic_load(&tried));
	assert_int_equal(atomic_load(&f.totals.handed), 0);
}

#define UNIT(test) \
 cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_who_has_fewest),
		UNIT(test_what_is_on_its_way_counts),
		UNIT(test_who_takes_none_is_left_alone),
		UNIT(test_leaving),
		UNIT(test_end),
		UNIT(test_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
