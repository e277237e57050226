/* test_options: what the command line gives. */
#include "config.h"

#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture.h"
#include "command_line.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
assert_listen(const struct options *options, unsigned i, const char *expected)
{
	char text[LISTENER_TEXT_MAX];

	assert_true(i < options->listen_count);
	assert_int_equal(options->listen[i].addresses.count, 1);
	listener_format(text, &options->listen[i].addresses.list[0]);
	assert_ptr_equal(options->listen[i].routes, app_site_routes);
	assert_string_equal(text, expected);
}

static int64_t
somaxconn(void)
{
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
	char text[32];

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return strtoll(text, NULL, 10);
}

static void
test_defaults(void **state)
{
	static const struct line none = { { NULL } };
	struct options options;

	(void)state;
	assert_string_equal(parse_and_listen(&options, &none, OPTIONS_RUN), "");
	assert_int_equal(options.listen_count, 1);
	assert_listen(&options, 0, "127.0.0.1:7878");
	assert_int_equal(options.workers, 0);
	assert_string_equal(options.model->name, "mtasync");
	assert_int_equal(options.backlog, somaxconn());
	assert_int_equal(options.max_connections, 0);
	assert_int_equal(options.max_sleepers, 0);
	assert_int_equal(options.header_timeout, 10 * CLOCK_S);
	assert_int_equal(options.body_timeout, 30 * CLOCK_S);
	assert_int_equal(options.idle_timeout, 75 * CLOCK_S);
	assert_int_equal(options.write_timeout, 60 * CLOCK_S);
	assert_int_equal(options.max_sleep, 600 * CLOCK_S);
	assert_int_equal(options.drain_timeout, 30 * CLOCK_S);
	assert_int_equal(options.watch_rules, 0);
	assert_int_equal(options.max_body, 1 << 20);
	assert_int_equal(options.max_size, 1 << 30);
	assert_int_equal(options.seed, -1);
	assert_int_equal(options.rule_texts.count, 0);
	assert_null(options.rules);
	assert_null(options.root);
	assert_string_equal(options.indexes[0], "hello.html");
	assert_string_equal(options.indexes[1], "index.html");
	assert_null(options.indexes[2]);
	assert_null(options.fallback);
	assert_null(options.extensions);
	assert_null(options.mime_types);
	assert_false(options.listing);
	assert_string_equal(options.error_page, "404.html");
	assert_int_equal(options.access_log, RECORD_OFF);
	assert_string_equal(options.access_log_file, "-");
	assert_null(options.user);
	assert_null(options.chroot);
	assert_int_equal(options.sandbox, SANDBOX_AUTO);
	assert_int_equal(options.log_level, LOG_LEVEL_INFO);
	assert_false(options.check);
}

static void
test_all_numbers(void **state)
{
	static const struct line line = { { "-w3", "--model=pool",
	    "--backlog=7", "--max-conns=8", "--max-sleepers=4",
	    "--header-timeout=1ms", "--body-timeout=2s", "--idle-timeout=3m",
	    "--write-timeout=24h", "--max-sleep=0", "--drain-timeout=0s",
	    "--max-body=64k", "--max-size=2g", "--seed=0",
	    "--watch-rules=1ms" } };
	struct options options;

	(void)state;
	parse_and_listen(&options, &line, OPTIONS_RUN);
	assert_int_equal(options.workers, 3);
	assert_string_equal(options.model->name, "pool");
	assert_int_equal(options.backlog, 7);
	assert_int_equal(options.max_connections, 8);
	assert_int_equal(options.max_sleepers, 4);
	assert_int_equal(options.header_timeout, CLOCK_MS);
	assert_int_equal(options.body_timeout, 2 * CLOCK_S);
	assert_int_equal(options.idle_timeout, 180 * CLOCK_S);
	assert_int_equal(options.write_timeout, 86400 * CLOCK_S);
	assert_int_equal(options.max_sleep, 0);
	assert_int_equal(options.drain_timeout, 0);
	assert_int_equal(options.watch_rules, CLOCK_MS);
	assert_int_equal(options.max_body, 65536);
	assert_int_equal(options.max_size, INT64_C(2) << 30);
	assert_int_equal(options.seed, 0);
}

static void
test_the_rest(void **state)
{
	static const struct line line = { { "-l0", "site", "--listen=[::1]:0",
	    "-l", "127.0.0.1:0", "--index=a/b..html", "--index=c",
	    "--fallback=app.html", "--extensions=html,txt",
	    "--mime-types=/etc/mime.types", "--listing", "--error-page",
	    "no.html", "--log=combined", "--log-file=access.log", "--user=a:b",
	    "--chroot=/srv", "--sandbox=require", "--check", "-qv",
	    "--rule=/a delay=11m", "--rules=rules", "--max-sleep=1h", "--rule",
	    "PUT /b delay=file:none" } };
	static const struct line other = { { "--log=combined", "--log=off",
	    "--sandbox=off", "--user=7", "-vq", "--", "-x" } };
	struct options options;

	(void)state;
	parse_and_listen(&options, &line, OPTIONS_RUN);
	assert_int_equal(options.listen_count, 3);
	assert_listen(&options, 0, "127.0.0.1:0");
	assert_listen(&options, 1, "[::1]:0");
	assert_listen(&options, 2, "127.0.0.1:0");
	assert_string_equal(options.root, "site");
	assert_string_equal(options.indexes[0], "a/b..html");
	assert_string_equal(options.indexes[1], "c");
	assert_null(options.indexes[2]);
	assert_string_equal(options.fallback, "app.html");
	assert_string_equal(options.extensions, "html,txt");
	assert_string_equal(options.mime_types, "/etc/mime.types");
	assert_true(options.listing);
	assert_string_equal(options.error_page, "no.html");
	assert_int_equal(options.access_log, RECORD_COMBINED);
	assert_string_equal(options.access_log_file, "access.log");
	assert_string_equal(options.user, "a:b");
	assert_string_equal(options.chroot, "/srv");
	assert_int_equal(options.sandbox, SANDBOX_REQUIRE);
	assert_true(options.check);
	assert_int_equal(options.rule_texts.count, 2);
	assert_string_equal(options.rule_texts.texts[0], "/a delay=11m");
	assert_string_equal(options.rule_texts.texts[1],
	    "PUT /b delay=file:none");
	assert_string_equal(options.rules, "rules");
	assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);

	parse_and_listen(&options, &other, OPTIONS_RUN);
	assert_int_equal(options.access_log, RECORD_OFF);
	assert_int_equal(options.sandbox, SANDBOX_OFF);
	assert_string_equal(options.user, "7");
	assert_string_equal(options.root, "-x");
	assert_int_equal(options.log_level, LOG_LEVEL_ERROR);
}

