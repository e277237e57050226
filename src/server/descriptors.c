/* The sharing-out of file descriptors; main thread, before there are others. */
#include "config.h"

#include "server/descriptors.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "base/log.h"

/* Neither connections nor served files: the standard ones, ROOT, the log and
 * their successors, and a few that libraries open for a moment. */
#define DESCRIPTORS_OWN 20
/* The base's 4, the mailbox, and a file that is being opened in each coding. */
#define DESCRIPTORS_PER_WORKER 9
#define DESCRIPTORS_FILES_MAX  64 /* that one worker's cache may hold open */
#define DESCRIPTORS_FILES_MIN  4

/* How many there may be. */
static uint64_t
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
		log_error("RLIMIT_NOFILE can't be read: %m");
		return 0;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_error("RLIMIT_NOFILE stays as it is: %m");
	return limit.rlim_cur < 1U << 30 ? limit.rlim_cur : 1U << 30;
}

int
descriptors_plan(struct server_config *config, unsigned sockets)
{
	unsigned workers = config->workers;
	uint64_t all = descriptors_raise();
	uint64_t files = all / 8 / workers;

	if (files > DESCRIPTORS_FILES_MAX)
		files = DESCRIPTORS_FILES_MAX;
	if (files < DESCRIPTORS_FILES_MIN)
		files = DESCRIPTORS_FILES_MIN;

	uint64_t reserve = DESCRIPTORS_OWN + sockets +
			   workers * (DESCRIPTORS_PER_WORKER + files);
	uint64_t wanted = config->max_conns > 0 ? config->max_conns : 1;

	if (all < reserve + wanted) {
		log_error("--max-conns=%" PRIu64 " with --workers=%u needs "
			  "%" PRIu64 " file descriptors, and %" PRIu64
			  " are allowed: raise the limit (ulimit -Hn) or ask "
			  "for less",
		    wanted, workers, reserve + wanted, all);
		return -1;
	}
	/* a large file that the cache forgets while it is sent has one beside
	 * its connection's: some are left for those */
	if (config->max_conns == 0)
		config->max_conns = (unsigned)(all - reserve -
					       (all - reserve) / 16);
	config->app.site.open_files = (unsigned)files;
	return 0;
}
