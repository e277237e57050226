/* Tests of base/sandbox: what is planned, and what is said of it. */
#include "config.h"

#include "base/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/filter.h"
#include "base/landlock.h"
#include "capture.h"

static void
test_modes(void **state)
{
	struct sandbox sandbox;

	(void)state;
	assert_int_equal(sandbox_plan(&sandbox, SANDBOX_OFF), 0);
	assert_string_equal(sandbox_describe(&sandbox), "not confined");
	assert_null(sandbox.missing);
	assert_int_equal(sandbox_enter(&sandbox, ROLE_WORKER), 0);
	assert_int_equal(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
	assert_int_equal(sandbox_plan(&sandbox, SANDBOX_AUTO), 0);
	assert_true(
	    sandbox.seccomp == (filter_missing() == NULL && !SANITIZED));
	assert_int_equal(sandbox.landlock, SANITIZED ? 0 : landlock_version());
	assert_int_equal(sandbox.missing == NULL,
	    sandbox.seccomp && sandbox.landlock > 0);
}

static void
test_require(void **state)
{
	struct capture said;
	struct sandbox sandbox;
	int result;

	(void)state;
	capture_begin(&said, STDERR_FILENO);
	result = sandbox_plan(&sandbox, SANDBOX_REQUIRE);
	capture_end(&said);
	if (result == 0) {
		assert_string_equal(said.text, "");
		assert_string_equal(sandbox_describe(&sandbox),
		    "confined by seccomp and Landlock");
	} else {
		assert_int_equal(strncmp(said.text,
				     "mtasync: --sandbox=require: ",
				     strlen("mtasync: --sandbox=require: ")),
		    0);
	}
	assert_int_equal(result == 0,
	    !SANITIZED && filter_missing() == NULL && landlock_version() > 0);
}

static void
test_description(void **state)
{
	const struct sandbox filter = { .seccomp = true };
	const struct sandbox landlock = { .landlock = 1 };

	(void)state;
	assert_string_equal(sandbox_describe(&filter),
	    "confined by seccomp alone");
	assert_string_equal(sandbox_describe(&landlock),
	    "confined by Landlock alone");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_require),
		cmocka_unit_test(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
