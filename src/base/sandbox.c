/* sandbox: seccomp and Landlock together, and what is said of them. */
#include "config.h"

#include "base/sandbox.h"

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

static int
sandbox_make_filters(struct sandbox *sandbox)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (filter_make(&sandbox->filters[role], (enum role)role) ==
		    -1) {
			log_error("no filter of system calls can be made: %m");
			return -1;
		}
	sandbox->filtered = true;
	return 0;
}

int
sandbox_open(struct sandbox *sandbox, enum sandbox_mode mode)
{
	const char *missing = sandbox_missing();

	*sandbox = (struct sandbox){ 0 };
	if (mode == SANDBOX_REQUIRE && missing != NULL) {
		log_error("--sandbox=require: %s", missing);
		return -1;
	}
	if (mode == SANDBOX_OFF || SANITIZED)
		return 0;
	sandbox->landlock = landlock_version();
	return filter_missing() == NULL ? sandbox_make_filters(sandbox) : 0;
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
	if (sandbox->filtered && filter_enter(&sandbox->filters[role]) == -1) {
		log_error("a thread can't be confined by seccomp: %m");
		return -1;
	}
	return 0;
}

const char *
sandbox_describe(const struct sandbox *sandbox)
{
	if (sandbox->filtered && sandbox->landlock > 0)
		return "confined by seccomp and Landlock";
	if (sandbox->filtered)
		return "confined by seccomp alone";
	if (sandbox->landlock > 0)
		return "confined by Landlock alone";
	return SANITIZED ? "not confined, because of sanitizers"
			 : "not confined";
}

void
sandbox_close(struct sandbox *sandbox)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		filter_free(&sandbox->filters[role]);
}
