/* Tests of app/listing and app/listings: how listings are made, step by step and
 * slice by slice, and who shares them. */
#include "config.h"

#include "app/listings.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "tree.h"

/* How many files there are in `long/`, which takes many slices; and so in `0/`,
 * `1/` and so on, which lead there. */
#define LONG 1500

/* How long a step takes: a slice has 25, however busy the machine is. */
#define STEP_TIME (LISTINGS_SLICE / 25)

struct fixture {
	struct listings listings;
	struct generation *generation;
	struct moment moment;
};

/* Makes a directory of so many files. */
static void
make_directory(const char *name, unsigned count)
{
	char path[64];

	mkdir(name, 0755);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%u", name, i);
		close(creat(path, 0644));
	}
}

static int
listings_enter(void **state)
{
	char name[16];

	(void)state;
	tree_enter();
	make_directory("long", LONG);
	make_directory("short", 3);
	for (unsigned i = 0; i < LISTINGS_AT_ONCE; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_return_code(symlink("long", name), 0);
	}
	return 0;
}

static int
listings_leave(void **state)
{
	(void)state;
	tree_leave();
	return 0;
}

static int
listings_setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .moment = { .look = 10, .since = 10 } };
	fixture.generation = generation_new(open(".", O_PATH), NULL);
	assert_non_null(fixture.generation);
	listings_init(&fixture.listings);
	fake_clock_set(CLOCK_S);
	fake_clock_tick(STEP_TIME);
	*state = &fixture;
	return 0;
}

static int
listings_teardown(void **state)
{
	struct fixture *fixture = *state;

	fake_clock_set(0);
	assert_null(list_first(&fixture->listings.made));
	assert_null(list_first(&fixture->listings.waiting));
	assert_int_equal(fixture->generation->owners, 1);
	generation_release(fixture->generation);
	return 0;
}

static struct listing *
ask(struct fixture *fixture, const char *path)
{
	const struct listing_query query = { fixture->generation, span_of(path),
		true };
	struct listing *listing = listings_ask(&fixture->listings, &query,
	    &fixture->moment);

	assert_non_null(listing);
	return listing;
}

/* Asks once more after a listing, as if the next slice were due. */
static bool
go_on(struct fixture *fixture, const struct listing *listing)
{
	fixture->listings.due = 0;
	return listings_go_on(&fixture->listings, listing, &fixture->moment) ==
	       0;
}

/* A request that is sent after all looks so far. */
static void
ask_later(struct fixture *fixture)
{
	fixture->moment.since = ++fixture->moment.look;
}

/* Each step opens the directory, looks at one name, or writes one row. */
static void
test_steps(void **state)
{
	struct fixture *fixture = *state;
	const struct listing_query query = { fixture->generation, SPAN("sub/"),
		true };
	struct listing *listing = listing_new(&query);
	unsigned steps = 1;

	make_directory("sub", 5);
	assert_return_code(symlink("nowhere", "sub/link"), 0);
	assert_non_null(listing);
	for (size_t size = 0, looked = 0; listing_step(listing); steps++) {
		assert_in_range(listing->directory.looked, looked, looked + 1);
		assert_true(listing->page.size <= size + 128);
		looked = listing->directory.looked;
		size = listing->page.size;
	}
	/* it is opened, and its end and the page's are found */
	assert_int_equal(steps, 1 + 6 + 1 + 5 + 1);
	assert_int_equal(listing->state, LISTING_WHOLE);
	assert_null(listing->directory.entries);
	assert_false(listing_step(listing));
	listing_release(listing);
}

/* A slice ends long before a large directory does, and one comes only when it is
 * due; who asked before is told another time to ask again. */
static void
test_slices(void **state)
{
	struct fixture *fixture = *state;
	struct listings *listings = &fixture->listings;
	struct listing *listing;
	int64_t until, next;
	unsigned slices = 1;
	size_t looked;

	listing = ask(fixture, "long/");
	assert_int_equal(listing->state, LISTING_NEW);
	until = listings_go_on(listings, listing, &fixture->moment);
	assert_true(until >= listings->due);
	looked = listing->directory.looked;
	assert_in_range(looked, 1, LONG - 1);

	listings->due = INT64_MAX / 2;
	next = listings_go_on(listings, listing, &fixture->moment);
	assert_true(next >= listings->due);
	assert_int_equal(listing->directory.looked, looked);
	assert_true(listings_go_on(listings, listing, &fixture->moment) > next);
	assert_int_equal(listing->directory.looked, looked);

	while (!go_on(fixture, listing))
		slices++;
	assert_in_range(slices, 4, UINT32_MAX);
	assert_int_equal(listing->state, LISTING_WHOLE);
	listing_release(listing);
}

/* The pause behind a slice is as long as the slice. */
static void
test_pause(void **state)
{
	struct fixture *fixture = *state;
	struct listing *listing;
	int64_t before, after;

	listing = ask(fixture, "long/");
	before = clock_now();
	assert_false(go_on(fixture, listing));
	after = clock_now();
	assert_in_range(fixture->listings.due - before, 2 * LISTINGS_SLICE,
	    2 * (after - before));
	listing_release(listing);
}

/* Who asks the same before it has begun shares it, or in the same look; another
 * path, type, or generation is another. */
