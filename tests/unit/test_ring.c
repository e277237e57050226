/* test_ring: what goes in comes out, whole and in order, or is counted. */
#include "config.h"

#include "base/ring.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "filler.h"
#include "guard.h"

/* Where a ring may stand: at its places' begin and end, and where positions
 * themselves begin anew. */
static const uint64_t positions[] = {
	0,
	1,
	RING_SIZE / 2,
	RING_SIZE - 9,
	RING_SIZE - 1,
	RING_SIZE,
	7 * RING_SIZE - 4,
	UINT64_MAX - RING_SIZE + 1,
	UINT64_MAX - 8,
	UINT64_MAX,
};

#define POSITIONS (sizeof(positions) / sizeof(positions[0]))

/* The ring ends where memory does; `line` has room for one byte more than it
 * takes, and `seen` for what it gives. */
struct fixture {
	struct guard guard;
	struct ring *ring;
	char *line, *seen;
};

static int
open_fixture(void **state)
{
	static struct fixture f;

	alarm(100); /* nothing here may wait for ever */
	guard_open(&f.guard, sizeof(struct ring));
	f.ring = (void *)(f.guard.data + f.guard.room - sizeof(struct ring));
	f.line = malloc(RING_SIZE + 1);
	f.seen = malloc(RING_SIZE);
	*state = &f;
	return f.line == NULL || f.seen == NULL ? -1 : 0;
}

static int
close_fixture(void **state)
{
	struct fixture *f = *state;

	guard_close(&f->guard);
	free(f->line);
	free(f->seen);
	return 0;
}

/* Returns an empty ring whose head and tail are at `position`. */
static struct ring *
ring_at(struct fixture *f, uint64_t position)
{
	ring_init(f->ring);
	atomic_init(&f->ring->head, position);
	atomic_init(&f->ring->tail, position);
	return f->ring;
}

/* Fills `line` with so many bytes, none like its neighbours. */
static struct span
line_of(struct fixture *f, size_t size)
{
	for (size_t i = 0; i < size; i++)
		f->line[i] = (char)('a' + i % 23);
	f->line[size - 1] = '\n';
	return (struct span){ f->line, size };
}

static void
copy_text(const struct ring_text *text, char *to)
{
	struct span first = text->parts[0], second = text->parts[1];

	assert_int_equal(first.size + second.size, text->size);
	memcpy(to, first.data, first.size);
	memcpy(to + first.size, second.data, second.size);
}

/* The parts, the bytes and the count of lines are all of the same text. */
static void
check_held(struct fixture *f, size_t limit, struct span expected)
{
	struct ring_text text = ring_peek(f->ring, limit);
	uint64_t lines = 0;

	assert_int_equal(text.size, expected.size);
	copy_text(&text, f->seen);
	assert_memory_equal(f->seen, expected.data, expected.size);
	for (size_t i = 0; i < expected.size; i++) {
		if (ring_text_byte(&text, i) != expected.data[i])
			fail_msg("byte %zu of %zu", i, expected.size);
		lines += expected.data[i] == '\n';
	}
	assert_int_equal(ring_text_count_lines(&text), lines);
}

/* Any part of what is held, whichever parts of the ring it lies in. */
static void
test_slice(void **state)
{
	static const char line[] = "0123456789abcd\n";
	const size_t size = sizeof(line) - 1;
	struct fixture *f = *state;

	for (size_t i = 0; i < POSITIONS; i++) {
		struct ring *ring = ring_at(f, positions[i]);
		struct ring_text text;

		assert_true(ring_append(ring, SPAN(line)));
		text = ring_peek(ring, RING_SIZE);
		for (size_t begin = 0; begin <= size; begin++)
			for (size_t end = begin; end <= size; end++) {
				struct ring_text slice = ring_text_slice(&text,
				    begin, end);

				assert_int_equal(slice.size, end - begin);
				copy_text(&slice, f->seen);
				assert_memory_equal(f->seen, line + begin,
				    end - begin);
			}
	}
}

static void
test_empty(void **state)
{
	struct fixture *f = *state;

	memset(f->ring, 0x55, sizeof(*f->ring));
	ring_init(f->ring);
	assert_int_equal(ring_count_dropped(f->ring), 0);
	check_held(f, RING_SIZE, SPAN(""));
	for (size_t i = 0; i < POSITIONS; i++) {
		ring_at(f, positions[i]);
		check_held(f, RING_SIZE, SPAN(""));
		assert_int_equal(ring_count_dropped(f->ring), 0);
	}
}

/* In order, given back by lines, and by parts of lines. */
static void
test_order(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < POSITIONS; i++) {
		struct ring *ring = ring_at(f, positions[i]);

		assert_true(ring_append(ring, SPAN("one\n")));
		assert_true(ring_append(ring, SPAN("\n")));
		assert_true(ring_append(ring, SPAN("three\n")));
		check_held(f, RING_SIZE, SPAN("one\n\nthree\n"));
		ring_give_back(ring, 4);
		check_held(f, RING_SIZE, SPAN("\nthree\n"));
		assert_true(ring_append(ring, SPAN("four\n")));
		check_held(f, RING_SIZE, SPAN("\nthree\nfour\n"));
		ring_give_back(ring, 3);
		check_held(f, RING_SIZE, SPAN("ree\nfour\n"));
		ring_give_back(ring, 0);
		ring_give_back(ring, 9);
		check_held(f, RING_SIZE, SPAN(""));
		assert_int_equal(ring_count_dropped(ring), 0);
	}
}

