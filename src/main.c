/* The program from start to end; the main thread. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/generation.h"
#include "base/activation.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_file.h"
#include "base/log_queue.h"
#include "base/privileges.h"
#include "loop/loop.h"
#include "options.h"
#include "report.h"
#include "server/server.h"
#include "settings.h"

/* A thread's stack: far more than the 28 KB that the deepest calls were seen to
 * take, for libraries keep what is a thread's own on it, sanitizers above all. */
#define MAIN_STACK ((size_t)1024 * 1024)

/* How long the logs may take to be written at the end, each of the two; and
 * where the operator has asked twice. */
#define MAIN_LOG_PATIENCE CLOCK_S
#define MAIN_LOG_URGENT   (20 * CLOCK_MS)

enum main_status {
	MAIN_STOPPED = 0, /* cleanly */
	MAIN_FAILED = 1,  /* could not start, or not run */
	MAIN_USAGE = 2,
	MAIN_CUT = 3, /* the stop cut requests off */
};

/*
 * Fills the standard descriptors that the caller left closed, so that no
 * socket or file of ours gets the number that messages are written to.
 */
static void
main_fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

/*
 * The system's stacks, of 8 MB for each thread, would leave little of a limited
 * address space (RLIMIT_AS). Where this fails, they stay as they are; and in a
 * build with sanitizers, which need more.
 */
static void
main_size_stacks(void)
{
	pthread_attr_t attributes;

	if (SANITIZED || pthread_attr_init(&attributes) != 0)
		return;
	(void)pthread_attr_setstacksize(&attributes, MAIN_STACK);
	(void)pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

/* The end of a run that had only something to say. */
static enum main_status
main_end_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return MAIN_STOPPED;
	log_error("standard output can't be written: choose another one");
	return MAIN_FAILED;
}

static enum main_status
main_print_version(void)
{
	char library[64];

	loop_describe_library(library, sizeof library);
	printf("mtasync %s\nlibevent %s\n", PACKAGE_VERSION, library);
	return main_end_output();
}

/* The root that is served where none is named. */
static const char *
main_default_root(void)
{
	struct stat status;

	if (stat("htdocs", &status) == 0 && S_ISDIR(status.st_mode))
		return "htdocs";
	return MTASYNC_HTDOCS;
}

