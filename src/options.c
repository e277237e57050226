/*
 * options: one table, a row per option, gives what getopt_long() wants, the
 * defaults, the bounds and --help. Runs in the main thread, before all else.
 */
#include "config.h"

#include "options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "app/roll.h"
#include "base/clock.h"
#include "option_environment.h"
#include "option_values.h"
#include "rulebook.h"
#include "usage.h"

#define OPTIONS_HOUR (3600 * CLOCK_S)

/* Takes an address, which options_resolve() looks up. */
static bool
options_set_listen(const struct options_row *row, struct options *options,
    const char *text)
{
	if (options->listen_count < OPTIONS_LISTEN_MAX) {
		options->listen_texts[options->listen_count++] = text;
		return true;
	}
	log_error(OPTIONS_REFUSED "one address more than there is room for",
	    row->name, text);
	return false;
}

#define OPTIONS_NUMBER(member, number_kind, least, most)               \
 .set = options_set_number, .field = offsetof(struct options, member), \
 .kind = &(number_kind), .minimum = (least), .maximum = (most)
#define OPTIONS_TIME(member, least) \
 OPTIONS_NUMBER(member, options_time, least, 24 * OPTIONS_HOUR)
#define OPTIONS_NAME(member) \
 .set = options_set_name, .field = offsetof(struct options, member)
#define OPTIONS_PATH(member, what)                                   \
 .set = options_set_path, .field = offsetof(struct options, member), \
 .path = (what)

