/* Tests of app/sleep: what a path after /sleep and its query ask for. */
#include "config.h"

#include "app/sleep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/message.h"
#include "base/clock.h"
#include "http/target.h"
#include "worded.h"

/* What a target comes to: the words that are read, or what is wrong. */
struct read {
	char text[SLEEP_TEXT_MAX];
	char path[HTTP_TARGET_MAX + 1];
	struct behaviour behaviour;
	char *fault;
	bool right;
};

static void
read_target(const char *target, const struct words_limits *limits,
    struct read *read)
{
	const char *mark = strchr(target, '?');
	struct sleep_wish wish = { .path = span_of(target) };
	size_t size;

	memset(read, 0, sizeof(*read));
	if (mark != NULL) {
		wish.path.size = (size_t)(mark - target);
		wish.query = span_of(mark + 1);
	}
	assert_int_equal(http_target_decode(wish.path, read->path,
			     sizeof(read->path), &size),
	    HTTP_TARGET_OK);
	assert_memory_equal(read->path, "sleep", 5);
	wish.rest = (struct span){ read->path + 5, size - 5 };
	read->right = sleep_parse(&wish, limits, read->text, &read->behaviour,
			  &read->fault) &&
		      sleep_complete(&read->behaviour, read->behaviour.given,
			  limits, &read->fault);
	if (!read->right) /* nobody runs out of memory here */
		assert_non_null(read->fault);
}

static void
release(struct read *read)
{
	words_release(&read->behaviour);
	free(read->fault);
}

static const struct accepted_row {
	const char *target, *words;
} accepted[] = {
	{ "/sleep", "delay=5s" },
	{ "/sleep?", "delay=5s" },
	{ "/sleep?1", "delay=5s" },
	{ "/sleep?&&1&_&", "delay=5s" },
	{ "/sleep/0", "delay=0s" },
	{ "/sleep/250us", "delay=250us" },
	{ "/sleep/250ms", "delay=250ms" },
	{ "/sleep/1.5s", "delay=1500ms" },
	{ "/sleep/2", "delay=2s" },
	{ "/sleep/1m", "delay=1m" },
	{ "/sleep/1m?1606578245", "delay=1m" },
	{ "/sleep/100ms..300ms", "delay=100ms..300ms" },
	{ "/sleep/%31s", "delay=1s" },
	{ "/sleep/../sleep/./1s", "delay=1s" },
	{ "/sleep?delay=1s", "delay=1s" },
	{ "/sleep?status=503", "delay=5s&status=503" },
	{ "/sleep/1s?status=503%3A5%2c429:1", "delay=1s&status=503:5,429:1" },
	{ "/sleep/1s?%73tatus=%35%30%33", "delay=1s&status=503" },
	{ "/sleep/1s?size=5&1&over=2s", "delay=1s&size=5&over=2s" },
	{ "/sleep/1?header=X:a+b%20c%26d%3De=f",
	    "delay=1s&header=X:a+b c&d=e=f" },
	{ "/sleep/1?header=X:%2541", "delay=1s&header=X:%41" },
	{ "/sleep/1?interim=103&interim=100",
	    "delay=1s&interim=103&interim=100" },
};

static void
test_accepted(void **state)
{
	static struct read read;
	char text[WORDED_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		read_target(accepted[i].target, worded_limits(), &read);
		if (!read.right)
			fail_msg("%s: %s", accepted[i].target, read.fault);
		assert_string_equal(worded_print(&read.behaviour, text),
		    accepted[i].words);
		release(&read);
	}
}

/* What is said first: the word, its value, and its column in the target as it was
 * sent; and what of the rest. */
