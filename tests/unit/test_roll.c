/* test_roll: that rolls are what a seed has always meant, and that nothing of
 * one can be foreseen from another. All seeds are fixed. */
#include "config.h"

#include "app/roll.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ROLLS 100000

static uint64_t
roll_at(int64_t seed, enum roll_dimension dimension, uint64_t n, uint64_t place)
{
	const struct roll roll = { seed, n, 0 };

	return roll_bits(&roll, dimension, place);
}

/* By another program, in another language, from the header's words. */
static void
test_known(void **state)
{
	static const struct {
		int64_t seed;
		enum roll_dimension dimension;
		uint64_t n, place, bits;
	} rows[] = {
		{ 0, ROLL_DELAY, 1, 0, 0x238275bc38fcbe91 },
		{ 0, ROLL_DELAY, 1, 1, 0xf89a2566b5822c54 },
		{ 0, ROLL_DELAY, 2, 0, 0x2f101fe21496ea20 },
		{ 0, ROLL_STATUS, 1, 0, 0x80abe802ac1e182e },
		{ 1, ROLL_DELAY, 1, 0, 0x86f6a7f3ec5fea58 },
		{ 7, ROLL_DELAY, 1, 0, 0xebb9a942c2ffada8 },
		{ 7, ROLL_STATUS, 1, 0, 0x9feaf75da7584bd5 },
		{ 7, ROLL_SIZE, 1000000, 0, 0x343de49ce6493b82 },
		{ 7, ROLL_FAULT, 1, 0, 0x2aecf5810988a226 },
		{ 7, ROLL_CLOSE, 1, 0, 0x4628751d594e80f1 },
		{ 7, ROLL_GAP, 3, 123456, 0x8e58182fe2b9e34e },
		{ ROLL_SEED_MAX, ROLL_FILL, UINT64_MAX, UINT64_MAX - 1,
		    0x439cd9abec5d26de },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (roll_at(rows[i].seed, rows[i].dimension, rows[i].n,
			rows[i].place) != rows[i].bits)
			fail_msg("row %zu", i);
}

/* Likewise, of requests with a key. */
static void
test_known_keys(void **state)
{
	static const struct {
		int64_t seed;
		enum roll_dimension dimension;
		const char *key;
		uint64_t n, place, bits;
	} rows[] = {
		{ 0, ROLL_DELAY, "a", 1, 0, 0x65ba8032a9c1e010 },
		{ 7, ROLL_DELAY, "a", 1, 0, 0x89cbc617187fc308 },
		{ 7, ROLL_DELAY, "a", 2, 0, 0x2470e6c09c2adb1b },
		{ 7, ROLL_DELAY, "b", 1, 0, 0x1c7cdb2b1bbf8d9e },
		{ 7, ROLL_STATUS, "a", 1, 0, 0xb41a36021dbefa7f },
		{ 7, ROLL_DELAY, "", 1, 0, 0xbf11a5826d4e3328 },
		{ 7, ROLL_GAP, "client-1", 3, 123456, 0xfc4e3028226c1f36 },
		{ 7, ROLL_FAULT, "\xff\x80", 1000000, 1, 0xd44979b4ce0ff91c },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct roll roll = { rows[i].seed, rows[i].n,
			roll_key(span_of(rows[i].key)) };

		if (roll_bits(&roll, rows[i].dimension, rows[i].place) !=
		    rows[i].bits)
			fail_msg("row %zu", i);
	}
}

/* FNV-1a, of 64 bits: the vectors that its authors have published. */
static void
test_keys(void **state)
{
	static const struct {
		struct span key;
		uint64_t hash;
	} rows[] = {
		{ SPAN(""), 0xcbf29ce484222325 },
		{ SPAN("a"), 0xaf63dc4c8601ec8c },
		{ SPAN("b"), 0xaf63df4c8601f1a5 },
		{ SPAN("fo"), 0x08985907b541d342 },
		{ SPAN("foo"), 0xdcb27518fed9d577 },
		{ SPAN("foobar"), 0x85944171f73967e8 },
		{ { "\0", 1 }, 0xaf63bd4c8601b7df },
		{ SPAN("\xff\x00\x00\x01"), 0x6961196491cc682d },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (roll_key(rows[i].key) != rows[i].hash)
			fail_msg("row %zu: %llx", i,
			    (unsigned long long)roll_key(rows[i].key));
}

static void
test_below(void **state)
{
	static const struct {
		uint64_t bits, count, number;
	} rows[] = {
		{ 0, 10, 0 },
		{ UINT64_MAX, 10, 9 },
		{ UINT64_MAX, 1, 0 },
		{ UINT64_MAX, 0, 0 },
		{ UINT64_C(1) << 63, 10, 5 },
		{ (UINT64_C(1) << 63) - 1, 10, 4 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX - 1 },
		{ UINT64_C(1) << 63, UINT64_MAX, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (roll_below(rows[i].bits, rows[i].count) != rows[i].number)
			fail_msg("row %zu", i);
}

static void
test_even_ends(void **state)
{
	(void)state;
	assert_true(roll_even(0) == 0x1p-53);
	assert_true(roll_even(UINT64_MAX) == 1 - 0x1p-53);
	assert_true(roll_even(UINT64_C(1) << 63) == 0.5 + 0x1p-53);
}

/* What tells a stream of rolls from another; each counts from i. */
struct stream {
	int64_t seed, seed_step;
	enum roll_dimension dimension;
	uint64_t n, n_step, place, place_step;
};

static uint64_t
stream_bits(const struct stream *stream, uint64_t i)
{
	return roll_at(stream->seed + stream->seed_step * (int64_t)i,
	    stream->dimension, stream->n + stream->n_step * i,
	    stream->place + stream->place_step * i);
}

/* Fails where the correlation is four standard errors from none. */
static void
check_uncorrelated(const struct stream *a, const struct stream *b)
{
	double sum = 0;

	for (uint64_t i = 0; i < ROLLS; i++)
		sum += (roll_even(stream_bits(a, i)) - 0.5) *
		       (roll_even(stream_bits(b, i)) - 0.5);
	if (fabs(sum / ROLLS * 12) > 4 / sqrt(ROLLS))
		fail_msg("correlation %g of seed %lld dimension %d n %llu "
			 "place %llu with seed %lld dimension %d n %llu "
			 "place %llu",
		    sum / ROLLS * 12, (long long)a->seed, a->dimension,
		    (unsigned long long)a->n, (unsigned long long)a->place,
		    (long long)b->seed, b->dimension, (unsigned long long)b->n,
		    (unsigned long long)b->place);
}

static const enum roll_dimension dimensions[] = { ROLL_DELAY, ROLL_STATUS,
	ROLL_SIZE, ROLL_FAULT, ROLL_CLOSE, ROLL_GAP, ROLL_FILL };

#define DIMENSIONS (sizeof(dimensions) / sizeof(dimensions[0]))

static void
test_dimensions_uncorrelated(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIMENSIONS; i++)
		for (size_t k = 0; k < i; k++) {
			const struct stream a = { 0, 0, dimensions[i], 1, 1, 0,
				0 };
			const struct stream b = { 0, 0, dimensions[k], 1, 1, 0,
				0 };

			check_uncorrelated(&a, &b);
		}
}

static void
test_ordinals_uncorrelated(void **state)
{
	(void)state;
	for (int64_t seed = 0; seed < 4; seed++)
		for (uint64_t gap = 1; gap <= 4; gap++) {
			const struct stream a = { seed, 0, ROLL_DELAY, 1, 1, 0,
				0 };
			const struct stream b = { seed, 0, ROLL_DELAY, 1 + gap,
				1, 0, 0 };

			check_uncorrelated(&a, &b);
		}
}

static void
test_places_uncorrelated(void **state)
{
	(void)state;
	for (uint64_t gap = 1; gap <= 4; gap++) {
		const struct stream of_n = { 0, 0, ROLL_GAP, 1, 1, 0, 0 };
		const struct stream of_next = { 0, 0, ROLL_GAP, 1, 1, gap, 0 };
		const struct stream a = { 0, 0, ROLL_GAP, 1, 0, 0, 1 };
		const struct stream b = { 0, 0, ROLL_GAP, 1, 0, gap, 1 };
		const struct stream another_n = { 0, 0, ROLL_GAP, 1 + gap, 0, 0,
			1 };

		check_uncorrelated(&of_n, &of_next);
		check_uncorrelated(&a, &b);
		check_uncorrelated(&a, &another_n);
	}
}

static void
test_seeds_uncorrelated(void **state)
{
	(void)state;
	for (int64_t seed = 1; seed <= 8; seed++) {
		const struct stream of_0 = { 0, 0, ROLL_DELAY, 1, 1, 0, 0 };
		const struct stream of_seed = { seed, 0, ROLL_DELAY, 1, 1, 0,
			0 };
		/* the first request of one seed after the other */
		const struct stream first = { 0, 1, ROLL_DELAY, 1, 0, 0, 0 };
		const struct stream next = { seed, 1, ROLL_DELAY, 1, 0, 0, 0 };

		check_uncorrelated(&of_0, &of_seed);
		check_uncorrelated(&first, &next);
	}
}

/* What is drawn for one key tells nothing of another: keys that are much alike, as
 * the first attempt of each, and as all attempts of two. */
static void
test_keys_uncorrelated(void **state)
{
	double firsts = 0, attempts = 0;
	struct roll a = { 7, 1, roll_key(SPAN("client-1")) };
	struct roll b = { 7, 1, roll_key(SPAN("client-2")) };

	(void)state;
	for (uint64_t i = 0; i < ROLLS; i++) {
		char text[2][32];
		struct roll of[2];

		for (unsigned k = 0; k < 2; k++) {
			snprintf(text[k], sizeof(text[k]), "client-%llu",
			    (unsigned long long)i + k);
			of[k] = (struct roll){ 7, 1,
				roll_key(span_of(text[k])) };
		}
		firsts += (roll_even(roll_bits(&of[0], ROLL_DELAY, 0)) - 0.5) *
			  (roll_even(roll_bits(&of[1], ROLL_DELAY, 0)) - 0.5);
		a.n = b.n = i + 1;
		attempts += (roll_even(roll_bits(&a, ROLL_DELAY, 0)) - 0.5) *
			    (roll_even(roll_bits(&b, ROLL_DELAY, 0)) - 0.5);
	}
	assert_true(fabs(firsts / ROLLS * 12) <= 4 / sqrt(ROLLS));
	assert_true(fabs(attempts / ROLLS * 12) <= 4 / sqrt(ROLLS));
}

/* Chi-square of each of the eight bytes: 255 degrees of freedom, of which the
 * bound is five standard deviations. */
static void
check_bytes(const struct stream *stream)
{
	unsigned counted[8][256] = { { 0 } };
	const double each = (double)ROLLS / 256;

	for (uint64_t i = 0; i < ROLLS; i++) {
		uint64_t bits = stream_bits(stream, i);

		for (unsigned k = 0; k < 8; k++)
			counted[k][bits >> (8 * k) & 255]++;
	}
	for (unsigned k = 0; k < 8; k++) {
		double sum = 0;

		for (unsigned byte = 0; byte < 256; byte++)
			sum += (counted[k][byte] - each) *
			       (counted[k][byte] - each) / each;
		if (fabs(sum - 255) > 5 * sqrt(2 * 255))
			fail_msg("byte %u of dimension %d: %g", k,
			    stream->dimension, sum);
	}
}

static void
test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIMENSIONS; i++) {
		const struct stream of_n = { 0, 0, dimensions[i], 1, 1, 0, 0 };
		const struct stream of_places = { 0, 0, dimensions[i], 1, 0, 0,
			1 };
		const struct stream of_seeds = { 0, 1, dimensions[i], 1, 0, 0,
			0 };

		check_bytes(&of_n);
		check_bytes(&of_places);
		check_bytes(&of_seeds);
	}
}

/* Each bit of an input turns half of the output. */
static void
test_avalanche(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 49; bit++) {
		unsigned turned[3] = { 0 };

		for (uint64_t i = 0; i < 1000; i++) {
			uint64_t x = UINT64_C(1) << bit,
				 same = roll_at((int64_t)i, ROLL_DELAY, i, i);

			turned[0] += (unsigned)__builtin_popcountll(
			    same ^ roll_at((int64_t)(i ^ x), ROLL_DELAY, i, i));
			turned[1] += (unsigned)__builtin_popcountll(
			    same ^ roll_at((int64_t)i, ROLL_DELAY, i ^ x, i));
			turned[2] += (unsigned)__builtin_popcountll(
			    same ^ roll_at((int64_t)i, ROLL_DELAY, i, i ^ x));
		}
		for (unsigned k = 0; k < 3;
		     k++) /* 32000, give or take 5 s.d. */
			assert_in_range(turned[k], 32000 - 632, 32000 + 632);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_known_keys),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_even_ends),
		cmocka_unit_test(test_dimensions_uncorrelated),
		cmocka_unit_test(test_ordinals_uncorrelated),
		cmocka_unit_test(test_places_uncorrelated),
		cmocka_unit_test(test_seeds_uncorrelated),
		cmocka_unit_test(test_keys_uncorrelated),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_avalanche),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
