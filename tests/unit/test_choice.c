/* test_choice: shares, and lists of values with shares. */
#include "config.h"

#include "app/choice.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "complaints.h"

#define DRAWS 1000000

/* Values that are counts, up to `arg`. */
static bool
parse_count(struct span text, int64_t *value, const void *arg,
    struct complaint *why)
{
	const int64_t *most = arg;

	if (units_parse_count(text, value) != UNITS_OK || *value > *most)
		return complain(why, text.data, "503", "a count");
	return true;
}

static size_t
format_count(int64_t value, char *text)
{
	return (size_t)sprintf(text, "%" PRId64, value);
}

static const struct choice_kind counts = { parse_count, format_count,
	"503:5,429:1" };
static const int64_t most = 999;

static bool
parse(struct span text, struct choice *choice, struct complaint *why)
{
	return choice_parse(text, &counts, &most, choice, why);
}

static bool
parse_choice(struct span text, struct complaint *why)
{
	struct choice choice;

	return parse(text, &choice, why);
}

static bool
parse_share(struct span text, struct complaint *why)
{
	uint64_t share;

	return share_parse(text, &share, why);
}

static void
test_shares(void **state)
{
	static const struct {
		const char *text;
		uint64_t share;
		const char *back;
	} rows[] = {
		{ "0", 0, "0" },
		{ "100", SHARE_WHOLE, "100" },
		{ "100.0000000000", SHARE_WHOLE, "100" },
		{ "000000000000000005", 5 * SHARE_PERCENT, "5" },
		{ "5", 5 * SHARE_PERCENT, "5" },
		{ "2.5", 25 * SHARE_PERCENT / 10, "2.5" },
		{ "2.50", 25 * SHARE_PERCENT / 10, "2.5" },
		{ "0.0000000001", 1, "0.0000000001" },
		{ "99.9999999999", SHARE_WHOLE - 1, "99.9999999999" },
		{ "10.05", 1005 * SHARE_PERCENT / 100, "10.05" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t share = 77;
		char back[SHARE_TEXT_MAX];
		struct complaint why;

		assert_true(share_parse(span_of(rows[i].text), &share, &why));
		assert_int_equal(share, rows[i].share);
		assert_int_equal(share_format(share, back),
		    strlen(rows[i].back));
		assert_string_equal(back, rows[i].back);
	}
}

static void
test_shares_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "", 0, "0 to 100" },
		{ "x", 0, "0 to 100" },
		{ "-1", 0, "no sign" },
		{ "+1", 0, "no sign" },
		{ " 1", 0, "0 to 100" },
		{ "1 ", 1, "0 to 100" },
		{ "5%", 1, "no sign or unit" },
		{ "1e1", 1, "0 to 100" },
		{ ".5", 0, "0 to 100" },
		{ "5.", 2, "0 to 100" },
		{ "5.5.5", 3, "0 to 100" },
		{ "5,5", 1, "0 to 100" },
		{ "0.00000000001", 12, "at most 10 decimals" },
		{ "100.0000000001", 0, "at most 100" },
		{ "101", 0, "at most 100" },
		{ "999999999999999999", 0, "at most 100" },
		{ "18446744073709551616", 18, "0 to 100" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse_share, rows);
}

