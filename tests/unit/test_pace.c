/* Tests of app/pace: nothing early, and all of it in time. */
#include "config.h"

#include "app/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BIG (UINT64_C(1) << 40)

/* Makes a pace with gaps. */
static struct pace
every(const char *when, int64_t piece)
{
	static const struct roll roll = { 7, 1, 0 };
	const struct when_limits limits = { INT64_MAX, NULL, NULL };
	struct pace pace = { .kind = PACE_EVERY,
		.value = piece,
		.roll = &roll,
		.every = malloc(sizeof(struct when)) };
	struct complaint why;

	assert_non_null(pace.every);
	assert_true(when_parse(span_of(when), &limits, pace.every, &why));
	return pace;
}

/* What has come of a content whose reader takes all that is allowed. */
struct run {
	uint64_t sent;
	int64_t start, now; /* of the first byte, and of this one */
	unsigned wakes;
};

/* Asks at the times that the pace says, until all is out; each time, `check` sees
 * what is newly allowed. */
static void
run_pace(struct pace *pace, uint64_t total, struct run *run,
    void (*check)(const struct pace *pace, uint64_t total,
	const struct run *run, uint64_t allowed))
{
	int64_t until = 0;

	*run = (struct run){ .now = clock_now() };
	while (run->sent < total) {
		uint64_t allowed = pace_allow(pace, total, run->sent, run->now,
		    &until);

		assert_true(allowed <= total && allowed >= run->sent);
		if (run->wakes == 0)
			run->start = pace->start;
		if (allowed > run->sent) {
			check(pace, total, run, allowed);
			run->sent = allowed;
			continue;
		}
		assert_true(until >= run->now);
		run->now = until;
		run->wakes++;
	}
}

/* How long the first byte is out: its time may be behind the clock's. */
static __int128
passed_in(const struct run *run, int64_t start)
{
	return run->now > start ? run->now - start : 0;
}

/* What is allowed of a content that is even is due, in whole numbers. */
static void
check_over(const struct pace *pace, uint64_t total, const struct run *run,
    uint64_t allowed)
{
	__int128 passed = passed_in(run, pace->start);

	if (total == 1)
		assert_true(passed >= pace->value);
	else /* byte k is due at k / (total - 1) of the time */
		assert_true((__int128)(allowed - 1) * pace->value <=
			    passed * (__int128)(total - 1));
}

static void
check_rate(const struct pace *pace, uint64_t total, const struct run *run,
    uint64_t allowed)
{
	__int128 passed = passed_in(run, pace->start);

	(void)total;
	assert_true((__int128)(allowed - 1) * CLOCK_S <= passed * pace->value);
}

/* How long the last of so many bytes is behind the first one. */
static const struct row {
	enum pace_kind kind;
	int64_t value;
	uint64_t total;
	int64_t last;
} rows[] = {
	{ PACE_OVER, 0, 1, 0 },
	{ PACE_OVER, 0, BIG, 0 },
	{ PACE_OVER, CLOCK_S, 1, CLOCK_S },
	{ PACE_OVER, CLOCK_S, 2, CLOCK_S },
	{ PACE_OVER, CLOCK_S, 3, CLOCK_S },
	{ PACE_OVER, 1, BIG, 1 },
	{ PACE_OVER, CLOCK_S, BIG, CLOCK_S },
	{ PACE_OVER, 10 * CLOCK_S, 1000, 10 * CLOCK_S },
	{ PACE_OVER, INT64_MAX / 2, 2, INT64_MAX / 2 },
	{ PACE_RATE, 1, 1, 0 },
	{ PACE_RATE, 1, 2, CLOCK_S },
	{ PACE_RATE, 3, 2, CLOCK_S / 3 + 1 },
	{ PACE_RATE, INT64_C(1) << 40, 1, 0 },
	{ PACE_RATE, INT64_C(1) << 40, 2, 1 },
	{ PACE_RATE, INT64_C(1) << 40, BIG + 1, CLOCK_S },
	{ PACE_RATE, 102400, 1048577, 10240 * CLOCK_MS },
};

