/* test_journal_pages: the last requests, told page by page while others come. */
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

/* Reads one entry more; asserts what is told, and whether there may be more. */
static void
assert_next(struct journal *journal, struct journal_reader *reader,
    const char *told, bool more)
{
	static struct journal_page page;

	assert_int_equal(journal_read(journal, reader, 0, &page), more);
	assert_int_equal(page.size, strlen(told));
	assert_memory_equal(page.text, told, page.size);
}

/* Each step is over when its time is, whether it found anything or not. */
static void
test_steps(void **state)
{
	struct journal *journal = journal_new(4, UINT64_MAX);
	struct journal_reader reader = { .limit = 2, .status = 200 };

	(void)state;
	journaling_add(journal, "/", 200, 0, 'a');
	journaling_add(journal, "/", 200, 0, 'b');
	journaling_add(journal, "/", 404, 0, 'c');
	journaling_add(journal, "/", 200, 0, 'd');
	journal_begin(journal, &reader);
	assert_next(journal, &reader, "d", true);
	assert_next(journal, &reader, "", true);
	assert_next(journal, &reader, "b", false); /* so many were wanted */
	reader = (struct journal_reader){ .limit = 9, .status = 301 };
	journal_begin(journal, &reader);
	for (int i = 0; i < 4; i++)
		assert_next(journal, &reader, "", true);
	assert_next(journal, &reader, "", false);
	journal_free(journal);
}

/* What comes, is overwritten or forgotten meanwhile. */
static void
test_meanwhile(void **state)
{
	struct journal *journal = journal_new(4, UINT64_MAX);
	struct journal_reader reader = { .limit = 9 };

	(void)state;
	for (int letter = 'a'; letter < 'e'; letter++)
		journaling_add(journal, "/", 200, 0, (char)letter);
	journal_begin(journal, &reader);
	journaling_add(journal, "/", 200, 0, 'e'); /* in the place of a */
	assert_next(journal, &reader, "d", true);
	journaling_add(journal, "/", 200, 0, 'f');
	assert_next(journal, &reader, "c", true);
	assert_next(journal, &reader, "", false); /* b is gone, too */
	journal_free(journal);
}

/* The same, of two readers, where all are forgotten. */
static void
test_forgotten_meanwhile(void **state)
{
	struct journal *journal = journal_new(4, UINT64_MAX);
	struct journal_reader reader = { .limit = 9 }, other = reader;

	(void)state;
	for (int letter = 'a'; letter < 'g'; letter++)
		journaling_add(journal, "/", 200, 0, (char)letter);
	journal_begin(journal, &reader);
	journal_begin(journal, &other);
	assert_next(journal, &reader, "f", true);
	journal_clear(journal);
	journaling_add(journal, "/", 200, 0, 'g');
	assert_next(journal, &reader, "", false);
	assert_next(journal, &other, "", false);
	journaling_tells(journal, (struct journal_reader){ .limit = 9 }, "g");
	journal_begin(journal, &reader);
	for (int letter = 'h'; letter < 'q'; letter++)
		journaling_add(journal, "/", 200, 0, (char)letter);
	assert_next(journal, &reader, "", false); /* none is left */
	journal_free(journal);
}

/* A page has lines until it is full, and each whole. */
static void
test_pages(void **state)
{
	static char line[RECORD_LINE_MAX];
	static const size_t sizes[] = { 1, 100, JOURNAL_PAGE_FULL - 1,
		JOURNAL_PAGE_FULL, JOURNAL_PAGE_FULL + 1, sizeof(line) };
	struct journal_page *page = malloc(sizeof(*page));

	(void)state;
	assert_non_null(page);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct journal *journal = journal_new(400, UINT64_MAX);
		struct journal_reader reader = { .limit = 400 };
		size_t full = JOURNAL_PAGE_FULL / sizes[i] + 1, left = 400;
		bool more = true;

		for (int n = 0; n < 400; n++) {
			memset(line, 'a' + n % 26, sizes[i]);
			journaling_add_line(journal, "/", 200, 0,
			    (struct span){ line, sizes[i] });
		}
		journal_begin(journal, &reader);
		while (more) {
			more = journal_read(journal, &reader, INT64_MAX, page);
			assert_int_equal(page->size,
			    sizes[i] * (left < full ? left : full));
			for (size_t at = 0; at < page->size; at += sizes[i]) {
				left--;
				memset(line, 'a' + (int)(left % 26), sizes[i]);
				assert_memory_equal(page->text + at, line,
				    sizes[i]);
			}
		}
		assert_int_equal(left, 0);
		journal_free(journal);
	}
	free(page);
}

/* A target in absolute form has the path that rules would match. */
static void
test_absolute(void **state)
{
	struct journal *journal = journal_new(9, UINT64_MAX);

	(void)state;
	journaling_add(journal, "http://h/api/a", 200, 0, 'a');
	journaling_add(journal, "HTTP://h:80/api//%61?x=/y", 200, 0, 'b');
	journaling_add(journal, "https://h", 200, 0, 'c');
	journaling_add(journal, "http://h?/api/a", 200, 0, 'd');
	journaling_tells(journal,
	    (struct journal_reader){ JOURNALING_PATH("api/a") }, "ba");
	journaling_tells(journal,
	    (struct journal_reader){ JOURNALING_PATH("") }, "dc");
	journaling_tells(journal,
	    (struct journal_reader){ JOURNALING_PATH("**") }, "dcba");
	journal_free(journal);
}