/* Exactly where the whole of the bits is divided. */
static void
test_comes(void **state)
{
	static const struct {
		uint64_t share, bits;
		bool comes;
	} rows[] = {
		{ 0, 0, false },
		{ 0, UINT64_MAX, false },
		{ SHARE_WHOLE, 0, true },
		{ SHARE_WHOLE, UINT64_MAX, true },
		{ SHARE_WHOLE - 1, UINT64_MAX, false },
		{ 1, 0, true },
		{ 1, 18446744, true }, /* 2^64 / 10^12 is 18446744.07 */
		{ 1, 18446745, false },
		{ 2, 18446745, true },
		{ SHARE_WHOLE / 2, INT64_MAX, true },
		{ SHARE_WHOLE / 2, UINT64_C(1) << 63, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (share_comes(rows[i].share, rows[i].bits) != rows[i].comes)
			fail_msg("row %zu", i);
}

static void
test_choices(void **state)
{
	static const struct {
		const char *text, *back;
		bool is_certain;
	} rows[] = {
		{ "503", "503", true },
		{ "503:100", "503", true },
		{ "503:0", "503:0", true },
		{ "503:5", "503:5", false },
		{ "503:5,429:1", "503:5,429:1", false },
		{ "0503:05.50,429:1.0", "503:5.5,429:1", false },
		{ "503:0,429:100", "503:0,429:100", true },
		{ "503:0,429:0", "503:0,429:0", true },
		{ "503:50,429:50", "503:50,429:50", false },
		{ "1:99.9999999999,2:0.0000000001",
		    "1:99.9999999999,2:0.0000000001", false },
		{ "1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,10:1,11:1,12:1,13:1,"
		  "14:1,15:1,16:1",
		    "1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,10:1,11:1,12:1,13:1,"
		    "14:1,15:1,16:1",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct choice choice, same;
		struct complaint why;
		char back[CHOICE_TEXT_MAX];
		size_t size;

		assert_true(parse(span_of(rows[i].text), &choice, &why));
		assert_int_equal(choice_is_certain(&choice),
		    rows[i].is_certain);
		size = choice_format(&choice, &counts, back);
		assert_int_equal(size, strlen(rows[i].back));
		assert_memory_equal(back, rows[i].back, size);
		assert_true(parse((struct span){ back, size }, &same, &why));
		assert_memory_equal(&same, &choice, sizeof(choice));
	}
}

static void
test_choices_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "", 0, "a value" },
		{ ":5", 0, "a value" },
		{ ",503:5", 0, "a value" },
		{ "503:5,", 6, "a value" },
		{ "503:5,,429:1", 6, "a value" },
		{ "x", 0, "a count" },
		{ "503:5,1000:1", 6, "a count" },
		{ "503:5, 429:1", 6, "a count" },
		{ "503,429", 3, "a colon and a percentage" },
		{ "503,429:1", 3, "a colon and a percentage" },
		{ "503:5,429", 9, "a colon and a percentage" },
		{ "503:", 4, "a percentage" },
		{ "503:,429:1", 4, "a percentage" },
		{ "503:5:5", 5, "a percentage" },
		{ "503:5%", 5, "a percentage" },
		{ "503:-5", 4, "a percentage" },
		{ "503:5,503:1", 6, "only once" },
		{ "503:5,429:1,0503:1", 12, "only once" },
		{ "503:60,429:40.0000000001", 11, "at most the 40 percent" },
		{ "503:101", 4, "at most 100" },
		{ "1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,10:1,11:1,12:1,13:1,"
		  "14:1,15:1,16:1,17:1",
		    71, "at most 16" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse_choice, rows);
}

/* Each value comes as often as asked, within three standard errors. */
static void
test_draws(void **state)
{
	static const double shares[] = { 0.05, 0.01, 0.6, 0, 0.34 };
	unsigned counted[5] = { 0 };
	struct choice choice;
	struct complaint why;

	(void)state;
	assert_true(parse(SPAN("0:5,1:1,2:60,3:0"), &choice, &why));
	for (uint64_t n = 1; n <= DRAWS; n++) {
		const struct roll roll = { 42, n, 0 };
		const int64_t *value = choice_draw(&choice,
		    roll_bits(&roll, ROLL_STATUS, 0));

		counted[value == NULL ? 4 : *value]++;
	}
	for (unsigned i = 0; i < 5; i++) {
		double error = sqrt(shares[i] * (1 - shares[i]) / DRAWS);

		if (fabs((double)counted[i] / DRAWS - shares[i]) > 3 * error)
			fail_msg("%u came %u times", i, counted[i]);
	}
}

/* The shares lie in the order of the list. */
static void
test_draws_at(void **state)
{
	struct choice choice;
	struct complaint why;
	const uint64_t quarter = UINT64_C(1) << 62;

	(void)state;
	assert_true(parse(SPAN("1:25,2:50"), &choice, &why));
	assert_int_equal(*choice_draw(&choice, 0), 1);
	assert_int_equal(*choice_draw(&choice, quarter - 1), 1);
	assert_int_equal(*choice_draw(&choice, quarter), 2);
	assert_int_equal(*choice_draw(&choice, 3 * quarter - 1), 2);
	assert_null(choice_draw(&choice, 3 * quarter));
	assert_null(choice_draw(&choice, UINT64_MAX));
	assert_true(parse(SPAN("7"), &choice, &why));
	assert_int_equal(*choice_draw(&choice, UINT64_MAX), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_shares_refused),
		cmocka_unit_test(test_comes),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_choices_refused),
		cmocka_unit_test(test_draws),
		cmocka_unit_test(test_draws_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