static void
test_even(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct pace pace = { .kind = (uint8_t)row->kind,
			.value = row->value };
		struct run run;

		print_message("# %d, %lld, %llu\n", row->kind,
		    (long long)row->value, (unsigned long long)row->total);
		run_pace(&pace, row->total, &run,
		    row->kind == PACE_OVER ? check_over : check_rate);
		assert_int_equal(passed_in(&run, run.start), row->last);
		assert_true(run.wakes <= row->last / PACE_TICK + 1);
	}
}

/*
 * A moment is older than the clock: what is due counts from when it leaves, so
 * that the first byte, and it alone, leaves at once.
 */
static void
test_old_moment(void **state)
{
	static const struct {
		enum pace_kind kind;
		int64_t value;
		uint64_t total, first;
	} old[] = {
		{ PACE_OVER, CLOCK_S, 1000, 1 },
		{ PACE_OVER, CLOCK_S, 1, 0 },
		{ PACE_RATE, 100, 1000, 1 },
		{ PACE_RATE, INT64_C(1) << 40, BIG, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		struct pace pace = { .kind = (uint8_t)old[i].kind,
			.value = old[i].value };
		int64_t now = clock_now(), until = 0;

		assert_int_equal(pace_allow(&pace, old[i].total, 0,
				     now - 20 * CLOCK_MS, &until),
		    old[i].first);
		assert_true(pace.start >= now);
		(void)pace_allow(&pace, old[i].total, old[i].first,
		    now - 10 * CLOCK_MS, &until);
		assert_true(until > now);
	}
}

/* Of nothing, nothing is allowed. */
static void
test_nothing(void **state)
{
	struct pace over = { .kind = PACE_OVER, .value = CLOCK_S };
	struct pace rate = { .kind = PACE_RATE, .value = 1 };
	struct pace gaps = every("1s", 1), none = { .kind = PACE_NONE };
	int64_t until, now = clock_now();

	(void)state;
	assert_int_equal(pace_allow(&over, 0, 0, now, &until), 0);
	assert_int_equal(pace_allow(&rate, 0, 0, now, &until), 0);
	assert_int_equal(pace_allow(&gaps, 0, 0, now, &until), 0);
	assert_int_equal(pace_allow(&none, 0, 0, now, &until), 0);
	assert_int_equal(pace_allow(&none, BIG, 5, now, &until), BIG);
	pace_fini(&gaps);
}

/* No time that there can be is passed. */
static void
test_no_overflow(void **state)
{
	struct pace rate = { .kind = PACE_RATE, .value = 1 };
	struct pace over = { .kind = PACE_OVER, .value = INT64_MAX };
	struct pace gaps = every("9223372036854775.807us", 1);
	int64_t until = 0, now = clock_now();

	(void)state;
	assert_int_equal(pace_allow(&rate, BIG, 0, now, &until), 1);
	(void)pace_allow(&rate, BIG, BIG - 1, now, &until);
	assert_int_equal(until, INT64_MAX);
	assert_int_equal(pace_allow(&over, 2, 0, now, &until), 1);
	assert_int_equal(pace_allow(&over, 2, 1, now, &until), 1);
	assert_int_equal(until, INT64_MAX);
	assert_int_equal(pace_allow(&gaps, 9, 0, now, &until), 1);
	assert_int_equal(pace_allow(&gaps, 9, 1, now, &until), 1);
	assert_int_equal(until, INT64_MAX);
	pace_fini(&gaps);
}

/* The first piece leaves at once, and each that comes no earlier than its gap
 * behind the one before. */
static void
check_every(const struct pace *pace, uint64_t total, const struct run *run,
    uint64_t allowed)
{
	uint64_t size = (uint64_t)pace->value, piece = run->sent / size;
	static int64_t due;

	(void)total;
	if (run->sent == 0) {
		assert_int_equal(allowed, size < total ? size : total);
		due = run->now;
		return;
	}
	for (; piece * size < allowed; piece++)
		due += when_draw(pace->every, pace->roll, ROLL_GAP, piece - 1);
	assert_true(run->now >= due);
	due = run->now;
}

static const struct every_row {
	const char *when;
	int64_t piece;
	uint64_t total;
	int64_t least, most; /* ns in all */
} gaps[] = {
	{ "0", 1, 1, 0, 0 },
	{ "1s", 1, 1, 0, 0 },
	{ "1s", 10, 10, 0, 0 },
	{ "1s", 10, 11, CLOCK_S, CLOCK_S },
	{ "1s", 1, 10, 9 * CLOCK_S, 9 * CLOCK_S },
	{ "1s", 7, 100, 14 * CLOCK_S, 14 * CLOCK_S },
	{ "0", 1, 1000000, 0, 0 },
	{ "1us", 1, 1000001, CLOCK_S, CLOCK_S },
	{ "1ms", 1, 1001, CLOCK_S, CLOCK_S },
	{ "1ms..3ms", 1, 10001, 19 * CLOCK_S, 21 * CLOCK_S },
	{ "exp:50ms", 1, 10001, 480 * CLOCK_S, 520 * CLOCK_S },
	{ "1s:10", 1, 10001, 900 * CLOCK_S, 1100 * CLOCK_S },
	{ "24h", 1, 1001, 86400000 * CLOCK_S, 86400000 * CLOCK_S },
	{ "1h", INT64_C(1) << 39, BIG + 1, 7200 * CLOCK_S, 7200 * CLOCK_S },
};

static void
test_every(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		const struct every_row *row = &gaps[i];
		struct pace pace = every(row->when, row->piece);
		int64_t before = clock_now(), passed, late;
		struct run run;

		print_message("# %s, %lld, %llu\n", row->when,
		    (long long)row->piece, (unsigned long long)row->total);
		run_pace(&pace, row->total, &run, check_every);
		late = clock_now() - before; /* the first gap has it, too */
		passed = run.now - before;
		assert_true(passed >= row->least);
		assert_true(passed <= row->most + late);
		/* gaps of no time take a turn for many pieces */
		assert_true(run.wakes <= (uint64_t)(passed / PACE_TICK) + 1 +
					     row->total / 16384);
		pace_fini(&pace);
		assert_null(pace.every);
	}
}

