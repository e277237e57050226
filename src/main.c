/* The program from start to end; the main thread. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/log.h"
#include "loop/server.h"
#include "options.h"

/* How long the connections that drain may stay idle, and how long a closed one
 * waits for its client to close too. */
#define MAIN_GRACE  (300 * CLOCK_MS)
#define MAIN_LINGER (2 * CLOCK_S)

/* How often one looks whether a client still takes its answer; it is cut at the
 * first look after the write timeout. */
#define MAIN_WRITE_LOOK (250 * CLOCK_MS)

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

	server_describe_library(library, sizeof library);
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

/* Returns a descriptor, or -1 and has said why. */
static int
main_open_root(const char *root)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1 && faccessat(fd, ".", X_OK, AT_EACCESS) == -1) {
		close(fd);
		fd = -1;
	}
	if (fd == -1)
		log_error("can't serve %s: %m: name a directory that mtasync "
			  "may enter",
		    root);
	return fd;
}

/* Where the lines about start and end go: not among those of the access log. */
static FILE *
main_talk(const struct options *options)
{
	bool taken = options->access_log &&
		     strcmp(options->access_log_file, "-") == 0;

	return taken ? stderr : stdout;
}

static void
main_say_start(FILE *out, const struct options *options,
    const struct server_config *config)
{
	fprintf(out, "mtasync: serving %s on", options->root);
	for (unsigned i = 0; i < config->address_count; i++) {
		char text[LISTENER_TEXT_MAX];

		listener_format(text, &config->addresses[i]);
		fprintf(out, "%s http://%s/", i > 0 ? "," : "", text);
	}
	fprintf(out, " with %u worker%s\n", config->workers,
	    config->workers == 1 ? "" : "s");
	fflush(out);
}

static void
main_say_end(FILE *out, const struct server_summary *summary, int64_t time,
    uint64_t dropped)
{
	fprintf(out,
	    "mtasync: served %" PRIu64 " requests, cut %" PRIu64 ", in %" PRId64
	    ".%03" PRId64 " s",
	    summary->served, summary->cut, time / CLOCK_S,
	    time % CLOCK_S / CLOCK_MS);
	if (dropped > 0)
		fprintf(out, "; %" PRIu64 " lines of the log were dropped",
		    dropped);
	fputc('\n', out);
	fflush(out);
}

static void
main_configure(struct options *options, struct server_config *config)
{
	config->addresses = options->listen;
	config->address_count = options->listen_count;
	config->workers = options->workers > 0 ? (unsigned)options->workers
					       : cpus_available();
	config->max_conns = (unsigned)options->max_connections;
	config->backlog = (int)options->backlog;
	config->max_body = (uint64_t)options->max_body;
	config->write_limit = options->write_timeout;
	config->drain_limit = options->drain_timeout;
	config->limits[DEADLINE_IDLE] = options->idle_timeout;
	config->limits[DEADLINE_GRACE] = MAIN_GRACE;
	config->limits[DEADLINE_HEAD] = options->header_timeout;
	config->limits[DEADLINE_BODY] = options->body_timeout;
	config->limits[DEADLINE_WRITE] = MAIN_WRITE_LOOK;
	config->limits[DEADLINE_LINGER] = MAIN_LINGER;
	config->app.max_sleep = options->max_sleep;
	config->app.site.index = options->index;
	config->app.site.missing = options->error_page;
	config->app.site.fields = (struct span){ options->added.lines,
		options->added.size };
}

/* Opens what the server is given; returns 0, or -1 and has said why. */
static int
main_open(const struct options *options, struct server_config *config)
{
	config->app.site.root = main_open_root(options->root);
	if (config->app.site.root == -1 ||
	    server_plan_descriptors(config) == -1)
		return -1;
	if (!options->access_log)
		return 0;
	config->log = access_log_open(options->access_log_file,
	    config->workers);
	if (config->log == NULL) {
		log_error("can't write the log to %s: %m: name a file that "
			  "mtasync may write",
		    options->access_log_file);
		return -1;
	}
	return 0;
}

/* Serves until the end. The signals are blocked before any thread starts. */
static enum main_status
main_serve(struct server *server, const struct options *options,
    struct server_config *config)
{
	FILE *out = main_talk(options);
	int64_t start = clock_now();
	struct server_summary summary;
	uint64_t dropped;

	if (config->log != NULL && access_log_start(config->log) == -1) {
		log_error("the log's writer can't be started: %m");
		return MAIN_FAILED;
	}
	if (server_start(server) == -1)
		return MAIN_FAILED;
	if (options->log_level >= LOG_LEVEL_INFO)
		main_say_start(out, options, config);
	server_run(server, &summary);
	dropped = access_log_close(config->log);
	config->log = NULL;
	if (options->log_level >= LOG_LEVEL_INFO)
		main_say_end(out, &summary, clock_now() - start, dropped);
	if (summary.failed)
		return MAIN_FAILED;
	return summary.cut > 0 ? MAIN_CUT : MAIN_STOPPED;
}

static enum main_status
main_run(struct options *options)
{
	struct server_config config = { 0 };
	struct server *server = NULL;
	enum main_status status = MAIN_FAILED;

	log_set_level(options->log_level);
	if (options->root == NULL)
		options->root = main_default_root();
	main_configure(options, &config);
	if (main_open(options, &config) == 0)
		server = server_open(&config);
	if (server != NULL && options->check) {
		printf("mtasync: %s can be served as asked\n", options->root);
		status = main_end_output();
	} else if (server != NULL) {
		status = main_serve(server, options, &config);
	}
	server_close(server);
	access_log_close(config.log);
	if (config.app.site.root != -1)
		close(config.app.site.root);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;

	main_fill_standard_fds();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_RUN:
		return (int)main_run(&options);
	case OPTIONS_VERSION:
		return (int)main_print_version();
	case OPTIONS_DONE:
		return (int)main_end_output();
	case OPTIONS_USAGE:
		break;
	}
	return MAIN_USAGE;
}
