/* test_options_refused: what a command line is told is wrong. */
#include "config.h"

#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "command_line.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define COUNT_TO(most) "must be from 1 to " most "\n"
#define TIME_FROM(least) \
 "must be a time from " least " to 24h, such as 250ms, 1.5s or 2m\n"
#define SIZE_TO(most) \
 "must be a size from 0 to " most ", such as 512, 64k or 1m\n"

#define PLAN       "must be two numbers of at most 100000000, such as 1000000,50000\n"
#define EXTENSIONS "must be extensions such as html, or html,txt\n"

/* Each is refused with one line, which is all of it after `mtasync: `. */
static const struct {
	const char *option, *why;
} refused_values[] = {
	{ "--workers=0", COUNT_TO("1024") },
	{ "--workers=1025", COUNT_TO("1024") },
	{ "--workers=", COUNT_TO("1024") },
	{ "--workers=-1", COUNT_TO("1024") },
	{ "--workers=2x", COUNT_TO("1024") },
	{ "--workers= 2", COUNT_TO("1024") },
	{ "--workers=1e3", COUNT_TO("1024") },
	{ "--workers=99999999999999999999", COUNT_TO("1024") },
	{ "--backlog=0", COUNT_TO("2147483647") },
	{ "--model=", "must be serial, thread, pool, fork_join, async "
		      "or mtasync\n" },
	{ "--model=threads", "must be serial, thread, pool, fork_join, "
			     "async or mtasync\n" },
	{ "--backlog=2147483648", COUNT_TO("2147483647") },
	{ "--max-conns=0", COUNT_TO("100000000") },
	{ "--max-sleepers=0", COUNT_TO("100000000") },
	{ "--header-timeout=0", TIME_FROM("1ms") },
	{ "--header-timeout=999us", TIME_FROM("1ms") },
	{ "--body-timeout=25h", TIME_FROM("1ms") },
	{ "--idle-timeout=1e30", TIME_FROM("1ms") },
	{ "--write-timeout=-1s", TIME_FROM("1ms") },
	{ "--max-sleep=1d", TIME_FROM("0s") },
	{ "--max-sleep=86400.000000001", TIME_FROM("0s") },
	{ "--drain-timeout=", TIME_FROM("0s") },
	{ "--watch-rules=0", TIME_FROM("1ms") },
	{ "--watch-rules=25h", TIME_FROM("1ms") },
	{ "--max-body=1.5m", SIZE_TO("1024g") },
	{ "--max-body=1025g", SIZE_TO("1024g") },
	{ "--max-size=x", SIZE_TO("1048576g") },
	{ "--seed=-1", "must be from 0 to 999999999999999\n" },
	{ "--seed=1000000000000000", "must be from 0 to 999999999999999\n" },
	{ "--plan=", PLAN },
	{ "--plan=1000", PLAN },
	{ "--plan=1000,", PLAN },
	{ "--plan=,1000", PLAN },
	{ "--plan=1,2,3", PLAN },
	{ "--plan=1k,2", PLAN },
	{ "--plan=-1,2", PLAN },
	{ "--plan=1, 2", PLAN },
	{ "--plan=100000001,2", PLAN },
	{ "--plan=1,100000001", PLAN },
	{ "--plan=1,99999999999999999999", PLAN },
	{ "--rules=", "must be the name of a file\n" },
	{ "--listen=70000", "the port must be a number from 0 to 65535\n" },
	{ "--listen=::1:80",
	    "an IPv6 address needs brackets, as in [::1]:80\n" },
	{ "--index=", "must be the name of a file\n" },
	{ "--index=/x", "must be relative, without a '/' in front\n" },
	{ "--index=..", "must not lead out by '..'\n" },
	{ "--fallback=/x", "must be relative, without a '/' in front\n" },
	{ "--extensions=", EXTENSIONS },
	{ "--extensions=.html", EXTENSIONS },
	{ "--extensions=html,", EXTENSIONS },
	{ "--extensions=,html", EXTENSIONS },
	{ "--extensions=html,,txt", EXTENSIONS },
	{ "--extensions=html, txt", EXTENSIONS },
	{ "--extensions=a/b", EXTENSIONS },
	{ "--mime-types=", "must be the name of a file\n" },
	{ "--error-page=a/../b", "must not lead out by '..'\n" },
	{ "--error-page=a/..", "must not lead out by '..'\n" },
	{ "--log=common", "must be combined, json or off\n" },
	{ "--log=", "must be combined, json or off\n" },
	{ "--log-file=", "must be the name of a file, or - for"
			 " standard output\n" },
	{ "--user=", "must be USER or USER:GROUP\n" },
	{ "--user=:bin", "must be USER or USER:GROUP\n" },
	{ "--user=bin:", "must be USER or USER:GROUP\n" },
	{ "--user=bin:bin:bin", "must be USER or USER:GROUP\n" },
	{ "--chroot=", "must be the name of a directory\n" },
	{ "--sandbox=on", "must be auto, require or off\n" },
	{ "--sandbox=", "must be auto, require or off\n" },
};