/* A gap begins when the piece before it is out, however long that took. */
static void
test_slow_reader(void **state)
{
	struct pace pace = every("1s", 100);
	struct pace rate = { .kind = PACE_RATE, .value = 100 };
	int64_t now = clock_now(), until = 0;

	(void)state;
	assert_int_equal(pace_allow(&pace, 1000, 0, now, &until), 100);
	now += 10 * CLOCK_S;
	assert_int_equal(pace_allow(&pace, 1000, 99, now, &until), 100);
	assert_int_equal(pace_allow(&pace, 1000, 100, now, &until), 100);
	assert_int_equal(until, now + CLOCK_S);
	assert_int_equal(pace_allow(&pace, 1000, 100, until - 1, &until), 100);
	assert_int_equal(until, now + CLOCK_S);
	assert_int_equal(pace_allow(&pace, 1000, 100, until, &until), 200);
	pace_fini(&pace);

	/* a rate makes up for it */
	now = clock_now();
	assert_int_equal(pace_allow(&rate, 1000, 0, now, &until), 1);
	assert_int_equal(pace_allow(&rate, 1000, 1, rate.start + 5 * CLOCK_S,
			     &until),
	    501);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_even),
		cmocka_unit_test(test_old_moment),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_no_overflow),
		cmocka_unit_test(test_every),
		cmocka_unit_test(test_slow_reader),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
