/* test_tally: how often keys have come, and which are forgotten. */
#include "config.h"

#include "app/tally.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct tally *
new_tally(uint32_t most)
{
	struct tally *tally = tally_new(most);

	assert_non_null(tally);
	return tally;
}

/* Keys of one letter as they come, what is counted of each, and how many had to
 * make room. */
static const struct {
	uint32_t most;
	const char *keys, *counts;
	uint64_t evicted;
} rows[] = {
	{ 1, "aaaa", "1234", 0 },
	{ 1, "abab", "1111", 3 },
	{ 1, "aabbaa", "121212", 2 },
	{ 2, "abab", "1122", 0 },
	{ 2, "abc", "111", 1 },
	{ 2, "abaca", "11213", 1 }, /* a has come later than b */
	{ 2, "abcba", "11121", 2 },
	{ 3, "abcabcabc", "111222333", 0 },
	{ 3, "abcd", "1111", 1 },
	{ 3, "abcda", "11111", 2 },
	{ 3, "abcadb", "111211", 2 },
	{ 3, "abcdabcd", "11111111", 5 },
	{ 26, "abcxyzabc", "111111222", 0 },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tally *tally = new_tally(rows[i].most);

		print_message("# %s\n", rows[i].keys);
		for (const char *key = rows[i].keys; *key != '\0'; key++)
			assert_int_equal(tally_count(tally,
					     (struct span){ key, 1 }),
			    rows[i].counts[key - rows[i].keys] - '0');
		assert_int_equal(tally_evicted(tally), rows[i].evicted);
		tally_free(tally);
	}
	tally_free(NULL);
}

/* Keys of every size, each of which begins as the others do, with any bytes; none
 * is read beyond its end, nor needed later. */
static void
test_sizes(void **state)
{
	struct tally *tally = new_tally(1000);
	char bytes[TALLY_KEY_MAX];
	struct guard guard;

	(void)state;
	guard_open(&guard, TALLY_KEY_MAX);
	for (size_t i = 0; i < TALLY_KEY_MAX; i++)
		bytes[i] = (char)(i % 3 == 0 ? 0 : 0xff - i);
	for (uint64_t round = 1; round <= 3; round++)
		for (size_t size = 0; size <= TALLY_KEY_MAX; size++) {
			struct span key = guard_at_end(&guard,
			    (struct span){ bytes, size });

			assert_int_equal(tally_count(tally, key), round);
			memset((char *)key.data, '?', key.size);
		}
	/* the last byte counts */
	bytes[TALLY_KEY_MAX - 1] ^= 1;
	assert_int_equal(tally_count(tally,
			     (struct span){ bytes, TALLY_KEY_MAX }),
	    1);
	assert_int_equal(tally_count(tally, SPAN("")), 4);
	assert_int_equal(tally_evicted(tally), 0);
	tally_free(tally);
	guard_close(&guard);
}

/* ---- beside a tally that is plain ---- */

#define KEYS 300 /* so that several share a bucket */

struct plain {
	uint32_t most, known;
	uint64_t turn, evicted;
	struct {
		uint64_t count, last; /* 0: it is not known */
	} keys[KEYS];
};

static void
plain_forget_oldest(struct plain *plain)
{
	size_t oldest = 0;

	for (size_t i = 0; i < KEYS; i++)
		if (plain->keys[i].count > 0 &&
		    (plain->keys[oldest].count == 0 ||
			plain->keys[i].last < plain->keys[oldest].last))
			oldest = i;
	plain->keys[oldest].count = 0;
	plain->known--;
	plain->evicted++;
}

static uint64_t
plain_count(struct plain *plain, size_t key)
{
	if (plain->keys[key].count == 0) {
		if (plain->known == plain->most)
			plain_forget_oldest(plain);
		plain->known++;
	}
	plain->keys[key].last = ++plain->turn;
	return ++plain->keys[key].count;
}

static void
test_beside_plain(void **state)
{
	static const uint32_t mosts[] = { 1, 2, 3, 16, 100, 299, 300, 301 };
	uint64_t random = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(mosts); i++) {
		struct plain plain = { .most = mosts[i] };
		struct tally *tally = new_tally(mosts[i]);

		for (int turn = 0; turn < 20000; turn++) {
			size_t key;
			char text[16];
			int size;

			random = random * 6364136223846793005U +
				 1442695040888963407U;
			key = (random >> 33) % KEYS;
			if (random >> 63) /* half of them are of a few */
				key %= 20;
			size = snprintf(text, sizeof(text), "key %zu", key);
			assert_int_equal(tally_count(tally, (struct span){ text,
								(size_t)size }),
			    plain_count(&plain, key));
		}
		assert_int_equal(tally_evicted(tally), plain.evicted);
		tally_free(tally);
	}
}

/* ---- threads ---- */

#define THREADS 2
#define EACH    200000 /* keys that each thread counts */

struct crowd {
	struct tally *tally;
	pthread_barrier_t start;
};

static void *
count_many(void *arg)
{
	struct crowd *crowd = arg;
	struct tally *tally = crowd->tally;

	pthread_barrier_wait(&crowd->start);
	for (int i = 0; i < EACH; i++) {
		char text[16];
		int size = snprintf(text, sizeof(text), "%d", i % 100);

		(void)tally_count(tally, (struct span){ text, (size_t)size });
		if (i % 1000 == 0)
			(void)tally_evicted(tally);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct tally *tally = new_tally(100);
	struct crowd crowd = { .tally = tally };
	pthread_t threads[THREADS];

	(void)state;
	alarm(100); /* nothing here may wait for ever */
	assert_int_equal(pthread_barrier_init(&crowd.start, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many,
				     &crowd),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd.start);
	for (int i = 0; i < 100; i++) {
		char text[16];
		int size = snprintf(text, sizeof(text), "%d", i);

		assert_int_equal(tally_count(tally,
				     (struct span){ text, (size_t)size }),
		    THREADS * EACH / 100 + 1);
	}
	assert_int_equal(tally_evicted(tally), 0);
	tally_free(tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_beside_plain),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
