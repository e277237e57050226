/* test_when: the grammar of times to draw, both ways, and what can come of them. */
#include "config.h"

#include "app/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "complaints.h"

#define MOST (60 * CLOCK_S)

/* What all files hold but one, which there is not. */
static struct when_times *
read_file(struct span name, void *arg, struct complaint *why)
{
	static const char text[] = "# measured\n30ms\n10ms\n\n20ms\n";

	(void)arg;
	if (!span_equal(name, SPAN("other.txt")))
		return when_times_parse(span_of(text), MOST, why);
	complain(why, name.data, "file:times.txt",
	    "the name of a file that is there");
	return NULL;
}

static const struct when_limits limits = { MOST, read_file, NULL };
static const struct when_limits without_files = { MOST, NULL, NULL };
static const struct when_limits without_bound = { INT64_MAX, read_file, NULL };

struct accepted {
	const char *text;
	const char *back; /* as when_format() writes it; NULL: likewise */
	bool is_certain;
	int64_t longest;
};

/* But for their owners, all that two have is the same. */
static void
check_same(const struct when *a, const struct when *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->times != NULL, b->times != NULL);
	assert_memory_equal(a->points, b->points, sizeof(a->points));
}

static void
check_accepted(const struct accepted *row, const struct when_limits *of)
{
	const char *back = row->back != NULL ? row->back : row->text;
	struct when when, same;
	struct complaint why;
	char text[WHEN_TEXT_MAX];
	struct span name = span_of(row->text);

	if (!when_parse(span_of(row->text), of, &when, &why))
		fail_msg("'%s': column %td, wanted %s", row->text,
		    why.at - row->text, why.wanted);
	span_skip(&name, when.kind == WHEN_FILE ? strlen("file:") : 0);
	assert_int_equal(when_format(&when, name, text), strlen(back));
	assert_string_equal(text, back);
	assert_true(when_parse(span_of(text), of, &same, &why));
	check_same(&when, &same);
	if (when_is_certain(&when) != row->is_certain ||
	    when_longest(&when) != row->longest)
		fail_msg("'%s': certain %d, longest %lld", row->text,
		    when_is_certain(&when), (long long)when_longest(&when));
	when_release(&when);
	when_release(&same);
	assert_null(when.times);
}

