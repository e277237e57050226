/* Tests of server/staged and app/answer: whole answers by words, as they come. */
#include "config.h"

#include "server/staged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "running.h"

#define MS CLOCK_MS

static struct running running;

static void
assert_letters(const char *data, size_t size)
{
	for (size_t k = 0; k < size; k++)
		assert_int_equal(data[k], 'a' + (char)(k % 26));
}

/* A body of letters: what the head says, how much comes, and when: the head, the
 * body's first byte, its last one, in ms. */
static const struct body_row {
	const char *target;
	const char *line; /* of the head */
	size_t size;
	int64_t first, body_first, last;
	bool reset, keep;
} bodies[] = {
	{ "/sleep/0?size=1", "Content-Length: 1", 1, 0, 0, 0, false, true },
	{ "/sleep/1s?size=100k", "Content-Length: 102400", 102400, 1000, 1000,
	    1000, false, true },
	{ "/sleep/1s?size=5&at=body", "Content-Length: 5", 5, 0, 1000, 1000,
	    false, true },
	{ "/sleep/1s?size=5&at=end", "Content-Length: 5", 5, 0, 0, 1000, false,
	    true },
	{ "/sleep/1s?size=1&at=end", "Content-Length: 1", 1, 0, 1000, 1000,
	    false, true },
	{ "/sleep/1s?size=1000&over=2s", "Content-Length: 1000", 1000, 1000,
	    1000, 3000, false, true },
	{ "/sleep/1s?size=2&over=2s", "Content-Length: 2", 2, 1000, 1000, 3000,
	    false, true },
	{ "/sleep/1s?size=1&over=2s", "Content-Length: 1", 1, 1000, 3000, 3000,
	    false, true },
	{ "/sleep/1s?size=1000&over=2s&at=body", "Content-Length: 1000", 1000,
	    0, 1000, 3000, false, true },
	{ "/sleep/1s?size=1000&over=2s&at=end", "Content-Length: 1000", 1000, 0,
	    0, 3000, false, true },
	{ "/sleep/0?size=1001&rate=500", "Content-Length: 1001", 1001, 0, 0,
	    2000, false, true },
	{ "/sleep/0?size=10&every=100ms", "Content-Length: 10", 10, 0, 0, 900,
	    false, true },
	{ "/sleep/0?size=10&every=100ms&chunk=4", "Content-Length: 10", 10, 0,
	    0, 200, false, true },
	{ "/sleep/0?size=20k&every=1s&chunk=20k", "Content-Length: 20480",
	    20480, 0, 0, 0, false, true },
	{ "/sleep/0?size=5&framing=close", "Connection: close", 5, 0, 0, 0,
	    false, false },
	{ "/sleep/0?size=5&close=100", "Connection: close", 5, 0, 0, 0, false,
	    false },
	{ "/sleep/0?size=5&fault=length", "Content-Length: 6", 5, 0, 0, 0,
	    false, false },
	{ "/sleep/0?size=10&fault=truncate", "Content-Length: 10", 5, 0, 0, 0,
	    false, false },
	{ "/sleep/0?size=10&fault=truncate&after=9", "Content-Length: 10", 9, 0,
	    0, 0, false, false },
	{ "/sleep/0?size=10&fault=truncate&after=10", "Content-Length: 10", 10,
	    0, 0, 0, false, true },
	{ "/sleep/0?size=10&fault=truncate&after=0", "Content-Length: 10", 0, 0,
	    -1, 0, false, false },
	{ "/sleep/1s?size=10&fault=truncate&at=end", "Content-Length: 10", 5, 0,
	    0, 1000, false, false },
	{ "/sleep/0?size=10&fault=close&after=3", "Content-Length: 10", 3, 0, 0,
	    0, false, false },
	{ "/sleep/0?size=10&fault=reset&after=3", "Content-Length: 10", 3, 0, 0,
	    0, true, true },
	{ "/sleep/0?size=10&fault=reset&after=11", "Content-Length: 10", 10, 0,
	    0, 0, true, true },
	{ "/sleep/0?size=10&fault=hang&for=2s&after=3", "Content-Length: 10", 3,
	    0, 0, 0, true, true },
	{ "/sleep/0?size=101&fault=close&after=51&over=1s",
	    "Content-Length: 101", 51, 0, 0, 500, false, false },
};