static const struct options_row options_table[] = {
	{ "listen", "ADDRESS", "where to listen; may be repeated",
	    "127.0.0.1:7878", .group = "Serving", .set = options_set_listen,
	    .letter = 'l' },
	{ "trust", "CIDR", "proxies to believe; may be repeated",
	    .origin = "this machine", .set = options_add_trust },
	{ "forwarded", "FIELD", "where they name the client: X-Forwarded-For",
	    .set = options_set_forwarded },
	{ "freebind", NULL, "listen on addresses that may come later, too",
	    .set = options_set_flag,
	    .field = offsetof(struct options, freebind) },
	{ "model", "NAME", "how it waits; see below", "mtasync",
	    .set = options_set_model },
	{ "workers", "N", "threads that serve requests",
	    .origin = "as many as CPUs",
	    OPTIONS_NUMBER(workers, options_count, 1, 1024), .letter = 'w' },
	{ "balance", "HOW", "dealing of connections: kernel or least", "kernel",
	    .set = options_set_balance },
	{ "backlog", "N", "queue for accept, per thread",
	    .origin = "net.core.somaxconn",
	    OPTIONS_NUMBER(backlog, options_count, 1, INT_MAX) },
	{ "max-conns", "N", "connections at once, all in all",
	    .origin = "RLIMIT_NOFILE",
	    OPTIONS_NUMBER(max_connections, options_count, 1, 100000000) },
	{ "max-conn-age", "TIME", "after which connections are to begin anew",
	    .origin = "any", OPTIONS_TIME(max_conn_age, CLOCK_MS) },
	{ "max-conn-requests", "N", "likewise, after so many requests",
	    .origin = "any",
	    OPTIONS_NUMBER(max_conn_requests, options_count, 1, 1000000000) },
	{ "max-sleepers", "N", "requests asleep at once, all in all",
	    .origin = "--max-conns",
	    OPTIONS_NUMBER(max_sleepers, options_count, 1, 100000000) },
	{ "no-sleep", NULL, "serve files alone, without /sleep and /echo",
	    .set = options_set_routes },
	{ "take-over", NULL, "take the place of an mtasync that runs there",
	    .set = options_set_flag,
	    .field = offsetof(struct options, take_over) },
	{ "max-body", "SIZE", "largest body of a request", "1m",
	    OPTIONS_NUMBER(max_body, options_size, 0, INT64_C(1) << 40) },

	{ "admin", "ADDRESS", "where the operator looks and steers",
	    .group = "Look and steer", .set = options_set_text,
	    .field = offsetof(struct options, admin) },
	{ "admin-host", "NAME", "a Host that browsers may use; may be repeated",
	    .set = options_add_host,
	    .field = offsetof(struct options, admin_hosts) },
	{ "journal", "N", "requests that are kept, to be looked at", "0",
	    OPTIONS_NUMBER(journal, options_count, 0, 10000000) },
	{ "journal-headers", "LIST", "fields of theirs to show: names, or *",
	    .set = options_set_fields },
	{ "admin-token-file", "FILE", "who asks has to know what is in it",
	    OPTIONS_PATH(admin_token_file, "file") },

	{ "cert", "FILE[,KEY]", "to show; may be repeated",
	    .origin = "one of its own", .group = "TLS: --listen=ADDRESS,tls",
	    .set = options_add_cert, .field = offsetof(struct options, certs) },
	{ "write-ca", "FILE", "write the CA of its own certificate there",
	    OPTIONS_PATH(write_ca, "file") },
	{ "ticket-secret", "FILE", "so that several servers resume sessions",
	    OPTIONS_PATH(ticket_secret, "file") },
	{ "handshake-timeout", "TIME", "for a handshake", "10s",
	    OPTIONS_TIME(handshake_timeout, CLOCK_MS) },

	{ "header-timeout", "TIME", "for the whole head of a request", "10s",
	    .group = "Time limits", OPTIONS_TIME(header_timeout, CLOCK_MS) },
	{ "body-timeout", "TIME", "for its whole body", "30s",
	    OPTIONS_TIME(body_timeout, CLOCK_MS) },
	{ "idle-timeout", "TIME", "between two requests", "75s",
	    OPTIONS_TIME(idle_timeout, CLOCK_MS) },
	{ "write-timeout", "TIME", "while an answer makes no progress", "60s",
	    OPTIONS_TIME(write_timeout, CLOCK_MS) },
	{ "max-sleep", "TIME", "longest that /sleep/TIME grants", "10m",
	    OPTIONS_TIME(max_sleep, 0) },
	{ "drain-delay", "TIME", "told to stop, before it turns anybody away",
	    "0s", OPTIONS_TIME(drain_delay, 0) },
	{ "drain-timeout", "TIME", "for what runs when told to stop", "30s",
	    OPTIONS_TIME(drain_timeout, 0) },

	{ "rule", "RULE", "'PATTERN WORD...', see below; may be repeated",
	    .group = "Slow on purpose, by the words of GET /sleep?help",
	    .set = options_add_text,
	    .field = offsetof(struct options, rule_texts) },
	{ "rules", "FILE", "a rule a line, behind those of --rule",
	    OPTIONS_PATH(rules, "file") },
	{ "watch-rules", "TIME", "reload where what HUP reads has changed",
	    .origin = "never", OPTIONS_TIME(watch_rules, CLOCK_MS) },
	{ "pool", "POOL", "NAME:slots=N,queue=M...; may be repeated",
	    .set = options_add_text, .field = offsetof(struct options, pools) },
	{ "max-keys", "N", "keys whose attempts are known", "100000",
	    OPTIONS_NUMBER(max_keys, options_count, 1, 100000000) },
	{ "seed", "N", "by which chances are drawn", .origin = "random",
	    OPTIONS_NUMBER(seed, options_count, 0, ROLL_SEED_MAX) },
	{ "draw", "WORDS", "print what these would draw, and leave",
	    .set = options_set_text, .field = offsetof(struct options, draw) },
	{ "draws", "N", "for so many requests", "10",
	    OPTIONS_NUMBER(draws, options_count, 1, 1000000000) },
	{ "max-size", "SIZE", "largest body that size= makes", "1g",
	    OPTIONS_NUMBER(max_size, options_size, 0, INT64_C(1) << 50) },
	{ "httpbin", "[=HOSTS]",
	    "answer httpbin's paths, too, and lead to HOSTS",
	    .set = options_set_routes },

	{ "index", "NAME", "page of /; may be repeated",
	    .origin = "hello.html, index.html", .group = "Files",
	    .set = options_set_index },
	{ "error-page", "NAME", "page below ROOT for 404", "404.html",
	    OPTIONS_NAME(error_page) },
	{ "fallback", "NAME", "page below ROOT for browsers, instead of a 404",
	    OPTIONS_NAME(fallback) },
	{ "extensions", "LIST", "that paths may leave out, such as html",
	    .set = options_set_extensions },
	{ "listing", NULL, "list directories that have no index",
	    .set = options_set_flag,
	    .field = offsetof(struct options, listing) },
	{ "mime-types", "FILE", "more types of files, as of /etc/mime.types",
	    OPTIONS_PATH(mime_types, "file") },
	{ "header", "FIELD", "'Name: value' for all answers; may be repeated",
	    .set = options_set_header },
	{ "log", "FORMAT", "access log: combined, json or off", "off",
	    .set = options_set_log },
	{ "log-file", "FILE", "where to; - is standard output", "-",
	    OPTIONS_PATH(access_log_file, "file, or - for standard output") },

	{ "user", "USER[:GROUP]", "whom to become, from root, before it serves",
	    .group = "Privileges", .set = options_set_user },
	{ "chroot", "DIR", "what / is, for ROOT and each FILE, too",
	    OPTIONS_PATH(chroot, "directory") },
	{ "sandbox", "MODE", "threads' confines: auto, require or off", "auto",
	    .set = options_set_sandbox },

	{ "quiet", NULL, "say only what goes wrong", .group = "This program",
	    .set = options_set_level, .letter = 'q' },
	{ "verbose", NULL, "say what goes wrong with clients, too",
	    .set = options_set_level, .letter = 'v' },
	{ "pid-file", "FILE", "its process id, while it serves; not inside DIR",
	    OPTIONS_PATH(pid_file, "file") },
	{ "check", NULL, "say whether it could start, and leave",
	    .set = options_set_flag, .field = offsetof(struct options, check) },
	{ "plan", "SLEEPERS,RATE", "print what so many take here, and leave",
	    .set = options_set_plan },
	{ "healthcheck", NULL, "say whether one that runs is ready, and leave",
	    .set = options_set_flag,
	    .field = offsetof(struct options, healthcheck) },
	{ "help", NULL, "show this, and leave", .result = OPTIONS_DONE,
	    .letter = 'h' },
	{ "version", NULL, "show the versions in use, and leave",
	    .result = OPTIONS_VERSION },
};