static void
test_values_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_values); i++) {
		struct line line = { { refused_values[i].option } };
		struct options options;
		char expected[200];

		snprintf(expected, sizeof(expected), "mtasync: %s: %s",
		    refused_values[i].option, refused_values[i].why);
		assert_string_equal(parse_and_listen(&options, &line,
					OPTIONS_USAGE),
		    expected);
	}
}

static void
test_usage_refused(void **state)
{
	static const struct {
		struct line line;
		const char *said;
	} rows[] = {
		{ { { "--bogus" } }, "--bogus: no such option" },
		{ { { "--bogus=1" } }, "--bogus=1: no such option" },
		{ { { "-lx.invalid:80", "--bogus" } },
		    "--bogus: no such option" },
		{ { { "--=1" } }, "--=1: no such option" },
		{ { { "--max-conns-" } }, "--max-conns-: no such option" },
		{ { { "--max" } },
		    "--max: may be any of --max-conns, --max-conn-age,"
		    " --max-conn-requests, --max-sleepers,"
		    " --max-body, --max-sleep, --max-keys, --max-size" },
		{ { { "-q", "a", "--he=1", "-v" } },
		    "--he=1: may be any of --header-timeout, --header,"
		    " --healthcheck, --help" },
		{ { { "-z" } }, "-z: no such option" },
		{ { { "-\xc3\xa9" } }, "-\\xc3: no such option" },
		{ { { "-qz" } }, "-z: no such option" },
		{ { { "--workers" } },
		    "--workers: needs a value, as in --workers=N" },
		{ { { "-w" } }, "--workers: needs a value, as in --workers=N" },
		{ { { "--work" } },
		    "--workers: needs a value, as in --workers=N" },
		{ { { "--check=1" } }, "--check: takes no value" },
		{ { { "--che=" } }, "--check: takes no value" },
		{ { { "-w2", "--model=serial" } },
		    "--workers=2: --model=serial has no choice of threads" },
		{ { { "--no-sleep", "--httpbin" } },
		    "--httpbin and --no-sleep: there can be but one of them" },
		{ { { "--httpbin", "--no-sleep" } },
		    "--httpbin and --no-sleep: there can be but one of them" },
		{ { { "--model=async", "-w1" } },
		    "--workers=1: --model=async has no choice of threads" },
		{ { { "a", "-q", "b" } },
		    "b: there can be only one ROOT, and it is a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options options;
		char expected[200];

		snprintf(expected, sizeof(expected),
		    "mtasync: %s (see mtasync --help)\n", rows[i].said);
		assert_string_equal(parse_and_listen(&options, &rows[i].line,
					OPTIONS_USAGE),
		    expected);
	}
}

static void
test_root_and_listen_refused(void **state)
{
	static const struct {
		struct line line;
		const char *said;
	} rows[] = {
		{ { { "" } },
		    "mtasync: '': ROOT must be the name of a directory\n" },
		{ { { "-l80", "-l", "127.0.0.1:80" } },
		    "mtasync: --listen=127.0.0.1:80: this address is given"
		    " twice\n" },
		{ { { "-l[::1]:80", "-l", "[0::1]:80" } },
		    "mtasync: --listen=[0::1]:80: this address is given"
		    " twice\n" },
		{ { { "-l1", "-l2", "-l3", "-l4", "-l5", "-l6", "-l7", "-l8",
		      "-l9", "-l10", "-l11", "-l12", "-l13", "-l14", "-l15",
		      "-l16", "-l17" } },
		    "mtasync: --listen=17: one address more than there is"
		    " room for\n" },
		{ { { "--index=1", "--index=2", "--index=3", "--index=4",
		      "--index=5", "--index=6", "--index=7", "--index=8",
		      "--index=9" } },
		    "mtasync: --index=9: one index more than there is room"
		    " for\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options options;

		assert_string_equal(parse_and_listen(&options, &rows[i].line,
					OPTIONS_USAGE),
		    rows[i].said);
	}
}

/* What is long does not push out the reason, nor break the line. */
static void
test_refused_in_one_line(void **state)
{
	char option[3000] = "--log=two\nlines";
	struct line line = { { option } };
	struct options options;
	const char *said;

	(void)state;
	memset(option + strlen(option), 'x', sizeof(option) - 16);
	option[sizeof(option) - 1] = '\0';
	said = parse_and_listen(&options, &line, OPTIONS_USAGE);
	assert_non_null(strstr(said, "two\\x0alines"));
	assert_non_null(strstr(said, "x: must be combined, json or off\n"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_refused),
		cmocka_unit_test(test_usage_refused),
		cmocka_unit_test(test_root_and_listen_refused),
		cmocka_unit_test(test_refused_in_one_line),
	};

	return cmocka_run_group_tests_name("options refused", tests, NULL,
	    NULL);
}