static void
test_bodies(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		const struct body_row *row = &bodies[i];

		running_get(&running, *state, row->target);
		assert_true(running_has(&running, row->line));
		assert_int_equal(running.body_size, row->size);
		assert_letters(running.body, running.body_size);
		assert_int_equal(running.first, row->first * MS);
		assert_int_equal(running.body_first,
		    row->body_first == -1 ? -1 : row->body_first * MS);
		assert_int_equal(running.last, row->last * MS);
		assert_int_equal(running.reset, row->reset);
		if (!row->reset)
			assert_int_equal(running.keep, row->keep);
		assert_true(running.waits <= running.ended / PACE_TICK + 3);
	}
}

/* The same in chunks, which are well formed. */
static const struct chunk_row {
	const char *target;
	size_t size;
	bool last; /* the last chunk is there */
	bool keep;
} chunks[] = {
	{ "/sleep/0?size=1&framing=chunked", 1, true, true },
	{ "/sleep/0?size=0&framing=chunked", 0, true, true },
	{ "/sleep/0?size=100k&framing=chunked", 102400, true, true },
	{ "/sleep/0?size=100&framing=chunked&every=1s", 100, true, true },
	{ "/sleep/0?size=1k&framing=chunked&over=1s&at=end", 1024, true, true },
	{ "/sleep/0?size=10&framing=chunked&close=100", 10, true, false },
	{ "/sleep/0?size=10&framing=chunked&fault=truncate", 5, false, false },
	{ "/sleep/0?size=10&framing=chunked&fault=truncate&after=10", 10, false,
	    false },
	{ "/sleep/0?size=10&framing=chunked&fault=close&after=0", 0, false,
	    false },
	{ "/sleep/0?size=10&framing=chunked&fault=close&after=10", 10, false,
	    false },
	{ "/sleep/0?size=10&framing=chunked&fault=reset&after=7", 7, false,
	    true },
};

static void
test_chunks(void **state)
{
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		const struct chunk_row *row = &chunks[i];
		size_t size;
		char *data;

		running_get(&running, *state, row->target);
		assert_true(
		    running_has(&running, "Transfer-Encoding: chunked"));
		assert_null(strstr(running.bytes, "Content-Length"));
		data = running_decode(&running, &size, row->last);
		assert_int_equal(size, row->size);
		assert_letters(data, size);
		assert_true(running.keep == row->keep || running.reset);
		free(data);
	}
}

/* A chunk whose size is none: it is the first one, of nothing too. */
static void
test_no_size(void **state)
{
	running_get(&running, *state, "/sleep/0?size=5&fault=chunk");
	assert_true(running_has(&running, "Transfer-Encoding: chunked"));
	assert_memory_equal(running.body, "no-size\r\n", 9);
	assert_false(running.keep);
	running_get(&running, *state, "/sleep/0?size=0&fault=chunk");
	assert_true(running_has(&running, "Transfer-Encoding: chunked"));
	assert_string_equal(running.body, "no-size\r\n\r\n");
	assert_false(running.keep);
}

/* Events and lines, which come in chunks unless it is said otherwise. */
static void
test_events(void **state)
{
	size_t size;
	char *data;

	running_get(&running, *state, "/sleep/0?events=12&every=1s");
	assert_true(running_has(&running, "Content-Type: text/event-stream"));
	assert_int_equal(running.last, 11 * CLOCK_S);
	data = running_decode(&running, &size, true);
	assert_memory_equal(data, "id: 1\ndata: {\"n\":1,\"time\":\"", 27);
	assert_memory_equal(data + size - 4, "\"}\n\n", 4);
	free(data);

	running_get(&running, *state, "/sleep/0?lines=3&framing=length");
	assert_true(
	    running_has(&running, "Content-Type: application/x-ndjson"));
	assert_true(running_has(&running, "Content-Length: 135"));
	assert_int_equal(running.body_size, 135);
}