#define OPTIONS_COUNT (sizeof(options_table) / sizeof(options_table[0]))

/* getopt_long() calls a row by its letter, or by its place from here on. */
#define OPTIONS_CODE 256

/* Bytes for the names that an argument may be short for. */
#define OPTIONS_MEANT_MAX 512

static const struct options_row *
options_find(int code)
{
	for (size_t i = 0; i < OPTIONS_COUNT; i++)
		if (code == OPTIONS_CODE + (int)i ||
		    (code != 0 && code == options_table[i].letter))
			return &options_table[i];
	return NULL;
}

static void
options_print_help(void)
{
	usage_print_start();
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		const struct options_row *row = &options_table[i];
		const char *initial = row->initial != NULL ? row->initial
							   : row->origin;

		usage_print_option(&(struct usage_option){ row->name,
		    row->value, row->help, initial, row->group, row->letter });
	}
	usage_print_end();
}

/* Returns whether an option has a value, as getopt_long() wants to know it: one in
 * brackets may be left out. */
static int
options_argument(const struct options_row *row)
{
	if (row->value == NULL)
		return no_argument;
	return row->value[0] == '[' ? optional_argument : required_argument;
}

/* Fills in both of what getopt_long() wants to know about the table. */
static void
options_describe(char letters[2 * OPTIONS_COUNT + 2],
    struct option names[OPTIONS_COUNT + 1])
{
	*letters++ = ':'; /* report by result alone: getopt says nothing */
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		const struct options_row *row = &options_table[i];

		names[i] = (struct option){ row->name, options_argument(row),
			NULL, OPTIONS_CODE + (int)i };
		if (row->letter == 0)
			continue;
		*letters++ = row->letter;
		if (row->value != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
	names[OPTIONS_COUNT] = (struct option){ 0 };
}

/* Writes the names of all options that begin like the argument, with commas
 * between, into `text`, as many as there is room for. */
static void
options_find_meant(char *text, size_t room, const char *argument)
{
	size_t length = strcspn(argument, "=");
	size_t size = 0;

	text[0] = '\0';
	/* `--=` begins like every one of them */
	for (size_t i = 0; i < OPTIONS_COUNT && length > 2; i++)
		if (strncmp(options_table[i].name, argument + 2, length - 2) ==
			0 &&
		    size < room)
			size += (size_t)snprintf(text + size, room - size,
			    "%s--%s", size > 0 ? ", " : "",
			    options_table[i].name);
}

/* Says what is wrong with a long option that is none of ours, or may be any of
 * several. */
static void
options_refuse_name(const char *argument)
{
	char meant[OPTIONS_MEANT_MAX];

	options_find_meant(meant, sizeof(meant), argument);
	if (meant[0] != '\0')
		log_error("%.200s: may be any of %s (see mtasync --help)",
		    argument, meant);
	else
		log_error("%.200s: no such option (see mtasync --help)",
		    argument);
}

/* Says what getopt_long() found wrong when it returned `code`. It leaves in
 * optopt what it knows by its letter or its row, else 0. */
static enum options_result
options_refuse(int code, char **argv)
{
	const struct options_row *row = options_find(optopt);

	if (code == ':')
		log_error("--%s: needs a value, as in --%s=%s (see mtasync"
			  " --help)",
		    row->name, row->name, row->value);
	else if (row != NULL)
		log_error("--%s: takes no value (see mtasync --help)",
		    row->name);
	else if (optopt > 0 && optopt < 0x80)
		log_error("-%c: no such option (see mtasync --help)", optopt);
	else if (optopt != 0) /* a byte of what is not ASCII */
		log_error("-\\x%02x: no such option (see mtasync --help)",
		    (unsigned)optopt & 0xff);
	else
		options_refuse_name(argv[optind - 1]);
	return OPTIONS_USAGE;
}

static void
options_set_defaults(struct options *options)
{
	*options = (struct options){ .log_level = LOG_LEVEL_INFO,
		.seed = -1,
		.routes = app_site_routes,
		.indexes = { "hello.html", "index.html" },
		.backlog = listener_queue_max() };
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		const struct options_row *row = &options_table[i];
		bool taken = row->initial == NULL ||
			     row->set(row, options, row->initial);

		assert(taken);
		(void)taken;
	}
}