static void
test_accepted(void **state)
{
	static const struct accepted rows[] = {
		{ "250ms", NULL, true, 250 * CLOCK_MS },
		{ "0", "0s", true, 0 },
		{ "1.5", "1500ms", true, 1500 * CLOCK_MS },
		{ "1m", NULL, true, MOST },
		{ "1M", "1m", true, MOST },
		{ "30s500ms", "30500ms", true, 30500 * CLOCK_MS },
		{ "250\u00b5s", "250us", true, 250 * CLOCK_US },
		{ "0.0000000001s", "0.001us", true, 1 },
		{ "100ms..300ms", NULL, false, 300 * CLOCK_MS },
		{ "0..1m", "0s..1m", false, MOST },
		{ "1..2", "1s..2s", false, 2 * CLOCK_S },
		{ "1.5..2.5", "1500ms..2500ms", false, 2500 * CLOCK_MS },
		{ "5ms..5ms", NULL, true, 5 * CLOCK_MS },
		{ "200ms~50ms", "150ms..250ms", false, 250 * CLOCK_MS },
		{ "50ms~50ms", "0s..100ms", false, 100 * CLOCK_MS },
		{ "30s~30s", "0s..1m", false, MOST },
		{ "50ms~0", "50ms..50ms", true, 50 * CLOCK_MS },
		{ "normal:200ms,50ms", NULL, false, INT64_MAX },
		{ "normal:0,1m", "normal:0s,1m", false, INT64_MAX },
		{ "normal:200ms,0", "normal:200ms,0s", true, 200 * CLOCK_MS },
		{ "lognormal:80ms,400ms", NULL, false, INT64_MAX },
		{ "lognormal:80ms,80ms", NULL, true, 80 * CLOCK_MS },
		{ "lognormal:0.001us,1m", NULL, false, INT64_MAX },
		{ "exp:100ms", NULL, false, INT64_MAX },
		{ "exp:0", "exp:0s", true, 0 },
		{ "pct:p50=10ms,p90=40ms,p99.9=300ms,max=2s", NULL, false,
		    2 * CLOCK_S },
		{ "pct:p0=1ms,p100=2ms", "pct:min=1ms,max=2ms", false,
		    2 * CLOCK_MS },
		{ "pct:min=1ms,p50.0=1ms", "pct:min=1ms,p50=1ms", true,
		    CLOCK_MS },
		{ "pct:p99=5", "pct:p99=5s", true, 5 * CLOCK_S },
		{ "pct:p0.0000000001=0,p99.9999999999=1m",
		    "pct:p0.0000000001=0s,p99.9999999999=1m", false, MOST },
		{ "pct:p1=1,p2=2,p3=3,p4=4,p5=5,p6=6,p7=7,p8=8,p9=9,p10=10,"
		  "p11=11,p12=12,p13=13,p14=14,p15=15,p16=16",
		    "pct:p1=1s,p2=2s,p3=3s,p4=4s,p5=5s,p6=6s,p7=7s,p8=8s,p9=9s,"
		    "p10=10s,p11=11s,p12=12s,p13=13s,p14=14s,p15=15s,p16=16s",
		    false, 16 * CLOCK_S },
		{ "10ms:90,200ms:9,2s:1", NULL, false, 2 * CLOCK_S },
		{ "10ms:90", NULL, false, 10 * CLOCK_MS },
		{ "10ms:100", NULL, true, 10 * CLOCK_MS },
		{ "10ms:0", NULL, true, 0 },
		{ "10ms:0,20ms:100", NULL, true, 20 * CLOCK_MS },
		{ "1m:0,20ms:10", NULL, false, 20 * CLOCK_MS },
		{ "0:10", "0s:10", true, 0 },
		{ "10ms..20ms:50,30ms~10ms:25.50",
		    "10ms..20ms:50,20ms..40ms:25.5", false, 40 * CLOCK_MS },
		{ "5ms..5ms:50,5ms:50", "5ms:50,5ms:50", true, 5 * CLOCK_MS },
		{ "file:times.txt", NULL, false, 30 * CLOCK_MS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_accepted(&rows[i], &limits);
}

#define LARGEST "9223372036854775.807us"

/* At the end of int64_t, nothing overflows. */
static void
test_accepted_largest(void **state)
{
	static const struct accepted rows[] = {
		{ LARGEST, NULL, true, INT64_MAX },
		{ "0s.." LARGEST, NULL, false, INT64_MAX },
		{ "4611686018427387.904us~4611686018427387.903us",
		    "0.001us.." LARGEST, false, INT64_MAX },
		{ "normal:" LARGEST ",0s", NULL, true, INT64_MAX },
		{ "lognormal:" LARGEST "," LARGEST, NULL, true, INT64_MAX },
		{ LARGEST ":100", NULL, true, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_accepted(&rows[i], &without_bound);
}

/* There is room for the longest texts. */
static void
test_accepted_longest(void **state)
{
	char text[WHEN_TEXT_MAX], *p = text;
	const struct accepted row = { text, NULL, false, INT64_MAX };

	(void)state;
	for (unsigned i = 0; i < WHEN_POINTS_MAX; i++)
		p += sprintf(p,
		    "%s9223372036854775.001us.." LARGEST ":1.0000000001",
		    i == 0 ? "" : ",");
	check_accepted(&row, &without_bound);
	p = stpcpy(text, "pct:");
	for (unsigned i = 0; i < WHEN_POINTS_MAX; i++)
		p += sprintf(p, "%sp%u.0000000001=" LARGEST, i == 0 ? "" : ",",
		    10 + i);
	check_accepted(&(struct accepted){ text, NULL, true, INT64_MAX },
	    &without_bound);
	memset(stpcpy(text, "file:"), 'n', WHEN_NAME_MAX);
	text[strlen("file:") + WHEN_NAME_MAX] = '\0';
	check_accepted(&(struct accepted){ text, NULL, false, 30 * CLOCK_MS },
	    &without_bound);
}

static bool
parse(struct span text, struct complaint *why)
{
	struct when when;

	if (!when_parse(text, &limits, &when, why))
		return false;
	when_release(&when);
	return true;
}

static bool
parse_without_files(struct span text, struct complaint *why)
{
	struct when when;

	return when_parse(text, &without_files, &when, why);
}

static void
test_times_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "", 0, "a time such as 250ms" },
		{ " 1s", 0, "a time such as 250ms" },
		{ "1s ", 2, "a time such as 250ms" },
		{ "1 s", 1, "a time such as 250ms" },
		{ "-1s", 0, "a time such as 250ms" },
		{ "+1s", 0, "a time such as 250ms" },
		{ ".5s", 0, "a time such as 250ms" },
		{ "5.", 2, "a time such as 250ms" },
		{ "1e3", 1, "a time such as 250ms" },
		{ "0x10", 1, "a time such as 250ms" },
		{ "10d", 2, "a time such as 250ms" },
		{ "1m30", 4, "a time such as 250ms" },
		{ "30s1m", 4, "a time such as 250ms" },
		{ "1m0.001us", 0, "at most 1m" },
		{ "60.0000000001", 0, "at most 1m" },
		{ "99999999999999999999999h", 0, "at most 1m" },
		{ "59s1001ms", 0, "at most 1m" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_words_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "nan", 0, "normal:, lognormal:, exp:, pct: or file:" },
		{ "inf", 0, "normal:, lognormal:, exp:, pct: or file:" },
		{ "gamma:1s", 0, "normal:, lognormal:, exp:, pct: or file:" },
		{ "normalx:1s,1s", 0, "normal:, lognormal:" },
		{ "norma:1s,1s", 0, "normal:, lognormal:" },
		{ "Normal:1s,1s", 0, "a time such as 250ms" },
		{ "exp", 3, "a colon after exp" },
		{ "normal,1s", 0, "normal:, lognormal:" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_ranges_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "..", 0, "a time such as 250ms" },
		{ "..1s", 0, "a time such as 250ms" },
		{ "1s..", 4, "a time such as 250ms" },
		{ "1..", 3, "a time such as 250ms" },
		{ "1...2", 3, "a time such as 250ms" },
		{ "1s..2s..3s", 6, "a time such as 250ms" },
		{ "1s..2s~1s", 6, "a time such as 250ms" },
		{ "1s~2s..3s", 5, "a time such as 250ms" },
		{ "1s.. 2s", 4, "a time such as 250ms" },
		{ "1s ..2s", 2, "a time such as 250ms" },
		{ "1s.2s", 2, "a time such as 250ms" },
		{ "2s..1999ms", 4, "at least 2s" },
		{ "2s..61s", 4, "at most 1m" },
		{ "61s..62s", 0, "at most 1m" },
		{ "~1s", 0, "a time such as 250ms" },
		{ "1s~", 3, "a time such as 250ms" },
		{ "1s~~1s", 3, "a time such as 250ms" },
		{ "1s~1001ms", 3, "a half-width of at most 1s" },
		{ "50s~11s", 4, "a half-width of at most 10s" },
		{ "1m~99999999999999999999h", 3, "at most 1m" },
		{ "61s~1s", 0, "at most 1m" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_parameters_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "normal:", 7, "a time such as 250ms" },
		{ "normal:1s", 9, "a comma and the standard deviation" },
		{ "normal:1s,", 10, "a time such as 250ms" },
		{ "normal:,1s", 7, "a time such as 250ms" },
		{ "normal:1s,,1s", 10, "a time such as 250ms" },
		{ "normal:1s,1s,", 12, "a time such as 250ms" },
		{ "normal:1s,1s,1s", 12, "a time such as 250ms" },
		{ "normal: 1s,1s", 7, "a time such as 250ms" },
		{ "normal:1s, 1s", 10, "a time such as 250ms" },
		{ "normal:61s,1s", 7, "at most 1m" },
		{ "normal:1s,61s", 10, "at most 1m" },
		{ "normal:1s..2s,1s", 9, "a time such as 250ms" },
		{ "lognormal:80ms", 14, "a comma and the 99th percentile" },
		{ "lognormal:0,1s", 10, "a median above 0" },
		{ "lognormal:80ms,79ms", 15, "at least 80ms" },
		{ "lognormal:80ms,0", 15, "at least 80ms" },
		{ "lognormal:80ms,61s", 15, "at most 1m" },
		{ "lognormal:61s,62s", 10, "at most 1m" },
		{ "exp:", 4, "a time such as 250ms" },
		{ "exp:1s,1s", 6, "a time such as 250ms" },
		{ "exp:-1s", 4, "a time such as 250ms" },
		{ "exp:61s", 4, "at most 1m" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_percentiles_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "pct:", 4, "a percentile such as p99.9, or min or max" },
		{ "pct:q50=1s", 4, "a percentile such as p99.9" },
		{ "pct:50=1s", 4, "a percentile such as p99.9" },
		{ "pct:minimum=1s", 4, "a percentile such as p99.9" },
		{ "pct:mi=1s", 4, "a percentile such as p99.9" },
		{ "pct: p50=1s", 4, "a percentile such as p99.9" },
		{ "pct:p=1s", 5, "a percentage" },
		{ "pct:p-1=1s", 5, "a percentage" },
		{ "pct:p5x=1s", 6, "a percentage" },
		{ "pct:p50. =1s", 8, "a percentage" },
		{ "pct:p100.1=1s", 5, "at most 100" },
		{ "pct:p50", 7, "an equals sign and a time" },
		{ "pct:p50,p90=1s", 7, "an equals sign and a time" },
		{ "pct:p50=", 8, "a time such as 250ms" },
		{ "pct:p50=1s,", 11, "a percentile such as p99.9" },
		{ "pct:,p50=1s", 4, "a percentile such as p99.9" },
		{ "pct:p50=1s,,p90=2s", 11, "a percentile such as p99.9" },
		{ "pct:p50=1s=2s", 10, "a time such as 250ms" },
		{ "pct:p50=61s", 8, "at most 1m" },
		{ "pct:p50=1s,p50=2s", 11, "above p50" },
		{ "pct:p50=1s,p50.0=2s", 11, "above p50" },
		{ "pct:p50=1s,p49.9=2s", 11, "above p50" },
		{ "pct:p50=1s,min=2s", 11, "above p50" },
		{ "pct:max=1s,p100=2s", 11, "above p100" },
		{ "pct:p50=2s,p90=1999ms", 15, "at least 2s" },
		{ "pct:p50=1s..2s", 10, "a time such as 250ms" },
		{ "pct:p1=1,p2=2,p3=3,p4=4,p5=5,p6=6,p7=7,p8=8,p9=9,p10=10,"
		  "p11=11,p12=12,p13=13,p14=14,p15=15,p16=16,p17=17",
		    98, "16 are the most" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_lists_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ ",", 0, "a time such as 250ms" },
		{ ":", 0, "a time such as 250ms" },
		{ ":5", 0, "a time such as 250ms" },
		{ "10ms,20ms", 4, "a colon and a percentage" },
		{ "10ms,", 4, "a colon and a percentage" },
		{ "10ms:50,20ms", 12, "a colon and a percentage" },
		{ "10ms:50,", 8, "a time such as 250ms" },
		{ ",10ms:50", 0, "a time such as 250ms" },
		{ "10ms:50,,20ms:50", 8, "a time such as 250ms" },
		{ "10ms:50, 20ms:50", 8, "a time such as 250ms" },
		{ "10ms:", 5, "a percentage" },
		{ "10ms:50%", 7, "a percentage" },
		{ "10ms: 50", 5, "a percentage" },
		{ "10ms:50:50", 7, "a percentage" },
		{ "10ms:101", 5, "at most 100" },
		{ "10ms:60,20ms:41", 13, "at most the 40 percent" },
		{ "10ms:50,61s:50", 8, "at most 1m" },
		{ "10ms:50,2s..1s:50", 12, "at least 2s" },
		{ "10ms:50,2s~3s:50", 11, "a half-width" },
		{ "10ms:50,exp:50", 8, "a time such as 250ms" },
		{ "1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1,10:1,11:1,12:1,13:1,"
		  "14:1,15:1,16:1,17:1",
		    71, "16 are the most" },
	};

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
}

static void
test_files_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "file", 4, "a colon after file" },
		{ "file:", 5, "a file's name" },
		{ "file:other.txt", 5, "the name of a file" },
	};
	static const struct complaints_row rows_without[] = {
		{ "file:times.txt", 5, "only rules" },
		{ "file:", 5, "only rules" },
	};
	char name[WHEN_TEXT_MAX + 1];
	struct complaint why;

	(void)state;
	CHECK_COMPLAINTS(parse, rows);
	CHECK_COMPLAINTS(parse_without_files, rows_without);
	memset(stpcpy(name, "file:"), 'n', WHEN_NAME_MAX + 1);
	assert_false(parse((struct span){ name, WHEN_NAME_MAX + 6 }, &why));
	assert_true(why.at == name + 5);
	assert_false(parse(SPAN("file:a\0b"), &why));
	assert_string_equal(why.at + 1, "b");
}

