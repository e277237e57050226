/* The program from start to end; the main thread. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/admin.h"
#include "app/tally.h"
#include "base/activation.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_queue.h"
#include "base/privileges.h"
#include "capacity_page.h"
#include "configuration.h"
#include "files.h"
#include "healthcheck.h"
#include "loop/library.h"
#include "names.h"
#include "options.h"
#include "report.h"
#include "rulebook.h"
#include "server/journal.h"
#include "server/server.h"
#include "server/signal_queue.h"
#include "settings.h"
#include "signals.h"
#include "steering.h"
#include "tls/built.h"

/* A thread's stack: far more than the 28 KB that the deepest calls were seen to
 * take, for libraries keep what is a thread's own on it, sanitizers above all. */
#define MAIN_STACK ((size_t)1024 * 1024)

/* How much memory the journal takes at most. */
#define MAIN_JOURNAL_BYTES (UINT64_C(1024) * 1024 * 1024)

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
	char libevent[64], openssl[64];

	library_describe(libevent, sizeof libevent);
	tls_describe_library(openssl, sizeof openssl);
	printf("mtasync %s\nlibevent %s\nOpenSSL %s\n", PACKAGE_VERSION,
	    libevent, openssl);
	return main_end_output();
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

/*
 * Gives root up, but for what the server needs it for at its start; then has the
 * server serve what is open. Returns 0, or -1 and has said why.
 */
static int
main_settle(struct server *server, struct files *files,
    const struct privileges *privileges)
{
	const struct options *options = files->options;

	if (!options->check &&
	    server_prepare(server, options->chroot != NULL) == -1)
		return -1;
	if (privileges_drop(privileges) == -1)
		return -1;
	return files_serve(files, server);
}

/* Makes the operator's side. Returns 0, or -1 and has said why. */
static int
main_open_admin(struct admin *admin, const struct server_config *config,
    const struct options *options)
{
	settings_make_admin(&admin->config, config, options);
	admin->hosts = options->admin_hosts.texts;
	admin->host_count = options->admin_hosts.count;
	return admin_open(admin, config, options->admin_token_file);
}

/* Takes down how the server has been started. Returns 0, or -1 and has said why. */
static int
main_describe(struct admin *admin, const struct server *server,
    const struct server_config *config, const struct options *options)
{
	admin->options = configuration_write(options, config,
	    server_listeners(server));
	if (admin->options != NULL)
		return 0;
	log_error("no memory for the operator's side");
	return -1;
}

/* Makes what all workers write to: the journal, and the tally of keys. Returns 0,
 * or -1 and has said why. */
static int
main_open_shared(struct server_config *config, const struct options *options)
{
	if (options->journal > 0) {
		config->journal = journal_new((uint32_t)options->journal,
		    MAIN_JOURNAL_BYTES);
		if (config->journal == NULL) {
			log_error("--journal=%" PRId64 ": no room for so many",
			    options->journal);
			return -1;
		}
		config->shown_fields = options->shown_fields;
	}
	config->recorded = options->access_log != RECORD_OFF ||
			   config->journal != NULL;
	config->visited = config->recorded || config->limits.age > 0 ||
			  config->limits.requests > 0 ||
			  config->forwarded.field != NULL;
	config->app.tally = tally_new((uint32_t)options->max_keys);
	if (config->app.tally != NULL)
		return 0;
	log_error("--max-keys=%" PRId64 ": no room for so many: %m",
	    options->max_keys);
	return -1;
}

/*
 * Opens all that the server needs with the rights that the program was started
 * with, and then gives them up. Returns NULL, and has said why.
 */
static struct server *
main_open(struct files *files, struct server_config *config,
    struct admin *admin, struct privileges *privileges)
{
	struct server *server;

	if (sandbox_plan(&config->sandbox, files->options->sandbox) == -1 ||
	    privileges_try(privileges) == -1 ||
	    main_open_shared(config, files->options) == -1)
		return NULL;
	if (files->options->admin != NULL &&
	    main_open_admin(admin, config, files->options) == -1)
		return NULL;
	server = server_open(config,
	    files->options->admin != NULL ? &admin->config : NULL);
	admin->server = server;
	if (server == NULL)
		return NULL;
	if ((!config->tls || secrets_open(files->secrets, files->options,
				 config->workers) == 0) &&
	    main_enter(files->options) == 0 &&
	    files_open(files, config, privileges) == 0 &&
	    main_describe(admin, server, config, files->options) == 0 &&
	    main_settle(server, files, privileges) == 0)
		return server;
	server_close(server);
	return NULL;
}

/* What has come of a reload has been told. */
static void
main_end_reload(const struct files *files)
{
	watch_forget_cause(files->watch);
	activation_tell(ACTIVATION_READY);
}

/* Has all be read anew, and served; or where that was no signal's wish, only if it has
 * changed: then the log is not opened anew, which nobody has moved. A signal that stops ends
 * what waits for a disk, but for a mount that does not answer at all. */