/* ring_peek() returns no more than its limit, and changes nothing. */
static void
test_limit(void **state)
{
	static const struct {
		size_t limit;
		struct span text;
	} rows[] = {
		{ 0, { "", 0 } },
		{ 1, { "o", 1 } },
		{ 4, { "one\n", 4 } },
		{ 6, { "one\ntw", 6 } },
		{ 8, { "one\ntwo\n", 8 } },
		{ 9, { "one\ntwo\n", 8 } },
		{ SIZE_MAX, { "one\ntwo\n", 8 } },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < POSITIONS; i++) {
		ring_at(f, positions[i]);
		assert_true(ring_append(f->ring, SPAN("one\n")));
		assert_true(ring_append(f->ring, SPAN("two\n")));
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			check_held(f, rows[k].limit, rows[k].text);
	}
}

/* Its size is all the room there is, and what does not fit is counted. */
static void
test_full(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < POSITIONS; i++) {
		struct ring *ring = ring_at(f, positions[i]);

		assert_false(ring_append(ring, line_of(f, RING_SIZE + 1)));
		assert_int_equal(ring_count_dropped(ring), 1);
		check_held(f, RING_SIZE, SPAN(""));
		assert_true(ring_append(ring, line_of(f, RING_SIZE)));
		assert_int_equal(ring_count_dropped(ring), 1);
		assert_false(ring_append(ring, SPAN("\n")));
		assert_int_equal(ring_count_dropped(ring), 2);
		check_held(f, RING_SIZE, line_of(f, RING_SIZE));
		ring_give_back(ring, RING_SIZE);
		check_held(f, RING_SIZE, SPAN(""));
		assert_true(ring_append(ring, SPAN("again\n")));
		check_held(f, RING_SIZE, SPAN("again\n"));
		assert_int_equal(ring_count_dropped(ring), 2);
	}
}

/* Room is what was given back, to the byte. */
static void
test_exact_fit(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < POSITIONS; i++) {
		struct ring *ring = ring_at(f, positions[i]);
		struct span rest;

		assert_true(ring_append(ring, line_of(f, RING_SIZE)));
		ring_give_back(ring, 5);
		assert_false(ring_append(ring, SPAN("12345\n")));
		assert_true(ring_append(ring, SPAN("1234\n")));
		assert_false(ring_append(ring, SPAN("\n")));
		assert_int_equal(ring_count_dropped(ring), 2);
		rest = (struct span){ f->line + 5, RING_SIZE - 5 };
		check_held(f, RING_SIZE - 5, rest);
		ring_give_back(ring, RING_SIZE - 5);
		check_held(f, RING_SIZE, SPAN("1234\n"));
	}
}

/* Appends lines as a worker's thread does. */
static bool
append_line(void *ring, unsigned number, struct span line)
{
	(void)number;
	return ring_append(ring, line);
}

/* Takes the first half in pieces that cut lines anywhere, and behind a filler
 * that waits for room; then all that there is, ahead of it. */
static void
take_all(struct ring *ring, char *to, size_t size)
{
	for (size_t taken = 0; taken < size;) {
		size_t limit = taken < size / 2 ? 1 + taken % 5003 : RING_SIZE;
		struct ring_text text = ring_peek(ring, limit);

		assert_true(text.size <= size - taken);
		if (text.size == 0)
			sched_yield();
		copy_text(&text, to + taken);
		ring_give_back(ring, text.size);
		taken += text.size;
	}
}

/* Many times the ring's size, from full on, and past where positions begin
 * anew. */
static void
test_two_threads(void **state)
{
	struct fixture *f = *state;
	struct ring *ring = ring_at(f, UINT64_MAX - RING_SIZE * 5 / 2);
	struct filler filler = { .append = append_line,
		.to = ring,
		.count = 20000,
		.insists = true };
	struct filler_reading reading = { 0 };
	char line[FILLER_LINE_MAX], *text;
	size_t size = 0;

	for (unsigned i = 0; i < filler.count; i++)
		size += filler_make_line(line, 0, i).size;
	text = malloc(size);
	assert_non_null(text);
	filler_start(&filler);
	while (ring_count_dropped(ring) == 0)
		sched_yield();
	take_all(ring, text, size);
	assert_int_equal(filler_join(&filler), ring_count_dropped(ring));
	check_held(f, RING_SIZE, SPAN(""));
	filler_check(&reading, text, size);
	free(text);
	assert_int_equal(reading.lines, filler.count);
	assert_int_equal(reading.cut, 0);
}

#define TEST(name) \
 cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_order),
		TEST(test_limit),
		TEST(test_slice),
		TEST(test_full),
		TEST(test_exact_fit),
		TEST(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