static const struct refused_row {
	const char *target, *first, *wanted;
} refused[] = {
	{ "/sleep/", "delay=, column 8: wants ", "" },
	{ "/sleep/5/", "delay=5/, column 9: wants ", "" },
	{ "/sleep/-1", "delay=-1, column 8: wants ", "" },
	{ "/sleep/soon", "delay=soon, column 8: wants ", "250ms" },
	{ "/sleep/2m", "delay=2m, column 8: wants ", "at most 1m" },
	{ "/sleep/60.000000001s", "delay=60.000000001s, column 8: wants ",
	    "at most 1m" },
	{ "/sleep/99999999999999999999h", "delay=", "at most 1m" },
	{ "/sleep/5%20s", "delay=5 s, column ", "" },
	{ "/sleep/1s..2m", "delay=1s..2m, column 12: wants ", "at most 1m" },
	{ "/sleep/file:x", "delay=file:x, column 13: wants ", "only rules" },
	{ "/sleep/1?delay=1", "delay=1, column 10: wants ", "but once" },
	{ "/sleep?delay=1&delay=1", "delay=1, column 16: wants ", "but once" },
	{ "/sleep?=", "=, column 8: wants ", "a word that there is" },
	{ "/sleep?=5", "=5, column 8: wants ", "a word that there is" },
	{ "/sleep?a=", "a=, column 8: wants ", "a word that there is" },
	{ "/sleep/1?sta+tus=5", "sta+tus=5, column 10: wants ",
	    "a word that there is" },
	{ "/sleep/1?status=x", "status=x, column 17: wants ", "200 to 599" },
	{ "/sleep/1?%73tatus=x", "status=x, column 19: wants ", "200 to 599" },
	{ "/sleep/1?status=%35%30%33:5,x", "status=503:5,x, column 29: wants ",
	    "200 to 599" },
	{ "/sleep/1?1&&status=x", "status=x, column 20: wants ", "" },
	{ "/sleep/../sleep/1?status=x", "status=x, column 26: wants ", "" },
	{ "/sleep?size=%00", "size=%00, column 13: wants ", "no NUL" },
	{ "/sleep?si%00ze=1", "si%00ze=1, column 10: wants ", "no NUL" },
	{ "/sleep?size=%", "size=%, column 13: wants ", "two hexadecimal" },
	{ "/sleep?size=1%4", "size=1%4, column 14: wants ", "hexadecimal" },
	{ "/sleep?size=1%4&1", "size=1%4, column 14: wants ", "hexadecimal" },
	{ "/sleep?size=1%g0", "size=1%g0, column 14: wants ", "hexadecimal" },
	{ "/sleep?size=%2531", "size=%31, column 13: wants ", "a size" },
	{ "/sleep?header=X:%0d%0aY:1", "header=X:??Y:1, column 16: wants ",
	    "without control" },
	{ "/sleep?fill=7", "fill=7: wants ", "a size that is to be filled" },
	{ "/sleep/20s?over=50s", "over=50s: wants ", "over the limit" },
	{ "/sleep?header=A:1&header=B:2&for=5&fault=close",
	    "for=5s: wants fault=hang", "" },
	{ "/sleep/1?rate=100&lines=1000000", "rate=100: wants ", "limit" },
};

/* A fault is one line of text, which fits an answer's. */
static void
assert_fault(const char *fault)
{
	size_t most = strlen("400 Bad Request: \n") + strlen(fault);

	assert_true(most < MESSAGE_TEXT_MAX);
	for (const char *p = fault; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p <= '~');
}

static void
test_refused(void **state)
{
	static struct read read;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct refused_row *row = &refused[i];

		read_target(row->target, worded_limits(), &read);
		if (read.right)
			fail_msg("%s is accepted", row->target);
		if (strncmp(read.fault, row->first, strlen(row->first)) != 0 ||
		    strstr(read.fault, row->wanted) == NULL)
			fail_msg("%s: %s", row->target, read.fault);
		assert_fault(read.fault);
		release(&read);
	}
}

/* The sleep that none asks for in numbers obeys the limit too. */
static void
test_default_over_limit(void **state)
{
	static const struct words_limits second = { { CLOCK_S, NULL, NULL }, 1,
		NULL };
	static struct read read;

	(void)state;
	read_target("/sleep", &second, &read);
	assert_false(read.right);
	assert_non_null(strstr(read.fault, "delay=5s: wants "));
	assert_non_null(strstr(read.fault, "at most 1s"));
	assert_fault(read.fault);
	release(&read);
}

/* Targets of 8 KB of this and that: each is refused in a line that fits. */
static void
test_rubbish(void **state)
{
	static const char *const starts[] = { "/sleep?", "/sleep?=",
		"/sleep?size=", "/sleep?fault=", "/sleep?fault=close:1,",
		"/sleep?delay=", "/sleep?delay=pct:", "/sleep?header=",
		"/sleep?header=X:\x01", "/sleep?type=", "/sleep?status=503:",
		"/sleep?interim=", "/sleep?close=", "/sleep?at=", "/sleep/",
		"/sleep/normal:", "/sleep?retry-after=" };
	static const char *const fills[] = { "a", "%", "%41", "9", ".", ",",
		"=", "\xff", "%01", "1:1,", "p1=1s,", "+", ";" };
	static char target[HTTP_TARGET_MAX + 1];
	static struct read read;

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		for (size_t j = 0; j < sizeof(fills) / sizeof(*fills); j++) {
			size_t size = strlen(starts[i]);
			size_t step = strlen(fills[j]);

			if (starts[i][6] == '/' && *fills[j] == '%')
				continue; /* a path that can't be decoded */
			stpcpy(target, starts[i]);
			for (; size + step <= HTTP_TARGET_MAX; size += step)
				stpcpy(target + size, fills[j]);
			read_target(target, worded_limits(), &read);
			if (!read.right)
				assert_fault(read.fault);
			else /* without a `=`, it is no word */
				assert_int_equal(i, 0);
			release(&read);
		}
	}
}

/* Whether a query asks for help. */
static void
test_help(void **state)
{
	static const struct {
		const char *query;
		bool help;
	} rows[] = {
		{ "help", true },
		{ "1&help", true },
		{ "size=5&help&x", true },
		{ "", false },
		{ "help=", false },
		{ "help=1", false },
		{ "helpp", false },
		{ "Help", false },
		{ "x=help", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(sleep_wants_help(span_of(rows[i].query)),
		    rows[i].help);
	assert_false(sleep_wants_help((struct span){ NULL, 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_default_over_limit),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