static void
main_reload(struct steering *steering, struct access_log *log, bool asked)
{
	struct files *files = steering->files;

	signals_let_in();
	if (asked || watch_look(files->watch)) {
		activation_tell(ACTIVATION_RELOADING);
		if (files_reload(files, steering->server, asked ? log : NULL) ==
		    0)
			steering->reloads = true;
		else
			main_end_reload(files);
	}
	server_note_signal(steering->server, signals_hold());
}

/* Serves until the end, and does meanwhile what the operator wants. */
static void
main_wait(struct server *server, struct files *files,
    const struct server_config *config)
{
	struct access_log *log = config->log;
	struct steering steering = { files, server, NULL, false };

	for (;;) {
		switch (server_wait(server)) {
		case SERVER_REOPEN:
			if (log != NULL)
				(void)access_log_reopen(log);
			break;
		case SERVER_RELOAD:
			main_reload(&steering, log, true);
			break;
		case SERVER_LOOK:
			main_reload(&steering, log, false);
			break;
		case SERVER_ASKED:
			steering_hear(&steering);
			break;
		case SERVER_RELOADED:
			if (steering_settle(&steering))
				break;
			report_reload(files, config);
			main_end_reload(files);
			break;
		case SERVER_GONE:
			files_replace_root(files, server);
			break;
		case SERVER_HOUR:
			secrets_turn(&files->read);
			break;
		case SERVER_STOPPING:
			activation_tell(ACTIVATION_STOPPING);
			break;
		case SERVER_ENDED:
			steering_end(&steering);
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
main_serve(struct server *server, struct files *files,
    struct server_config *config, const struct privileges *privileges)
{
	const struct options *options = files->options;
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
	report_start(files, config, server_listeners(server), privileges);
	if (options->admin != NULL)
		report_admin(options, server_admin_listeners(server));
	activation_tell(ACTIVATION_READY);
	main_wait(server, files, config);
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

/* Prints draws, instead of serving. */
static enum main_status
main_draw(const struct options *options, const struct app_config *config)
{
	if (rulebook_print_draws(options, config) == -1)
		return MAIN_USAGE;
	return main_end_output();
}

/* Prints what it takes, instead of serving. */
static enum main_status
main_plan(const struct options *options, const struct server_config *config)
{
	if (capacity_print(options, config) == -1)
		return MAIN_USAGE;
	return main_end_output();
}

/* Does what the options say; all names have been looked up. */
static enum main_status
main_run(struct options *options, struct privileges *privileges)
{
	struct server_config config = { 0 };
	struct admin admin = { .memory = -1, .descriptors = -1 };
	struct watch watch = { 0 };
	struct secrets secrets = { .watch = &watch };
	struct files files = { .options = options,
		.limits = &config.app.limits,
		.secrets = &secrets,
		.root = -1,
		.watch = &watch };
	_Atomic uint64_t drawn = 0;
	enum main_status status = MAIN_FAILED;
	struct server *server = NULL;

	if (options->watch_rules == 0)
		files.watch = secrets.watch = NULL;
	log_set_level(options->log_level);
	config.app.drawn = &drawn;
	if (settings_make(&config, options) == -1)
		status = MAIN_FAILED;
	else if (options->draw != NULL)
		status = main_draw(options, &config.app);
	else if (options->plan.wanted)
		status = main_plan(options, &config);
	else
		server = main_open(&files, &config, &admin, privileges);
	if (server != NULL && options->check)
		status = main_check(options, &config);
	else if (server != NULL)
		status = main_serve(server, &files, &config, privileges);
	server_close(server);
	admin_close(&admin);
	tally_free(config.app.tally);
	journal_free(config.journal);
	files_close(&files);
	secrets_close(&secrets);
	watch_fini(&watch);
	access_log_close(config.log, MAIN_LOG_PATIENCE);
	log_queue_stop(MAIN_LOG_PATIENCE);
	return status;
}

/* Asks another process, which serves. */
static enum main_status
main_ask(const struct options *options)
{
	log_set_level(options->log_level);
	if (healthcheck_run(options) == -1)
		return MAIN_FAILED;
	return main_end_output();
}

/* Runs, or ends at once, as the command line has it. */
static enum main_status
main_obey(enum options_result result, struct options *options,
    struct privileges *privileges)
{
	switch (result) {
	case OPTIONS_RUN:
		return options->healthcheck ? main_ask(options)
					    : main_run(options, privileges);
	case OPTIONS_VERSION:
		return main_print_version();
	case OPTIONS_DONE:
		return main_end_output();
	case OPTIONS_FAILED:
		return MAIN_FAILED;
	case OPTIONS_USAGE:
		break;
	}
	return MAIN_USAGE;
}

int
main(int argc, char **argv)
{
	struct privileges privileges = { 0 };
	struct options options;
	enum options_result result;
	enum main_status status;

	signal_queue_hold();
	main_fill_standard_fds();
	main_size_stacks();
	result = options_parse(&options, argc, argv, environ);
	/* while nothing is open, and outside of a chroot, where databases are */
	if (result == OPTIONS_RUN)
		result = names_look_up(&options, &privileges);
	status = main_obey(result, &options, &privileges);
	privileges_free(&privileges);
	return (int)status;
}
