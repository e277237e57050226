/* test_option_environment: options that the environment gives. */
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

#define ENVIRONMENT_MAX 4

/* What is said, NULL: nothing; and else what has become of some options. */
static const struct {
	const char *environment[ENVIRONMENT_MAX];
	struct line line;
	const char *said;
	int64_t workers;
	unsigned listens;
	bool listing;
	const char *root, *rules;
} rows[] = {
	{ { "MTASYNC_WORKERS=3" }, .workers = 3, .listens = 1 },
	{ { "MTASYNC_WORKERS=3" }, { { "-w", "5" } }, .workers = 5,
	    .listens = 1 },
	{ { "MTASYNC_WORKERS=x" }, { { "--workers=5" } }, .workers = 5,
	    .listens = 1 },
	{ { "MTASYNC_WORKERS=" }, .listens = 1 },
	{ { "MTASYNC_LISTEN=1\n2\n" }, .listens = 2 },
	{ { "MTASYNC_LISTEN=1\n2\n3" }, { { "-l", "4" } }, .listens = 1 },
	{ { "MTASYNC_LISTING=1" }, .listens = 1, .listing = true },
	{ { "MTASYNC_LISTING=0" }, .listens = 1 },
	{ { "MTASYNC_ROOT=a" }, .listens = 1, .root = "a" },
	{ { "MTASYNC_ROOT=a" }, { { "b" } }, .listens = 1, .root = "b" },
	{ { "MTASYNC_RULES=r", "MTASYNC_VERBOSE=1" }, { { "-q" } },
	    .listens = 1, .rules = "r" },
	{ { "MTASYNC_HTTPBIN=1" }, .listens = 1 },
	/* of others */
	{ { "MTASYNC=x", "MTASYNCX=y", "XMTASYNC_WORKERS=z" }, .listens = 1 },
	{ { "MTASYNC_SERVICE_HOST=10.0.0.1", "MTASYNC_PORT=tcp://10.0.0.1:80",
	      "MTASYNC_PORT_80_TCP=tcp://10.0.0.1:80" },
	    .listens = 1 },
	/* what is wrong */
	{ { "MTASYNC_WORKERS=x" },
	    .said = "mtasync: --workers=x: must be from 1 to 1024\n"
		    "mtasync: so says MTASYNC_WORKERS, in the environment\n" },
	{ { "MTASYNC_LISTEN=1\n2x" },
	    .said = "mtasync: --listen=2x: the port must be a number from 0 "
		    "to 65535\n" },
	{ { "MTASYNC_LISTING=yes" },
	    .said = "mtasync: yes: must be 1 or 0\n"
		    "mtasync: so says MTASYNC_LISTING, in the environment\n" },
	{ { "MTASYNC_WORKER=1" },
	    .said = "mtasync: MTASYNC_WORKER=1: no such option, in the "
		    "environment (see mtasync --help)\n" },
	{ { "MTASYNC_workers=1" },
	    .said = "mtasync: MTASYNC_workers=1: no such option, in the "
		    "environment (see mtasync --help)\n" },
	{ { "MTASYNC_MAX-CONNS=1" },
	    .said = "mtasync: MTASYNC_MAX-CONNS=1: no such option, in the "
		    "environment (see mtasync --help)\n" },
	{ { "MTASYNC_HELP=1" },
	    .said = "mtasync: MTASYNC_HELP=1: no such option, in the "
		    "environment (see mtasync --help)\n" },
};

static void
test_environment(void **state)
{
	static struct options options;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char texts[ENVIRONMENT_MAX][64];
		char *environment[ENVIRONMENT_MAX + 1] = { NULL };
		const char *said;

		for (size_t j = 0; rows[i].environment[j] != NULL; j++) {
			snprintf(texts[j], sizeof(texts[j]), "%s",
			    rows[i].environment[j]);
			environment[j] = texts[j];
		}
		said = parse_with(&options, &rows[i].line, environment,
		    rows[i].said == NULL ? OPTIONS_RUN : OPTIONS_USAGE);
		assert_string_equal(said,
		    rows[i].said == NULL ? "" : rows[i].said);
		if (rows[i].said != NULL)
			continue;
		assert_int_equal(options.workers, rows[i].workers);
		assert_int_equal(options.listen_count, rows[i].listens);
		assert_int_equal(options.listing, rows[i].listing);
		if (rows[i].root == NULL)
			assert_null(options.root);
		else
			assert_string_equal(options.root, rows[i].root);
		if (rows[i].rules == NULL)
			assert_null(options.rules);
		else
			assert_string_equal(options.rules, rows[i].rules);
	}
}

/* What the command line says last is what counts, whatever the names are. */
static void
test_the_line_goes_before(void **state)
{
	static struct options options;
	char verbose[] = "MTASYNC_VERBOSE=1",
	     *environment[] = { verbose, NULL };
	static const struct line quiet = { { "-q" } }, none = { { NULL } };

	(void)state;
	parse_with(&options, &quiet, environment, OPTIONS_RUN);
	assert_int_equal(options.log_level, LOG_LEVEL_ERROR);
	parse_with(&options, &none, environment, OPTIONS_RUN);
	assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_the_line_goes_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