static void
test_sharing(void **state)
{
	struct fixture *fixture = *state;
	struct listing *first, *others[4], *later, *last;
	struct listing_query query = { fixture->generation, SPAN("long/"),
		false };

	first = ask(fixture, "long/");
	ask_later(fixture);
	assert_ptr_equal(ask(fixture, "long/"), first);
	listing_release(first);

	others[0] = ask(fixture, "short/");
	others[1] = listings_ask(&fixture->listings, &query, &fixture->moment);
	query.json = true;
	query.generation = generation_new(open(".", O_PATH), NULL);
	others[2] = listings_ask(&fixture->listings, &query, &fixture->moment);
	generation_release(query.generation);
	for (int i = 0; i < 3; i++)
		assert_ptr_not_equal(others[i], first);

	assert_false(go_on(fixture, first));
	assert_ptr_equal(ask(fixture, "long/"), first);
	listing_release(first);
	ask_later(fixture);
	later = ask(fixture, "long/");
	assert_ptr_not_equal(later, first);
	ask_later(fixture);
	others[3] = ask(fixture, "long/");
	assert_ptr_equal(others[3], later);

	/* it begins only when the first one is over */
	while (!listing_is_over(first)) {
		assert_int_equal(later->state, LISTING_NEW);
		(void)go_on(fixture, later);
	}
	ask_later(fixture);
	while (!go_on(fixture, later))
		;
	last = ask(fixture, "long/");
	assert_ptr_not_equal(last, later);
	for (int i = 0; i < 4; i++)
		listing_release(others[i]);
	listing_release(last);
	listing_release(later);
	listing_release(first);
}

/* A listing is made by whoever asks, also for one that does not. */
static void
test_made_by_others(void **state)
{
	struct fixture *fixture = *state;
	struct listing *idle, *busy;

	idle = ask(fixture, "short/");
	busy = ask(fixture, "long/");
	while (!go_on(fixture, busy))
		;
	assert_int_equal(idle->state, LISTING_WHOLE);
	listing_release(idle);
	listing_release(busy);
}

/* Begins the listings of so many long directories. */
static void
begin_long_ones(struct fixture *fixture, struct listing **listings,
    unsigned count)
{
	char path[16];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%u/", i);
		listings[i] = ask(fixture, path);
	}
}

static void
release_all(struct listing **listings, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		assert_false(listing_is_over(listings[i]));
		listing_release(listings[i]);
	}
}

/* Makes as many slices as there may be listings that are made. */
static void
make_a_round(struct fixture *fixture, const struct listing *listing)
{
	for (int i = 0; i < LISTINGS_AT_ONCE; i++)
		(void)go_on(fixture, listing);
}

/* A short listing does not wait for the end of long ones, */
static void
test_turns(void **state)
{
	struct fixture *fixture = *state;
	struct listing *long_ones[LISTINGS_AT_ONCE - 1], *short_one;

	begin_long_ones(fixture, long_ones, LISTINGS_AT_ONCE - 1);
	short_one = ask(fixture, "short/");
	make_a_round(fixture, short_one);
	assert_int_equal(short_one->state, LISTING_WHOLE);
	release_all(long_ones, LISTINGS_AT_ONCE - 1);
	listing_release(short_one);
}

/* but where as many are made as may be; one that nobody wants any more makes
 * room. */
static void
test_bound(void **state)
{
	struct fixture *fixture = *state;
	struct listing *long_ones[LISTINGS_AT_ONCE], *short_one;

	begin_long_ones(fixture, long_ones, LISTINGS_AT_ONCE);
	short_one = ask(fixture, "short/");
	make_a_round(fixture, short_one);
	assert_true(short_one->look == LISTING_NOT_BEGUN);
	listing_release(long_ones[0]);
	make_a_round(fixture, short_one);
	assert_int_equal(short_one->state, LISTING_WHOLE);
	release_all(long_ones + 1, LISTINGS_AT_ONCE - 1);
	listing_release(short_one);
}

/* Who has nobody else to serve gets it at once, and shares it with nobody. */
static void
test_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct listing *shared, *own;

	shared = ask(fixture, "long/");
	fixture->moment.since = MOMENT_LOOK_ANEW;
	own = ask(fixture, "long/");
	assert_ptr_not_equal(own, shared);
	assert_int_equal(own->state, LISTING_WHOLE);
	assert_int_equal(shared->state, LISTING_NEW);
	assert_int_equal(listings_go_on(&fixture->listings, own,
			     &fixture->moment),
	    0);
	listing_release(own);
	listing_release(shared);
}

/* What is no directory is so at once; one that goes meanwhile, when it is
 * read. */
static void
test_faults(void **state)
{
	struct fixture *fixture = *state;
	const struct listing_query query = { fixture->generation, SPAN("none/"),
		false };
	struct listing *listing;

	assert_null(listings_ask(&fixture->listings, &query, &fixture->moment));
	assert_int_equal(errno, ENOENT);
	mkdir("gone", 0755);
	listing = ask(fixture, "gone/");
	assert_return_code(rmdir("gone"), 0);
	assert_true(go_on(fixture, listing));
	assert_int_equal(listing->state, LISTING_FAILED);
	assert_int_equal(listing->error, ENOENT);
	listing_release(listing);
}

#define LISTINGS_TEST(test) \
 cmocka_unit_test_setup_teardown(test, listings_setup, listings_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTINGS_TEST(test_steps),
		LISTINGS_TEST(test_slices),
		LISTINGS_TEST(test_pause),
		LISTINGS_TEST(test_sharing),
		LISTINGS_TEST(test_made_by_others),
		LISTINGS_TEST(test_turns),
		LISTINGS_TEST(test_bound),
		LISTINGS_TEST(test_at_once),
		LISTINGS_TEST(test_faults),
	};

	return cmocka_run_group_tests_name("listings", tests, listings_enter,
	    listings_leave);
}