/* What is shown as an example is of the kind that was meant. */
static void
test_examples(void **state)
{
	static const struct {
		const char *text, *example;
	} rows[] = {
		{ "1x", "250ms" },
		{ "1x..2s", "100ms..300ms" },
		{ "2s~3s", "100ms..300ms" },
		{ "gamma:1s", "250ms" },
		{ "normal", "normal:200ms,50ms" },
		{ "normal:1x,1s", "normal:200ms,50ms" },
		{ "lognormal:1s", "lognormal:80ms,400ms" },
		{ "exp:x", "exp:100ms" },
		{ "pct:p101=1s", "pct:p50=10ms,p90=40ms,max=2s" },
		{ "1x:50", "10ms:90,200ms:9,2s:1" },
		{ "1s:101", "10ms:90,200ms:9,2s:1" },
		{ "file:", "file:times.txt" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct complaint why;

		assert_false(parse(span_of(rows[i].text), &why));
		assert_string_equal(why.example, rows[i].example);
	}
}

/* A copy of so many bytes has all that is in use. */
static void
test_size(void **state)
{
	struct when when;
	struct complaint why;

	(void)state;
	assert_true(when_parse(SPAN("1s"), &limits, &when, &why));
	assert_int_equal(when_size(&when),
	    offsetof(struct when, points) + sizeof(struct when_point));
	assert_true(when_parse(SPAN("1s:1,2s:1,3s:1"), &limits, &when, &why));
	assert_int_equal(when_size(&when),
	    offsetof(struct when, points) + 3 * sizeof(struct when_point));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_accepted_largest),
		cmocka_unit_test(test_accepted_longest),
		cmocka_unit_test(test_times_refused),
		cmocka_unit_test(test_words_refused),
		cmocka_unit_test(test_ranges_refused),
		cmocka_unit_test(test_parameters_refused),
		cmocka_unit_test(test_percentiles_refused),
		cmocka_unit_test(test_lists_refused),
		cmocka_unit_test(test_files_refused),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