/* Interim responses come at once, before any delay; never to HTTP/1.0. */
static void
test_interims(void **state)
{
	static const char interims[] = "HTTP/1.1 103 Early Hints\r\n\r\n"
				       "HTTP/1.1 100 Continue\r\n\r\n"
				       "HTTP/1.1 102 Processing\r\n\r\n"
				       "HTTP/1.1 200 OK\r\n";

	running_get(&running, *state,
	    "/sleep/1s?interim=103&interim=100&interim=102");
	assert_memory_equal(running.bytes, interims, sizeof(interims) - 1);
	assert_int_equal(running.first, 0);
	assert_int_equal(running.last, CLOCK_S);
	running_ask(&running, *state,
	    REQUEST("GET", "/sleep/1s?interim=103", "1.0", ""));
	assert_memory_equal(running.bytes, "HTTP/1.1 200", 12);
	assert_true(running_has(&running, "Mtasync: delay=1000, "
					  "interim;skipped"));
	assert_int_equal(running.first, CLOCK_S);
}

/* A head by and by is the head that comes at once, and its content behind it. */
static void
test_headrate(void **state)
{
	static const char *const rates[] = { "1", "3", "20", "1k", "1g" };
	static const unsigned numbers[] = { 1, 3, 20, 1024, 1 << 30 };
	char target[64];

	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		size_t head;

		snprintf(target, sizeof(target), "/sleep/1s?headrate=%s&size=9",
		    rates[i]);
		running_get(&running, *state, target);
		head = (size_t)(running.body - running.bytes);
		assert_memory_equal(running.bytes, "HTTP/1.1 200 OK\r\n", 17);
		assert_true(running_has(&running, "Content-Length: 9"));
		assert_true(
		    running_has(&running, "Mtasync: delay=1000, size=9, "
					  "headrate"));
		assert_int_equal(running.body_size, 9);
		assert_int_equal(running.first, CLOCK_S);
		assert_int_equal(running.last,
		    CLOCK_S + ((int64_t)(head - 1) * CLOCK_S + numbers[i] - 1) /
				  numbers[i]);
		assert_true(running.keep);
		assert_int_equal(((struct asking *)*state)->totals.sleepers, 0);
	}
}

/* To HEAD, no content drips; it waits all the same. */
static void
test_head(void **state)
{
	static const char *const targets[] = { "/sleep/1s?size=100&over=2s",
		"/sleep/1s?size=100&rate=50&at=end",
		"/sleep/1s?events=5&every=1s",
		"/sleep/1s?size=10&framing=chunked&at=body" };

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		char request[256];

		snprintf(request, sizeof(request),
		    "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
		running_ask(&running, *state, request);
		assert_int_equal(running.body_size, 0);
		assert_int_equal(running.first, CLOCK_S);
		assert_int_equal(running.ended, CLOCK_S);
		assert_true(running.keep);
	}
}

/* What is no answer. */
static void
test_no_answer(void **state)
{
	running_get(&running, *state, "/sleep/1s?fault=close");
	assert_int_equal(running.size, 0);
	assert_int_equal(running.ended, CLOCK_S);
	assert_false(running.keep || running.reset);
	running_get(&running, *state, "/sleep/1s?fault=reset");
	assert_int_equal(running.size, 0);
	assert_true(running.reset);
	running_get(&running, *state, "/sleep/1s?fault=hang");
	assert_int_equal(running.size, 0);
	assert_true(running.hung && running.reset);
	assert_int_equal(running.ended, 61 * CLOCK_S);
	running_get(&running, *state,
	    "/sleep/1s?fault=close&framing=chunked&size=5");
	assert_int_equal(running.size, 0);
	assert_false(running.keep || running.reset);
	running_get(&running, *state,
	    "/sleep/1s?fault=garbage&framing=chunked&size=5");
	assert_null(memmem(running.bytes, running.size, "\r\n\r\n0", 5));
	running_get(&running, *state, "/sleep/1s?fault=garbage&size=5");
	assert_true(running.size > 0 && !running.keep && !running.reset);
	assert_memory_not_equal(running.bytes, "HTTP", 4);
	assert_int_equal(running.ended, CLOCK_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_bodies),
		ASKING_TEST(test_chunks),
		ASKING_TEST(test_no_size),
		ASKING_TEST(test_events),
		ASKING_TEST(test_interims),
		ASKING_TEST(test_headrate),
		ASKING_TEST(test_head),
		ASKING_TEST(test_no_answer),
	};

	return cmocka_run_group_tests_name("staged", tests, NULL, NULL);
}
