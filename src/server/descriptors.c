/* The sharing-out of file descriptors; main thread, before there are others. */
#include "config.h"

#include "server/descriptors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/listings.h"
#include "base/log.h"

/* What the process has beside connections and served files: the standard ones,
 * ROOT, the log and their successors, and a few that libraries open for a
 * moment. */
#define DESCRIPTORS_OWN 20
/* What each worker has: the event base's 4, the mailbox, and a file that is
 * being opened in each coding. */
#define DESCRIPTORS_PER_WORKER 9
#define DESCRIPTORS_FILES_MAX  64 /* that one worker's cache may hold open */
#define DESCRIPTORS_FILES_MIN  4
/* Up to so many there is room from the start: half a megabyte of the kernel's. */
#define DESCRIPTORS_AT_START 65536

/* What each worker has: where it lists directories, also those that it reads. */
static unsigned
descriptors_of_worker(const struct server_config *config)
{
	return DESCRIPTORS_PER_WORKER +
	       (config->app.site.listing ? LISTINGS_AT_ONCE : 0);
}

unsigned
descriptors_of_admin(const struct server_config *admin)
{
	/* one more, for whom another one is closed */
	return DESCRIPTORS_PER_WORKER + admin->max_conns + 1;
}

uint64_t
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
		log_error("RLIMIT_NOFILE can't be read: %m");
		return 0;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
		log_error("RLIMIT_NOFILE stays as it is: %m");
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur < 1U << 30 ? limit.rlim_cur : 1U << 30;
}

void
descriptors_fit_workers(struct server_config *config, uint64_t all)
{
	uint64_t conns = config->max_conns > 0 ? config->max_conns : all / 2;
	uint64_t taken = conns + DESCRIPTORS_OWN + config->listen.inherited;
	uint64_t each = descriptors_of_worker(config) + DESCRIPTORS_FILES_MIN +
			listeners_count_addresses(&config->listen);
	uint64_t fit = all > taken ? (all - taken) / each : 0;

	if (config->workers_given || fit >= config->workers)
		return;
	config->workers = fit > 0 ? (unsigned)fit : 1;
	config->listen.terms.workers = config->workers;
}

/* Of all: for what is no connection, for these, and how many files the cache of each
 * worker may hold open, which are among the first. */
struct descriptors_shares {
	uint64_t reserve, conns, files;
};

/* Names what the operator has asked for, and nothing else. */
static void
descriptors_refuse(const struct server_config *config, uint64_t needed,
    uint64_t all)
{
	char conns[sizeof "--max-conns=4294967295"] = "";
	char workers[sizeof "--workers=4294967295"] = "";

	if (config->max_conns > 0)
		snprintf(conns, sizeof conns, "--max-conns=%u",
		    config->max_conns);
	if (config->workers_given)
		snprintf(workers, sizeof workers, "--workers=%u",
		    config->workers);
	log_error("%s%s%s%s needs %" PRIu64 " file descriptors, and %" PRIu64
		  " are allowed: raise the limit (ulimit -Hn) or ask for less",
	    conns, *conns != '\0' && *workers != '\0' ? " with " : "", workers,
	    *conns == '\0' && *workers == '\0' ? "a start" : "", needed, all);
}

/* How many files the cache of each worker may hold open: an eighth of all, or
 * what `others` leave of them. */
static uint64_t
descriptors_files(unsigned workers, uint64_t all, uint64_t others)
{
	uint64_t files = all / 8 / workers;
	uint64_t left = all > others ? (all - others) / workers : 0;

	if (files > left)
		files = left;
	if (files > DESCRIPTORS_FILES_MAX)
		return DESCRIPTORS_FILES_MAX;
	return files > DESCRIPTORS_FILES_MIN ? files : DESCRIPTORS_FILES_MIN;
}

/* Makes the kernel's table as large as it will be. Where threads share a table
 * that has to grow, the kernel lets all of them wait for each doubling, for
 * milliseconds: see expand_fdtable() in its fs/file.c. */
static void
descriptors_make_room(uint64_t all)
{
	uint64_t count = all < DESCRIPTORS_AT_START ? all
						    : DESCRIPTORS_AT_START;
	int last = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, (int)count - 1);

	if (last != -1)
		(void)close(last);
}

/* See struct descriptors_shares. */
static struct descriptors_shares
descriptors_share(const struct server_config *config, uint64_t all,
    unsigned listening)
{
	unsigned workers = config->workers;
	uint64_t conns = config->max_conns > 0 ? config->max_conns : 1;
	uint64_t reserve = DESCRIPTORS_OWN + listening +
			   (uint64_t)workers * descriptors_of_worker(config);
	uint64_t files = descriptors_files(workers, all, reserve + conns);

	reserve += workers * files;
	/* leave one in 16 for large files that the cache forgets while they
	 * are sent: each is a second descriptor of its connection */
	if (config->max_conns == 0 && all > reserve + conns)
		conns = all - reserve - (all - reserve) / 16;
	return (struct descriptors_shares){ reserve, conns, files };
}

/* Returns how many connections there may be by a config, which it may change; 0: it
 * would not start. */
static uint64_t
descriptors_try(struct server_config *config, uint64_t all, unsigned others)
{
	struct descriptors_shares shares;

	descriptors_fit_workers(config, all);
	shares = descriptors_share(config, all,
	    others + config->listen.inherited +
		config->workers * listeners_count_addresses(&config->listen));
	return all < shares.reserve + shares.conns ? 0 : shares.conns;
}

uint64_t
descriptors_left(const struct server_config *config, uint64_t all,
    unsigned others)
{
	struct server_config given = *config, free = *config;
	uint64_t left;

	free.max_conns = 0;
	left = descriptors_try(&free, all, others);
	if (config->max_conns <= left)
		return left;
	return descriptors_try(&given, all, others) > 0 ? config->max_conns
							: left;
}

int
descriptors_plan(struct server_config *config, uint64_t all, unsigned listening)
{
	const struct descriptors_shares shares = descriptors_share(config, all,
	    listening);
	uint64_t needed = shares.reserve + shares.conns;

	if (all < needed) {
		descriptors_refuse(config, needed, all);
		return -1;
	}
	config->max_conns = (unsigned)shares.conns;
	config->app.site.open_files = (unsigned)shares.files;
	descriptors_make_room(needed);
	return 0;
}
