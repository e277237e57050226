/* test_journal: which of the last requests are told, newest first. */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "journaling.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* `added` requests to a journal of `most`, the letters from a on; what is told of
 * `limit` then. */
static const struct {
	uint32_t most;
	unsigned added;
	int64_t limit;
	const char *told;
} ring_rows[] = {
	{ 1, 0, 9, "" },
	{ 1, 1, 9, "a" },
	{ 1, 5, 9, "e" },
	{ 3, 2, 9, "ba" },
	{ 3, 3, 9, "cba" },
	{ 3, 4, 9, "dcb" },
	{ 3, 9, 9, "ihg" },
	{ 3, 9, 2, "ih" },
	{ 3, 9, 1, "i" },
	{ 3, 9, 0, "" },
	{ 26, 26, 26, "zyxwvutsrqponmlkjihgfedcba" },
};

static void
test_ring(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ring_rows); i++) {
		struct journal *journal = journal_new(ring_rows[i].most,
		    UINT64_MAX);

		assert_non_null(journal);
		for (unsigned n = 0; n < ring_rows[i].added; n++)
			journaling_add(journal, "/", 200, 0, (char)('a' + n));
		journaling_tells(journal,
		    (struct journal_reader){ .limit = ring_rows[i].limit },
		    ring_rows[i].told);
		journal_free(journal);
	}
	journal_free(NULL);
}

/* More than are held at a time. */
static void
test_slices(void **state)
{
	struct journal *journal = journal_new(1000, UINT64_MAX);
	struct told told;

	(void)state;
	for (int n = 0; n < 1500; n++)
		journaling_add(journal, "/", n % 2 == 0 ? 200 : 404, n,
		    n < 1490 ? 'a' : 'b');
	journaling_find(journal, (struct journal_reader){ .limit = 2000 },
	    &told);
	assert_int_equal(told.size, 1000);
	assert_memory_equal(told.letters, "bbbbbbbbbba", 11);
	journaling_tells(journal,
	    (struct journal_reader){ .limit = 3, .since = 1489, .status = 404 },
	    "bbb");
	journaling_find(journal,
	    (struct journal_reader){ .limit = 2000, .status = 200 }, &told);
	assert_int_equal(told.size, 500);
	journal_free(journal);
}

static const struct {
	struct journal_reader query;
	const char *told;
} filter_rows[] = {
	{ { .limit = 9 }, "hgfedcba" },
	{ { .limit = 9, .status = 200 }, "hgba" },
	{ { .limit = 9, .status = 503 }, "dc" },
	{ { .limit = 9, .status = 404 }, "" },
	{ { .limit = 9, .since = 300 }, "hgfedc" },
	{ { .limit = 9, .since = 301 }, "hgfed" },
	{ { .limit = 9, .since = 801 }, "" },
	{ { .limit = 1, .status = 503 }, "d" },
	{ { JOURNALING_PATH("api/a") }, "cba" },
	{ { JOURNALING_PATH("api/*") }, "cba" },
	{ { JOURNALING_PATH("api/**") }, "dcba" },
	{ { JOURNALING_PATH("**") }, "hgfedcba" },
	{ { JOURNALING_PATH("") }, "g" },
	{ { JOURNALING_PATH("a b") }, "e" },
	{ { JOURNALING_PATH("api/a"), .status = 503 }, "c" },
	{ { JOURNALING_PATH("api/a"), .status = 200, .since = 150 }, "b" },
	{ { JOURNALING_PATH("no") }, "" },
};

/* By path, which is decoded, and without its query; by status; by time. */
static void
test_filters(void **state)
{
	struct journal *journal = journal_new(8, UINT64_MAX);

	(void)state;
	journaling_add(journal, "/api/a", 200, 100, 'a');
	journaling_add(journal, "/api//%61?x=/y", 200, 200, 'b');
	journaling_add(journal, "/api/./a", 503, 300, 'c');
	journaling_add(journal, "/api/b/c", 503, 400, 'd');
	journaling_add(journal, "/a%20b", 301, 500, 'e');
	journaling_add(journal, "/apis", 204, 600, 'f');
	journaling_add(journal, "/?/api/a", 200, 700, 'g');
	journaling_add(journal, "/a", 200, 800, 'h');
	for (size_t i = 0; i < COUNT(filter_rows); i++)
		journaling_tells(journal, filter_rows[i].query,
		    filter_rows[i].told);
	journal_free(journal);
}

/* A request that could not be read, or whose target is no path, has no path. */
static void
test_without_path(void **state)
{
	struct journal *journal = journal_new(4, UINT64_MAX);
	struct record *record = malloc(record_size(NULL));

	(void)state;
	record_take(record, 5, 1, NULL);
	journal_add(journal, record, 400, SPAN("a"));
	free(record);
	journaling_add(journal, "/%zz", 400, 6, 'b');
	journaling_add(journal, "/..", 400, 7, 'c');
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "cba");
	journaling_tells(journal,
	    (struct journal_reader){ JOURNALING_PATH("**") }, "");
	journal_free(journal);
}

static void
test_forgotten(void **state)
{
	struct journal *journal = journal_new(3, UINT64_MAX);

	(void)state;
	journal_clear(journal);
	journaling_add(journal, "/", 200, 0, 'a');
	journaling_add(journal, "/", 200, 0, 'b');
	journal_clear(journal);
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "");
	journaling_add(journal, "/", 200, 0, 'c');
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "c");
	for (int letter = 'd'; letter < 'h'; letter++)
		journaling_add(journal, "/", 200, 0, (char)letter);
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "gfe");
	journal_clear(journal);
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "");
	journal_free(journal);
}

/* ---- threads ---- */

#define EACH 3000

static void *
add_many(void *arg)
{
	for (int n = 0; n < EACH; n++)
		journaling_add(arg, "/", 200, n, 'a');
	return NULL;
}

/* Two add while a third looks, and forgets: none is lost, and all are whole. */
static void
test_threads(void **state)
{
	struct journal *journal = journal_new(1000, UINT64_MAX);
	struct told told;
	pthread_t threads[2];

	(void)state;
	for (int t = 0; t < 2; t++)
		assert_int_equal(pthread_create(&threads[t], NULL, add_many,
				     journal),
		    0);
	for (int i = 0; i < 50; i++) {
		journaling_find(journal,
		    (struct journal_reader){ JOURNALING_PATH(""),
			.status = 200 },
		    &told);
		if (i % 8 == 0)
			journal_clear(journal);
	}
	for (int t = 0; t < 2; t++)
		pthread_join(threads[t], NULL);
	add_many(journal);
	journaling_find(journal, (struct journal_reader){ .limit = 2000 },
	    &told);
	assert_int_equal(told.size, 1000);
	journal_free(journal);
}

/* ---- readers that take their time ---- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_without_path),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_threads),
	};

	alarm(100); /* nothing here may wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
