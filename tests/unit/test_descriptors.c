/* test_descriptors: how many workers fit, and what is said where none do. */
#include "config.h"

#include "server/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"

/* What is asked for, what there is, and how many workers come of it. */
static const struct row {
	unsigned workers;
	bool given, listing;
	unsigned max_conns, addresses;
	uint64_t all;
	unsigned fit;       /* workers; 0: refused */
	const char *needed; /* how the refusal begins; NULL: there is none */
} rows[] = {
	/* enough for all */
	{ 2, false, false, 0, 1, 1024, 2, NULL },
	{ 64, false, false, 0, 1, 20000, 64, NULL },
	{ 64, true, false, 0, 1, 2048, 64, NULL },
	/* half is for connections where nobody said how many there may be */
	{ 64, false, false, 0, 1, 1024, 35, NULL },
	{ 64, false, false, 0, 16, 1024, 16, NULL },
	{ 64, false, false, 200, 1, 1024, 57, NULL },
	{ 64, false, false, 900, 1, 1024, 7, NULL },
	/* directories that are listed are open, too */
	{ 64, false, true, 0, 1, 1024, 22, NULL },
	{ 64, true, true, 0, 1, 1024, 0, "--workers=64 needs 1429 " },
	/* files are cached in what connections leave */
	{ 6, true, false, 900, 1, 1024, 6, NULL },
	/* too little, by what was asked for */
	{ 64, true, false, 0, 1, 512, 0, "--workers=64 needs 917 " },
	{ 64, true, false, 100, 1, 512, 0,
	    "--max-conns=100 with --workers=64 " },
	{ 64, false, false, 2000, 1, 1024, 0, "--max-conns=2000 needs 2034 " },
	{ 64, false, false, 0, 1, 30, 0, "a start needs 35 " },
};

static void
try_row(const struct row *row)
{
	struct listeners_place places[16];
	struct server_config config = { .workers = row->workers,
		.workers_given = row->given,
		.max_conns = row->max_conns,
		.app = { .site = { .listing = row->listing } },
		.listen = { .places = places,
		    .count = row->addresses,
		    .terms = { .workers = row->workers } } };
	static struct capture capture;
	int result;

	assert_in_range(row->addresses, 0, 16);
	for (unsigned i = 0; i < row->addresses; i++)
		places[i].addresses.count = 1;
	capture_begin(&capture, STDERR_FILENO);
	descriptors_fit_workers(&config, row->all);
	result = descriptors_plan(&config, row->all,
	    config.workers * row->addresses);
	capture_end(&capture);
	assert_int_equal(config.listen.terms.workers, config.workers);
	if (row->needed != NULL) {
		assert_int_equal(result, -1);
		assert_non_null(strstr(capture.text, row->needed));
		assert_ptr_equal(strstr(capture.text, row->needed),
		    capture.text + strlen("mtasync: "));
		return;
	}
	assert_string_equal(capture.text, "");
	assert_int_equal(result, 0);
	assert_int_equal(config.workers, row->fit);
	assert_true(config.app.site.open_files > 0);
	if (row->max_conns > 0)
		assert_int_equal(config.max_conns, row->max_conns);
	else if (!row->given)
		assert_true(config.max_conns >= row->all / 3);
}

static void
test_workers_that_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_message("# %u workers, %llu descriptors\n",
		    rows[i].workers, (unsigned long long)rows[i].all);
		try_row(&rows[i]);
	}
}

/* How many connections there may be, before anything is bound. */
static void
test_left(void **state)
{
	static const struct {
		unsigned workers, max_conns, others;
		uint64_t all, left;
	} lefts[] = {
		{ 2, 0, 0, 300, 210 },
		{ 2, 0, 74, 300, 141 },
		{ 1, 0, 0, 30, 0 },
		/* a number that is given takes what is else left for files */
		{ 2, 240, 0, 300, 240 },
		{ 2, 300, 0, 300, 210 },
		/* or leaves more */
		{ 2, 10, 0, 300, 210 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lefts / sizeof lefts[0]; i++) {
		struct listeners_place place = { .addresses = { .count = 1 } };
		struct server_config config = { .workers = lefts[i].workers,
			.max_conns = lefts[i].max_conns,
			.listen = { .places = &place, .count = 1 } };
		uint64_t left = descriptors_left(&config, lefts[i].all,
		    lefts[i].others);

		if (left != lefts[i].left)
			fail_msg("row %zu: %llu", i, (unsigned long long)left);
		assert_int_equal(config.max_conns, lefts[i].max_conns);
		assert_int_equal(config.workers, lefts[i].workers);
	}
}

static void
test_the_soft_limit_is_raised(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(descriptors_raise() > 64);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur == limit.rlim_max);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers_that_fit),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_the_soft_limit_is_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