/* ---- memory ---- */

/* Adds lines of 1000 bytes that begin with these letters. */
static void
add_large(struct journal *journal, const char *letters)
{
	char line[1000];

	for (; *letters != '\0'; letters++) {
		memset(line, *letters, sizeof(line));
		journaling_add_line(journal, "/", 200, 0,
		    (struct span){ line, sizeof(line) });
	}
}

static void
assert_large(struct journal *journal, const char *letters)
{
	static struct journal_page page;
	struct journal_reader reader = { .limit = 9 };

	journal_begin(journal, &reader);
	(void)journal_read(journal, &reader, INT64_MAX, &page);
	assert_int_equal(page.size, 1000 * strlen(letters));
	for (size_t i = 0; i < page.size; i++)
		assert_int_equal(page.text[i], letters[i / 1000]);
}

/* The oldest go where all of them would take more bytes than they may. */
static void
test_bytes(void **state)
{
	struct journal *journal = journal_new(100, 5000);
	struct journal *small = journal_new(100, 10);

	(void)state;
	assert_int_equal(journal_bytes(journal), 0);
	add_large(journal, "abcd");
	assert_large(journal, "dcba");
	assert_in_range(journal_bytes(journal), 4000, 5000);
	add_large(journal, "ef");
	assert_large(journal, "fedc");
	assert_in_range(journal_bytes(journal), 4000, 5000);
	for (int letter = 'a'; letter <= 'z'; letter++)
		journaling_add(journal, "/", 200, 0, (char)letter);
	assert_in_range(journal_bytes(journal), 2 * 26, 5000);
	journaling_tells(journal, (struct journal_reader){ .limit = 26 },
	    "zyxwvutsrqponmlkjihgfedcba");
	add_large(journal, "ghijk"); /* in the place of many */
	assert_large(journal, "kjih");
	assert_in_range(journal_bytes(journal), 4000, 5000);
	add_large(small, "ab"); /* one there always is */
	assert_large(small, "b");
	journal_free(small);
	journal_free(journal);
}

/* What has been forgotten takes memory until others need it, and never comes
 * back. */
static void
test_bytes_forgotten(void **state)
{
	struct journal *journal = journal_new(100, 5000);

	(void)state;
	add_large(journal, "abcd");
	journal_clear(journal);
	add_large(journal, "e");
	assert_large(journal, "e");
	assert_in_range(journal_bytes(journal), 4000, 5000);
	add_large(journal, "fg");
	assert_large(journal, "gfe");
	assert_in_range(journal_bytes(journal), 4000, 5000);
	journal_free(journal);
}

/* ---- threads, with long lines ---- */

/* Requests of each thread. */
#define EACH 3000

struct stress {
	struct journal *journal;
	atomic_uint adding;
	atomic_uint read; /* lines */
};

/* Adds lines of one letter each, as long as it says, until enough have been read. */
static void *
add_lines(void *arg)
{
	struct stress *stress = arg;
	char line[26 * 40 + 1];

	for (int n = 0; n < EACH || stress->read < EACH; n++) {
		size_t size = 40 * (size_t)(n % 26 + 1);

		memset(line, 'a' + n % 26, size);
		line[size] = '\n';
		journaling_add_line(stress->journal, n % 3 == 0 ? "/a" : "/b",
		    200, n, (struct span){ line, size + 1 });
	}
	stress->adding--;
	return NULL;
}

/* Reads as long as others add; each line is whole. */
static void *
read_lines(void *arg)
{
	struct stress *stress = arg;
	struct journal_page *page = malloc(sizeof(*page));
	struct journal_reader reader;

	while (stress->adding > 0) {
		reader = (struct journal_reader){ .limit = 500,
			.path = SPAN("b") };
		journal_begin(stress->journal, &reader);
		while (journal_read(stress->journal, &reader, 0, page)) {
			size_t wanted = 40 * (size_t)(page->text[0] - 'a' + 1);

			if (page->size == 0)
				continue;
			if (page->size != wanted + 1 ||
			    page->text[wanted - 1] != page->text[0] ||
			    page->text[wanted] != '\n')
				abort(); /* fail_msg() is the main thread's */
			stress->read++;
		}
	}
	free(page);
	return NULL;
}

/* Two add and two read, while a fifth forgets, in a journal that always overwrites for
 * want of places and of bytes. */
static void
test_stress(void **state)
{
	struct stress stress = { .journal = journal_new(200, 50000),
		.adding = 2 };
	pthread_t threads[4];

	(void)state;
	for (int t = 0; t < 4; t++)
		assert_int_equal(pthread_create(&threads[t], NULL,
				     t < 2 ? add_lines : read_lines, &stress),
		    0);
	while (stress.adding > 0) {
		journal_clear(stress.journal);
		assert_in_range(journal_bytes(stress.journal), 0, 50000);
		usleep(1000);
	}
	for (int t = 0; t < 4; t++)
		pthread_join(threads[t], NULL);
	assert_true(stress.read > 0);
	journal_free(stress.journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_forgotten_meanwhile),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_forgotten),
		cmocka_unit_test(test_stress),
	};

	alarm(100); /* nothing here may wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