/* Takes the arguments that are no options: ROOT, or none. */
static enum options_result
options_parse_root(struct options *options, int count, char **arguments)
{
	if (count == 0)
		return OPTIONS_RUN;
	options->root = arguments[0];
	if (count == 1 && options->root[0] != '\0')
		return OPTIONS_RUN;
	if (count > 1)
		log_error("%.200s: there can be only one ROOT, and it is"
			  " %.200s (see mtasync --help)",
		    arguments[1], options->root);
	else
		log_error("'': ROOT must be the name of a directory");
	return OPTIONS_USAGE;
}

/* Goes through the command line; without `options`, only notes which rows it gives,
 * until anything ends that. */
static enum options_result
options_parse_line(struct options *options, int argc, char **argv,
    bool given[OPTIONS_COUNT])
{
	char letters[2 * OPTIONS_COUNT + 2];
	struct option names[OPTIONS_COUNT + 1];
	int code;

	options_describe(letters, names);
	optind = 0; /* begin anew, whoever used getopt before */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	while ((code = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct options_row *row = options_find(code);

		if (row == NULL)
			return options == NULL ? OPTIONS_USAGE
					       : options_refuse(code, argv);
		given[row - options_table] = true;
		if (row->result == OPTIONS_DONE && options != NULL)
			options_print_help();
		if (row->result != OPTIONS_RUN)
			return row->result;
		if (options != NULL && !row->set(row, options, optarg))
			return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}

enum options_result
options_parse(struct options *options, int argc, char **argv,
    char **environment)
{
	bool given[OPTIONS_COUNT] = { false };
	enum options_result result;

	options_set_defaults(options);
	options->argv = argv;
	options->listen_count = 0; /* the first --listen replaces the default */
	result = options_parse_line(NULL, argc, argv, given);
	if (result == OPTIONS_RUN &&
	    !options_take_environment(options, options_table, OPTIONS_COUNT,
		given, environment))
		return OPTIONS_USAGE;
	result = options_parse_line(options, argc, argv, given);
	if (result != OPTIONS_RUN)
		return result;
	options->listen_given = options->listen_count > 0;
	if (!options->listen_given)
		options->listen_count = 1;
	if (options->workers > 0 && options->model->threads == MODEL_FIXED) {
		log_error("--workers=%" PRId64 ": --model=%s has no choice of "
			  "threads (see mtasync --help)",
		    options->workers, options->model->name);
		return OPTIONS_USAGE;
	}
	if (options->balanced && options->model->threads != MODEL_LOOPS) {
		log_error("--balance=least: it takes several event loops: "
			  "--model=mtasync");
		return OPTIONS_USAGE;
	}
	if (!rulebook_check(options))
		return OPTIONS_USAGE;
	return options_parse_root(options, argc - optind, argv + optind);
}

void
options_tell(const struct options *options,
    void (*tell)(void *arg, const char *name, const char *value), void *arg)
{
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		const struct options_row *row = &options_table[i];
		const char *field = (const char *)options + row->field;
		char number[UNITS_TEXT_MAX];
		const char *value = NULL;

		if (row->kind != NULL) {
			row->kind->format(number, *(const int64_t *)field);
			value = number;
		} else if (row->set == options_set_flag) {
			value = *(const bool *)field ? "true" : "false";
		} else if (row->set == options_set_text ||
			   row->set == options_set_name ||
			   row->set == options_set_path) {
			value = *(const char *const *)field;
		}
		if (value != NULL)
			tell(arg, row->name, value);
	}
}