/* The last one counts. */
static void
test_log(void **state)
{
	static const struct {
		struct line line;
		enum record_format format;
	} rows[] = {
		{ { { "-l0" } }, RECORD_OFF },
		{ { { "--log=combined" } }, RECORD_COMBINED },
		{ { { "--log=json" } }, RECORD_JSON },
		{ { { "--log=combined", "--log=json" } }, RECORD_JSON },
		{ { { "--log=json", "--log=combined" } }, RECORD_COMBINED },
		{ { { "--log=json", "--log=off" } }, RECORD_OFF },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options options;

		parse_and_listen(&options, &rows[i].line, OPTIONS_RUN);
		assert_int_equal(options.access_log, rows[i].format);
	}
}

/* It is for all addresses, wherever it stands; and for the default one. */
static void
test_no_sleep(void **state)
{
	static const struct line lines[] = {
		{ { "-l1", "--no-sleep", "-l2" } },
		{ { "--no-sleep" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct options options;

		parse_and_listen(&options, &lines[i], OPTIONS_RUN);
		assert_ptr_equal(options.routes, app_file_routes);
		for (unsigned j = 0; j < options.listen_count; j++)
			assert_ptr_equal(options.listen[j].routes,
			    app_file_routes);
	}
}

/* Likewise; it may be said twice, the hosts with one of them. */
static void
test_httpbin(void **state)
{
	static const struct line lines[] = {
		{ { "-l1", "--httpbin", "-l2", "--httpbin=a,b" } },
		{ { "--httpbin=a,b", "--httpbin", "root" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct options options;

		parse_and_listen(&options, &lines[i], OPTIONS_RUN);
		assert_ptr_equal(options.routes, app_httpbin_routes);
		assert_string_equal(options.httpbin_hosts, "a,b");
		for (unsigned j = 0; j < options.listen_count; j++)
			assert_ptr_equal(options.listen[j].routes,
			    app_httpbin_routes);
	}
}

static void
test_version(void **state)
{
	static const struct line line = { { "-q", "--version", "--bogus" } };
	struct options options;

	(void)state;
	assert_string_equal(parse_and_listen(&options, &line, OPTIONS_VERSION),
	    "");
}

/* A page, as wide as the narrowest screen, that names options and defaults. */
static void
test_help(void **state)
{
	static const char *const words[] = { "-l, --listen=", "-w, --workers=",
		"--backlog=", "--max-conns=", "--max-sleepers=",
		"--header-timeout=", "--body-timeout=", "--idle-timeout=",
		"--write-timeout=", "--max-sleep=", "--drain-timeout=",
		"--max-body=", "--rule=", "--rules=", "--watch-rules=",
		"--seed=", "--draw=", "--draws=", "--max-size=", "--index=",
		"--error-page=", "--fallback=", "--extensions=", "--listing",
		"--mime-types=", "--no-sleep", "--httpbin[=HOSTS]",
		"--log=", "--log-file=", "--user=", "--chroot=", "--sandbox=",
		"-q, --quiet", "-v, --verbose", "--check", "--healthcheck",
		"--version", "-h, --help", "[127.0.0.1:7878]", "[10s]", "[30s]",
		"[60s]", "[10m]", "[1m]", "[hello.html, index.html]",
		"[404.html]", "[off]", "[-]", "[auto]", "[net.core.somaxconn]",
		"[RLIMIT_NOFILE]" };
	static const struct line lines[] = { { { "--help" } }, { { "-h" } } };
	struct capture capture;
	struct options options;
	unsigned height = 0;

	(void)state;
	fflush(stdout);
	for (size_t i = 0; i < COUNT(lines); i++) {
		capture_begin(&capture, STDOUT_FILENO);
		assert_int_equal(parse(&options, &lines[i]), OPTIONS_DONE);
		capture_end(&capture);
		for (size_t j = 0; j < COUNT(words); j++)
			if (strstr(capture.text, words[j]) == NULL)
				fail_msg("no %s in --help", words[j]);
	}
	for (char *next = capture.text; *next != '\0'; height++) {
		size_t width = strcspn(next, "\n");

		assert_true(width <= 80);
		next += width + 1;
	}
	assert_true(height >= 24 && height <= 96);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_numbers),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_no_sleep),
		cmocka_unit_test(test_httpbin),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