/* Returns a descriptor, or -1 with errno. */
static int
main_open_root(const char *root)
{
	int fd = openat(AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1 && faccessat(fd, ".", X_OK, AT_EACCESS) == -1) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Has the server serve from `root`, which is closed when nobody serves from it
 * any more. Returns 0, or -1 and has said why. */
static int
main_use_root(struct server *server, const struct options *options, int root)
{
	struct generation *generation = generation_new(root);

	if (generation == NULL) {
		log_error("no memory to serve %s as it is now", options->root);
		return -1;
	}
	server_use_root(server, generation);
	generation_release(generation);
	return 0;
}

/* The name of who opens the log anew. */
static const char *
main_user(const struct privileges *privileges)
{
	return privileges->text != NULL ? privileges->name : "mtasync";
}

/* Opens the log, or with --check only sees whether it could. Returns 0, or -1
 * and has said why. */
static int
main_open_log(const struct options *options, struct server_config *config,
    const struct privileges *privileges)
{
	const char *path = options->access_log_file;
	int result;

	if (!options->access_log)
		return 0;
	if (options->check) {
		result = log_file_check(path, privileges);
	} else {
		config->log = access_log_open(path, privileges,
		    config->workers);
		result = config->log != NULL ? 0 : -1;
	}
	if (result == -1)
		log_error(
		    "can't write the log to %.200s: %m: name a file that %s "
		    "may write",
		    path, main_user(privileges));
	return result;
}

/* Goes into the chroot, if there is to be one; returns 0, or -1 and has said
 * why. */
static int
main_enter(const struct options *options)
{
	if (options->chroot == NULL)
		return 0;
	if (!activation_waits_at_path())
		return privileges_enter(options->chroot);
	log_error(
	    "--chroot=%.200s: the NOTIFY_SOCKET of the service manager would "
	    "lie outside: let it change the root, by RootDirectory=",
	    options->chroot);
	return -1;
}

/* Says why ROOT is not served, by errno. */
static void
main_refuse_root(const struct options *options, const char *who)
{
	log_error("can't serve %.200s: %m: name a directory that %s may enter",
	    options->root, who);
}

/* ROOT and the log, which lie inside a chroot; returns a descriptor of ROOT, or
 * -1 and has said why. */
static int
main_open_files(struct options *options, struct server_config *config,
    const struct privileges *privileges)
{
	int root;

	if (main_enter(options) == -1)
		return -1;
	if (options->root == NULL)
		options->root = main_default_root();
	root = main_open_root(options->root);
	if (root == -1) {
		main_refuse_root(options, "mtasync");
		return -1;
	}
	if (main_open_log(options, config, privileges) == 0)
		return root;
	close(root);
	return -1;
}

/* Whether the user to become may enter ROOT; false: has said why. */
static bool
main_may_enter(const struct options *options,
    const struct privileges *privileges, int root)
{
	struct privileges_before before;
	bool may;

	if (privileges->text == NULL)
		return true; /* main_open_root() has looked */
	if (privileges_assume(privileges, &before) == -1)
		return true; /* privileges_drop() will say why */
	may = faccessat(root, ".", X_OK, AT_EACCESS) == 0;
	if (!may)
		main_refuse_root(options, main_user(privileges));
	return privileges_resume(&before) == 0 && may;
}

/*
 * Gives root up, but for what the server needs it for at its start; then has the
 * server serve ROOT. The descriptor is not the caller's any more. Returns 0, or -1
 * and has said why.
 */
static int
main_settle(struct server *server, const struct options *options,
    const struct privileges *privileges, int root)
{
	if (main_may_enter(options, privileges, root) &&
	    (options->check ||
		server_prepare(server, options->chroot != NULL) == 0) &&
	    privileges_drop(privileges) == 0)
		return main_use_root(server, options, root);
	close(root);
	return -1;
}

/*
 * Opens all that the server needs with the rights that the program was started
 * with, and then gives them up. Users are looked up outside of a chroot, where
 * their databases are. Returns NULL, and has said why.
 */
static struct server *
main_open(struct options *options, struct server_config *config,
    struct privileges *privileges)
{
	struct server *server;
	int root;

	if (sandbox_plan(&config->sandbox, options->sandbox) == -1 ||
	    privileges_find(privileges, options->user) == -1 ||
	    privileges_try(privileges) == -1)
		return NULL;
	server = server_open(config);
	if (server == NULL)
		return NULL;
	root = main_open_files(options, config, privileges);
	if (root != -1 && main_settle(server, options, privileges, root) == 0)
		return server;
	server_close(server);
	return NULL;
}

/* Both, or neither; unless memory runs out for ROOT alone. Returns 0, or -1 and
 * has said why. */
static int
main_reload(struct server *server, const struct options *options,
    struct server_config *config)
{
	int root = main_open_root(options->root);

	if (root == -1) {
		log_error("not reloaded: can't serve %.200s: %m",
		    options->root);
		return -1;
	}
	if (config->log != NULL && access_log_reopen(config->log) == -1) {
		log_error("not reloaded: %.200s is served as before",
		    options->root);
		close(root);
		return -1;
	}
	return main_use_root(server, options, root);
}

/*
 * ROOT has been removed: serves what has its name now, if that is there by now.
 * Else the workers will ask again, as long as they are asked; why it can't be
 * is said the first time.
 */
static void
main_replace_root(struct server *server, const struct options *options,
    bool *told)
{
	int root = main_open_root(options->root);

	/* what was the current directory can still be opened, as `.` */
	if (root != -1 && generation_is_gone(root)) {
		close(root);
		errno = ENOENT;
		root = -1;
	}
	if (root != -1) {
		*told = false;
		(void)main_use_root(server, options, root);
		return;
	}
	if (!*told)
		log_error("%.200s has been removed, and nothing can be served "
			  "until it is there again: %m",
		    options->root);
	*told = true;
}

/* Serves until the end, and does meanwhile what the operator wants. */
static void
main_wait(struct server *server, const struct options *options,
    struct server_config *config)
{
	bool told = false;

	for (;;) {
		switch (server_wait(server)) {
		case SERVER_REOPEN:
			if (config->log != NULL)
				(void)access_log_reopen(config->log);
			break;
		case SERVER_RELOAD:
			activation_tell(ACTIVATION_RELOADING);
			if (main_reload(server, options, config) == -1)
				activation_tell(ACTIVATION_READY);
			break;
		case SERVER_RELOADED:
			report_reload(options);
			activation_tell(ACTIVATION_READY);
			break;
		case SERVER_GONE:
			main_replace_root(server, options, &told);
			break;
		case SERVER_STOPPING:
			activation_tell(ACTIVATION_STOPPING);
			break;
		case SERVER_ENDED:
			return;
		}
	}
}

static enum main_status
main_judge(const struct server_summary *summary)
{
	if (summary->failed)
		return MAIN_FAILED;
	return summary->cut > 0 ? MAIN_CUT : MAIN_STOPPED;
}

/* Serves until the end. Where a worker is stuck, the process ends here: what
 * its threads may use, the log's rings too, can't be freed. */
static enum main_status
main_serve(struct server *server, const struct options *options,
    struct server_config *config, const struct privileges *privileges)
{
	int64_t start = clock_now();
	struct server_summary summary;
	uint64_t dropped = 0;
	int64_t patience;

	if (log_queue_start(&config->sandbox) == -1)
		return MAIN_FAILED;
	if (config->log != NULL &&
	    access_log_start(config->log, &config->sandbox) == -1)
		return MAIN_FAILED;
	if (server_start(server) == -1)
		return MAIN_FAILED;
	report_start(options, config, server_listeners(server), privileges);
	activation_tell(ACTIVATION_READY);
	main_wait(server, options, config);
	server_sum_up(server, &summary);
	patience = summary.urgent ? MAIN_LOG_URGENT : MAIN_LOG_PATIENCE;
	if (!summary.stuck) {
		dropped = access_log_close(config->log, patience);
		config->log = NULL;
	}
	report_end(options, &summary, clock_now() - start, dropped);
	log_queue_stop(patience);
	if (summary.stuck)
		_exit((int)main_judge(&summary));
	return main_judge(&summary);
}

/* Has done all of a start but to serve. */
static enum main_status
main_check(const struct options *options, const struct server_config *config)
{
	if (sandbox_enter(&config->sandbox, ROLE_MAIN) == -1)
		return MAIN_FAILED;
	printf("mtasync: %s can be served as asked\n", options->root);
	return main_end_output();
}

static enum main_status
main_run(struct options *options)
{
	struct settings settings = { 0 };
	struct server_config *config = &settings.config;
	struct privileges privileges = { 0 };
	enum main_status status = MAIN_FAILED;
	struct server *server = NULL;

	log_set_level(options->log_level);
	if (settings_make(&settings, options) == 0)
		server = main_open(options, config, &privileges);
	if (server != NULL && options->check)
		status = main_check(options, config);
	else if (server != NULL)
		status = main_serve(server, options, config, &privileges);
	server_close(server);
	access_log_close(config->log, MAIN_LOG_PATIENCE);
	privileges_free(&privileges);
	log_queue_stop(MAIN_LOG_PATIENCE);
	settings_free(&settings);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;

	server_hold_signals();
	main_fill_standard_fds();
	main_size_stacks();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_RUN:
		return (int)main_run(&options);
	case OPTIONS_VERSION:
		return (int)main_print_version();
	case OPTIONS_DONE:
		return (int)main_end_output();
	case OPTIONS_FAILED:
		return MAIN_FAILED;
	case OPTIONS_USAGE:
		break;
	}
	return MAIN_USAGE;
}
