/* test_journal: which of the last requests are told, newest first. */
#include "config.h"

#include "server/journal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/parser.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Adds a request; its line is one letter. */
static void
add(struct journal *journal, const char *target, unsigned status, int64_t wall,
    char letter)
{
	static _Thread_local struct http_request request;
	char head[256];
	struct record *record;

	snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
	    target);
	assert_int_equal(http_request_parse(&request, span_of(head), 0),
	    HTTP_OK);
	record = malloc(record_size(&request));
	assert_non_null(record);
	record_take(record, wall, 1, &request);
	journal_add(journal, record, status, (struct span){ &letter, 1 });
	free(record);
}

struct told {
	char letters[2048];
	size_t size;
};

static void
tell(void *arg, struct span line)
{
	struct told *told = arg;

	assert_int_equal(line.size, 1);
	assert_true(told->size < sizeof(told->letters) - 1);
	told->letters[told->size++] = line.data[0];
	told->letters[told->size] = '\0';
}

static void
assert_told(struct journal *journal, struct journal_query query,
    const char *wanted)
{
	struct told told = { 0 };

	journal_find(journal, &query, tell, &told);
	assert_string_equal(told.letters, wanted);
}

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
		struct journal *journal = journal_new(ring_rows[i].most);

		assert_non_null(journal);
		for (unsigned n = 0; n < ring_rows[i].added; n++)
			add(journal, "/", 200, 0, (char)('a' + n));
		assert_told(journal,
		    (struct journal_query){ .limit = ring_rows[i].limit },
		    ring_rows[i].told);
		journal_free(journal);
	}
	journal_free(NULL);
}

/* More than are looked at while the lock is held. */
static void
test_slices(void **state)
{
	struct journal *journal = journal_new(1000);
	struct told told = { 0 };

	(void)state;
	for (int n = 0; n < 1500; n++)
		add(journal, "/", n % 2 == 0 ? 200 : 404, n,
		    n < 1490 ? 'a' : 'b');
	journal_find(journal, &(struct journal_query){ .limit = 2000 }, tell,
	    &told);
	assert_int_equal(told.size, 1000);
	assert_memory_equal(told.letters, "bbbbbbbbbba", 11);
	assert_told(journal,
	    (struct journal_query){ .limit = 3, .since = 1489, .status = 404 },
	    "bbb");
	told.size = 0;
	journal_find(journal,
	    &(struct journal_query){ .limit = 2000, .status = 200 }, tell,
	    &told);
	assert_int_equal(told.size, 500);
	journal_free(journal);
}

#define PATH(text) .path = SPAN(text), .limit = 9

static const struct {
	struct journal_query query;
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
	{ { PATH("api/a") }, "cba" },
	{ { PATH("api/*") }, "cba" },
	{ { PATH("api/**") }, "dcba" },
	{ { PATH("**") }, "hgfedcba" },
	{ { PATH("") }, "g" },
	{ { PATH("a b") }, "e" },
	{ { PATH("api/a"), .status = 503 }, "c" },
	{ { PATH("api/a"), .status = 200, .since = 150 }, "b" },
	{ { PATH("no") }, "" },
};

/* By path, which is decoded, and without its query; by status; by time. */
static void
test_filters(void **state)
{
	struct journal *journal = journal_new(8);

	(void)state;
	add(journal, "/api/a", 200, 100, 'a');
	add(journal, "/api//%61?x=/y", 200, 200, 'b');
	add(journal, "/api/./a", 503, 300, 'c');
	add(journal, "/api/b/c", 503, 400, 'd');
	add(journal, "/a%20b", 301, 500, 'e');
	add(journal, "/apis", 204, 600, 'f');
	add(journal, "/?/api/a", 200, 700, 'g');
	add(journal, "/a", 200, 800, 'h');
	for (size_t i = 0; i < COUNT(filter_rows); i++)
		assert_told(journal, filter_rows[i].query, filter_rows[i].told);
	journal_free(journal);
}

/* A request that could not be read, or whose target is no path, has no path. */
static void
test_without_path(void **state)
{
	struct journal *journal = journal_new(4);
	struct record *record = malloc(record_size(NULL));

	(void)state;
	record_take(record, 5, 1, NULL);
	journal_add(journal, record, 400, SPAN("a"));
	free(record);
	add(journal, "/%zz", 400, 6, 'b');
	add(journal, "/..", 400, 7, 'c');
	assert_told(journal, (struct journal_query){ .limit = 9 }, "cba");
	assert_told(journal, (struct journal_query){ PATH("**") }, "");
	journal_free(journal);
}

static void
test_forgotten(void **state)
{
	struct journal *journal = journal_new(3);

	(void)state;
	journal_clear(journal);
	add(journal, "/", 200, 0, 'a');
	add(journal, "/", 200, 0, 'b');
	journal_clear(journal);
	assert_told(journal, (struct journal_query){ .limit = 9 }, "");
	add(journal, "/", 200, 0, 'c');
	assert_told(journal, (struct journal_query){ .limit = 9 }, "c");
	for (int letter = 'd'; letter < 'h'; letter++)
		add(journal, "/", 200, 0, (char)letter);
	assert_told(journal, (struct journal_query){ .limit = 9 }, "gfe");
	journal_clear(journal);
	assert_told(journal, (struct journal_query){ .limit = 9 }, "");
	journal_free(journal);
}

/* ---- threads ---- */

#define EACH 3000

static void *
add_many(void *arg)
{
	for (int n = 0; n < EACH; n++)
		add(arg, "/", 200, n, 'a');
	return NULL;
}

/* Two add while a third looks, and forgets: none is lost, and all are whole. */
static void
test_threads(void **state)
{
	struct journal *journal = journal_new(1000);
	struct told told;
	pthread_t threads[2];

	(void)state;
	for (int t = 0; t < 2; t++)
		assert_int_equal(pthread_create(&threads[t], NULL, add_many,
				     journal),
		    0);
	for (int i = 0; i < 50; i++) {
		told.size = 0;
		journal_find(journal,
		    &(struct journal_query){ PATH(""), .status = 200 }, tell,
		    &told);
		if (i % 8 == 0)
			journal_clear(journal);
	}
	for (int t = 0; t < 2; t++)
		pthread_join(threads[t], NULL);
	told.size = 0;
	add_many(journal);
	journal_find(journal, &(struct journal_query){ .limit = 2000 }, tell,
	    &told);
	assert_int_equal(told.size, 1000);
	journal_free(journal);
}

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
