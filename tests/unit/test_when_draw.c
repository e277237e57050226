/*
 * test_when_draw: what is drawn. All seeds are fixed, and what is to come has
 * been computed by another program, in another language, from the words of the
 * headers and from what the distributions are defined to be.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/when.h"
#include "base/clock.h"

#define DRAWS 1000000
#define MOST  (60 * CLOCK_S)

static struct when
parse(const char *text)
{
	static const struct when_limits limits = { MOST, NULL, NULL };
	struct complaint why;
	struct when when;

	if (!when_parse(span_of(text), &limits, &when, &why))
		fail_msg("'%s': wanted %s", text, why.wanted);
	return when;
}

static int64_t
draw(const struct when *when, int64_t seed, uint64_t n, uint64_t place)
{
	const struct roll roll = { seed, n, 0 };

	return when_draw(when, &roll, ROLL_DELAY, place);
}

/* Of seed 7, the delays of the first three requests. */
static void
test_known(void **state)
{
	static const struct {
		const char *text;
		int64_t draws[3];
		int64_t tolerance; /* between one C library and another */
	} rows[] = {
		{ "250ms", { 250000000, 250000000, 250000000 }, 0 },
		{ "100ms..300ms", { 284160343, 220856559, 246778288 }, 0 },
		{ "200ms~50ms", { 242080172, 210428279, 223389144 }, 0 },
		{ "normal:200ms,50ms", { 192821053, 206300292, 178707704 }, 1 },
		{ "lognormal:80ms,400ms", { 72435346, 87286979, 59585576 }, 1 },
		{ "exp:100ms", { 8251056, 50371300, 30939417 }, 1 },
		{ "pct:p50=10ms,p90=40ms,p99.9=300ms,max=2s",
		    { 119948649, 33100998, 29768678 }, 0 },
		{ "10ms:50,100ms..200ms:40,2s:1", { 0, 177003326, 165895593 },
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when = parse(rows[i].text);

		for (uint64_t n = 1; n <= 3; n++) {
			int64_t drawn = draw(&when, 7, n, 0);

			if (llabs(drawn - rows[i].draws[n - 1]) >
			    rows[i].tolerance)
				fail_msg("'%s', n %" PRIu64 ": %" PRId64,
				    rows[i].text, n, drawn);
		}
	}
}

/* Of seed 7, the tenth gap of request 5. */
static void
test_known_places(void **state)
{
	static const struct {
		const char *text;
		int64_t drawn;
	} rows[] = {
		{ "100ms..300ms", 272020106 },
		{ "pct:p50=10ms,p90=40ms,p99.9=300ms,max=2s", 27130850 },
		{ "10ms:50,100ms..200ms:40,2s:1", 157102832 },
	};
	const struct roll roll = { 7, 5, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when = parse(rows[i].text);

		assert_int_equal(when_draw(&when, &roll, ROLL_GAP, 9),
		    rows[i].drawn);
	}
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Draws of the first DRAWS requests, sorted; to be freed. */
static int64_t *
draw_all(const struct when *when, int64_t seed)
{
	int64_t *draws = malloc(DRAWS * sizeof(*draws));

	assert_non_null(draws);
	for (uint64_t n = 1; n <= DRAWS; n++)
		draws[n - 1] = draw(when, seed, n, 0);
	qsort(draws, DRAWS, sizeof(*draws), compare);
	return draws;
}

/* How many of the draws are at most so long. */
static size_t
count_up_to(const int64_t *draws, double longest)
{
	size_t low = 0, high = DRAWS;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((double)draws[middle] <= longest)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const double quantiles[] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99,
	0.999 };

#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

struct distribution {
	const char *text;
	double ms[QUANTILES]; /* what the quantiles are to be */
};

/*
 * A quantile is within 1 % of what it should be, or as many draws are below that
 * as should be, within three standard errors of a share: then it is within three
 * of its own.
 */
static void
check_quantile(const struct distribution *row, const int64_t *draws, size_t i)
{
	double q = quantiles[i], asked = row->ms[i] * (double)CLOCK_MS;
	double drawn = (double)draws[(size_t)(q * DRAWS)];
	double share = (double)count_up_to(draws, asked) / DRAWS;

	if (fabs(drawn - asked) > asked / 100 &&
	    fabs(share - q) > 3 * sqrt(q * (1 - q) / DRAWS))
		fail_msg("'%s', quantile %g: %g ms; %g are up to %g ms",
		    row->text, q, drawn / (double)CLOCK_MS, share, row->ms[i]);
}

static void
test_quantiles(void **state)
{
	static const struct distribution rows[] = {
		{ "100ms..300ms",
		    { 102, 110, 150, 200, 250, 290, 298, 299.8 } },
		{ "200ms~50ms", { 151, 155, 175, 200, 225, 245, 249, 249.9 } },
		{ "normal:200ms,50ms",
		    { 83.6826, 117.757, 166.276, 200, 233.724, 282.243, 316.317,
			354.512 } },
		{ "normal:50ms,50ms",
		    { 0, 0, 16.2755, 50, 83.7245, 132.243, 166.317, 204.512 } },
		{ "lognormal:80ms,400ms", { 16, 25.6378, 50.1688, 80, 127.569,
					      249.632, 400, 678.54 } },
		{ "exp:100ms", { 1.00503, 5.12933, 28.7682, 69.3147, 138.629,
				   299.573, 460.517, 690.776 } },
		{ "pct:p50=10ms,p90=40ms,p99.9=300ms,max=2s",
		    { 10, 10, 10, 10, 28.75, 171.313, 276.364, 300 } },
		{ "pct:min=1ms,p25=2ms,p75=20ms,p95=50ms",
		    { 1.04, 1.2, 2, 11, 20, 50, 50, 50 } },
		{ "10ms:60,200ms:30,2s:7",
		    { 0, 10, 10, 10, 200, 2000, 2000, 2000 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when = parse(rows[i].text);
		int64_t *draws = draw_all(&when, 2026);

		for (size_t k = 0; k < QUANTILES; k++)
			check_quantile(&rows[i], draws, k);
		assert_true(draws[0] >= 0);
		assert_true(draws[DRAWS - 1] <= when_longest(&when));
		free(draws);
	}
}

/* Where few times can come, each comes as often as it should, within three
 * standard errors, and no other one does. */
static void
test_shares(void **state)
{
	static const struct {
		const char *text;
		struct {
			int64_t time;
			double share;
		} times[4];
	} rows[] = {
		{ "10ms:60,200ms:30,2s:7",
		    { { 0, 0.03 }, { 10 * CLOCK_MS, 0.6 },
			{ 200 * CLOCK_MS, 0.3 }, { 2 * CLOCK_S, 0.07 } } },
		{ "1us:0,0.001us..0.004us:100",
		    { { 1, 0.25 }, { 2, 0.25 }, { 3, 0.25 }, { 4, 0.25 } } },
		{ "0.001us..0.004us",
		    { { 1, 0.25 }, { 2, 0.25 }, { 3, 0.25 }, { 4, 0.25 } } },
		{ "pct:p10=1s,p20=1s,p30.5=1.000000001s,p99=1.000000001s",
		    { { CLOCK_S, 0.2525 }, { CLOCK_S + 1, 0.7475 }, { 0, 0 },
			{ 0, 0 } } },
		{ "pct:p40=1s,p40.0000000001=2s",
		    { { CLOCK_S, 0.4 }, { 2 * CLOCK_S, 0.6 }, { 0, 0 },
			{ 0, 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when = parse(rows[i].text);
		int64_t *draws = draw_all(&when, 2026);
		size_t counted = 0;

		for (size_t k = 0; k < 4; k++) {
			double time = (double)rows[i].times[k].time;
			double share = rows[i].times[k].share;
			double error = sqrt(share * (1 - share) / DRAWS);
			size_t count = count_up_to(draws, time) -
				       count_up_to(draws, time - 1);

			counted += count;
			if (fabs((double)count / DRAWS - share) > 3 * error)
				fail_msg("'%s', %g ns: %zu times", rows[i].text,
				    time, count);
		}
		assert_int_equal(counted, DRAWS);
		free(draws);
	}
}

static const char *const kinds[] = { "100ms..300ms", "200ms~50ms",
	"normal:200ms,50ms", "lognormal:80ms,400ms", "exp:100ms",
	"pct:min=1ms,p90=40ms,p99.9=300ms,max=2s", "1ms..10ms:50,1s..2s:50" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A seed draws the same in any order; other seeds, ordinals, places and
 * dimensions draw others. */
static void
test_same_again(void **state)
{
	enum {
		COUNT = 1000
	};
	int64_t draws[COUNT + 1];

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct when when = parse(kinds[i]);
		unsigned same[4] = { 0 };

		for (uint64_t n = 1; n <= COUNT; n++)
			draws[n] = draw(&when, 5, n, 0);
		for (uint64_t n = COUNT; n >= 1; n--) {
			const struct roll roll = { 5, n, 0 };

			assert_int_equal(draw(&when, 5, n, 0), draws[n]);
			same[0] += draw(&when, 6, n, 0) == draws[n];
			same[1] += draw(&when, 5, n + 1, 0) == draws[n];
			same[2] += draw(&when, 5, n, 1) == draws[n];
			same[3] += when_draw(&when, &roll, ROLL_GAP, 0) ==
				   draws[n];
		}
		for (unsigned k = 0; k < 4; k++)
			assert_in_range(same[k], 0, 5);
	}
}

/* Shares of the draws above the median, which is halfway for any distribution,
 * are as independent as the draws. */
static void
test_uncorrelated(void **state)
{
	enum {
		COUNT = 100000
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct when when = parse(kinds[i]);
		int64_t *draws = draw_all(&when, 5);
		const int64_t median = draws[DRAWS / 2];
		int sums[3] = { 0 };

		free(draws);
		for (uint64_t n = 1; n <= COUNT; n++) {
			const struct roll roll = { 5, n, 0 };
			bool above = draw(&when, 5, n, 0) > median;

			sums[0] += (draw(&when, 5, n + 1, 0) > median) == above;
			sums[1] += (draw(&when, 5, n, 1) > median) == above;
			sums[2] += (when_draw(&when, &roll, ROLL_GAP, 0) >
				       median) == above;
		}
		for (unsigned k = 0; k < 3; k++) /* four standard errors */
			assert_in_range(sums[k], COUNT / 2 - 632,
			    COUNT / 2 + 632);
	}
}

/* Without any spread, the time itself comes, to the ns. */
static void
test_certain(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} rows[] = {
		{ "250ms", 250 * CLOCK_MS },
		{ "5ms..5ms", 5 * CLOCK_MS },
		{ "5ms~0", 5 * CLOCK_MS },
		{ "normal:2562047h,0", 2562047 * (3600 * CLOCK_S) },
		{ "normal:9223372036854775.805us,0", INT64_MAX - 2 },
		{ "lognormal:9223372036854775.805us,9223372036854775.805us",
		    INT64_MAX - 2 },
		{ "exp:0", 0 },
		{ "pct:p99=9223372036854775.805us", INT64_MAX - 2 },
		{ "10ms:0", 0 },
		{ "10ms:100", 10 * CLOCK_MS },
	};
	static const struct when_limits limits = { INT64_MAX, NULL, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when;
		struct complaint why;

		assert_true(
		    when_parse(span_of(rows[i].text), &limits, &when, &why));
		assert_true(when_is_certain(&when));
		assert_int_equal(when_longest(&when), rows[i].time);
		for (uint64_t n = 1; n <= 1000; n++)
			assert_int_equal(draw(&when, 5, n, 0), rows[i].time);
	}
}

/* What is less than a ns is a whole one. */
static void
test_rounded_up(void **state)
{
	struct when when = parse("exp:0.001us");
	unsigned ones = 0;

	(void)state;
	for (uint64_t n = 1; n <= 1000; n++) {
		int64_t drawn = draw(&when, 5, n, 0);

		assert_true(drawn >= 1);
		ones += drawn == 1;
	}
	assert_in_range(ones, 632 - 46, 632 + 46); /* 1 - 1/e of them */
}

/* What a tail has beyond int64_t is its end; what is below 0 is 0. */
static void
test_ends(void **state)
{
	static const struct when_limits limits = { INT64_MAX, NULL, NULL };
	static const char *const texts[] = { "normal:2562047h,2562047h",
		"lognormal:0.001us,2562047h", "exp:2562047h" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct when when;
		struct complaint why;
		unsigned ends = 0;

		assert_true(
		    when_parse(span_of(texts[i]), &limits, &when, &why));
		for (uint64_t n = 1; n <= 1000; n++) {
			int64_t drawn = draw(&when, 5, n, 0);

			assert_true(drawn >= 0);
			ends += drawn == INT64_MAX;
		}
		assert_in_range(ends, 1, 999);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_known_places),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_uncorrelated),
		cmocka_unit_test(test_certain),
		cmocka_unit_test(test_rounded_up),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
