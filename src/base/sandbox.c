/* sandbox: seccomp and Landlock together, and what is said of them. */
#include "config.h"

#include "base/sandbox.h"

#include <stddef.h>

#include "base/filter.h"
#include "base/landlock.h"
#include "base/log.h"

/* Returns NULL, or the first thing that is missing: a constant text. */
static const char *
sandbox_missing(void)
{
	const char *missing = filter_missing();

	if (SANITIZED)
		return "a build with sanitizers can't be confined";
	if (missing == NULL && landlock_version() == 0)
		return "this kernel has no Landlock";
	return missing;
}

int
sandbox_plan(struct sandbox *sandbox, enum sandbox_mode mode)
{
	const char *missing = sandbox_missing();

	*sandbox = (struct sandbox){ 0 };
	if (mode == SANDBOX_REQUIRE && missing != NULL) {
		log_error("--sandbox=require: %s", missing);
		return -1;
	}
	if (mode == SANDBOX_OFF)
		return 0;
	sandbox->missing = missing;
	if (SANITIZED)
		return 0;
	sandbox->seccomp = filter_missing() == NULL;
	sandbox->landlock = landlock_version();
	return 0;
}

/* Landlock first: the filter does not let it be called any more. */
int
sandbox_enter(const struct sandbox *sandbox, enum role role)
{
	if (sandbox->landlock > 0 &&
	    landlock_enter(sandbox->landlock, role) == -1) {
		log_error("a thread can't be confined by Landlock: %m");
		return -1;
	}
	if (sandbox->seccomp && filter_enter(role) == -1) {
		log_error("a thread can't be confined by seccomp: %m");
		return -1;
	}
	return 0;
}

const char *
sandbox_describe(const struct sandbox *sandbox)
{
	if (sandbox->seccomp && sandbox->landlock > 0)
		return "confined by seccomp and Landlock";
	if (sandbox->seccomp)
		return "confined by seccomp alone";
	if (sandbox->landlock > 0)
		return "confined by Landlock alone";
	return "not confined";
}
