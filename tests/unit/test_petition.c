/* test_petition: who owns a petition and a census, what is read of them, and by
 * which thread. */
#include "config.h"

#include "server/petition.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/census.h"

#define ROUNDS 200

/* It lives as long as one owner is left, and its text as long as it does. */
static void
test_petition_owners(void **state)
{
	struct petition *petition = petition_new(strdup("/a delay=1s\n"), 12);

	(void)state;
	assert_non_null(petition);
	assert_int_equal(petition_state(petition), PETITION_ASKED);
	assert_ptr_equal(petition_hold(petition), petition);
	petition_release(petition);
	assert_memory_equal(petition->text, "/a delay=1s\n", 12);
	assert_int_equal(petition->size, 12);
	petition_release(petition);
	petition_release(NULL);
	assert_null(petition_hold(NULL));
	petition_release(petition_new(NULL, 0));
}

static void
test_petition_states(void **state)
{
	static const enum petition_state states[] = { PETITION_DONE,
		PETITION_FAULTY, PETITION_STALE, PETITION_REFUSED };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct petition *petition = petition_new(NULL, 0);

		petition_end(petition, states[i]);
		assert_int_equal(petition_state(petition), states[i]);
		petition_release(petition);
	}
}

/* What the main thread does: it reads what is asked, says what comes of it, and lets
 * go. */
static void *
hear_petition(void *arg)
{
	struct petition *petition = arg;

	petition->tag = (uint64_t)petition->text[0];
	strcpy(petition->fault.why, "why");
	petition_end(petition, PETITION_DONE);
	petition_release(petition);
	return NULL;
}

/* Who asks sees all that it says, once it has ended; whoever lets go first. */
static void
test_petition_threads(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct petition *petition = petition_new(strdup("t"), 1);
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, hear_petition,
				     petition_hold(petition)),
		    0);
		if (i % 2 == 0) {
			while (petition_state(petition) == PETITION_ASKED)
				sched_yield();
			assert_int_equal(petition->tag, 't');
			assert_string_equal(petition->fault.why, "why");
		}
		petition_release(petition);
		pthread_join(thread, NULL);
	}
}

/* A new census has a part for each worker, and nobody has told. */
static void
test_census_parts(void **state)
{
	static const unsigned counts[] = { 0, 1, 2, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct census *census = census_new(counts[i]);

		assert_non_null(census);
		assert_int_equal(census->count, counts[i]);
		for (unsigned w = 0; w < counts[i]; w++) {
			assert_false(atomic_load(&census->parts[w].told));
			assert_int_equal(census->parts[w].count, 0);
			assert_int_equal(census->parts[w].shown, 0);
			assert_null(census->parts[w].sleepers);
		}
		census_release(census);
	}
}

/* Its last owner frees all parts, told or not. */
static void
test_census_owners(void **state)
{
	struct census *census = census_new(3);

	(void)state;
	census->parts[1].sleepers = calloc(2, sizeof(struct census_sleeper));
	assert_ptr_equal(census_hold(census), census);
	census_release(census);
	census->parts[1].sleepers[1].due = 5;
	census_release(census);
	census_release(NULL);
	assert_null(census_hold(NULL));
}

/* A worker, which tells its part. */
struct teller {
	struct census *census;
	unsigned worker;
};

static void *
tell_part(void *arg)
{
	const struct teller *teller = arg;
	struct census_part *part = &teller->census->parts[teller->worker];

	part->sleepers = calloc(1, sizeof(*part->sleepers));
	part->sleepers[0].due = teller->worker + 1;
	part->shown = 1;
	part->count = 10 + teller->worker;
	atomic_store(&part->told, true);
	census_release(teller->census);
	return NULL;
}

static void
read_parts(struct census *census)
{
	for (unsigned w = 0; w < census->count; w++) {
		const struct census_part *part = &census->parts[w];

		while (!atomic_load(&part->told))
			sched_yield();
		assert_int_equal(part->count, 10 + w);
		assert_int_equal(part->shown, 1);
		assert_int_equal(part->sleepers[0].due, w + 1);
	}
}

/* Who asks may leave before all have told. */
static void
test_census_threads(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct census *census = census_new(2);
		struct teller tellers[2];
		pthread_t threads[2];

		for (unsigned w = 0; w < 2; w++) {
			tellers[w] = (struct teller){ census_hold(census), w };
			assert_int_equal(pthread_create(&threads[w], NULL,
					     tell_part, &tellers[w]),
			    0);
		}
		if (i % 2 == 0)
			read_parts(census);
		census_release(census);
		for (unsigned w = 0; w < 2; w++)
			pthread_join(threads[w], NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_petition_owners),
		cmocka_unit_test(test_petition_states),
		cmocka_unit_test(test_petition_threads),
		cmocka_unit_test(test_census_parts),
		cmocka_unit_test(test_census_owners),
		cmocka_unit_test(test_census_threads),
	};

	alarm(100); /* nothing here may wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
