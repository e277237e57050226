/* report: says how a run starts and ends. Owns nothing; main thread. */
#include "config.h"

#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_file.h"

/* A line that is made piece by piece. */
struct report {
	size_t size;
	char text[LOG_REPORT_MAX];
};

/* What finds no room is cut. */
static void __attribute__((format(printf, 2, 3)))
report_add(struct report *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->size;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(line->text + line->size, room, format, arguments);
	va_end(arguments);
	if (size > 0)
		line->size += (size_t)size < room ? (size_t)size : room - 1;
}

/* Lines do not go among those of the access log. */
static void
report_say(const struct report *line, const struct options *options)
{
	bool taken = options->access_log != RECORD_OFF &&
		     log_file_descriptor(options->access_log_file) ==
			 STDOUT_FILENO;

	log_report(taken ? STDERR_FILENO : STDOUT_FILENO, line->text);
}

static void
report_add_threads(struct report *line, const struct model *model,
    const struct server_config *config)
{
	switch (model->threads) {
	case MODEL_LOOPS:
		report_add(line, " with %u worker%s", config->workers,
		    config->workers == 1 ? "" : "s");
		return;
	case MODEL_HANDS:
		report_add(line, " as a %s of %u thread%s", model->name,
		    config->threads, config->threads == 1 ? "" : "s");
		return;
	case MODEL_FIXED:
		report_add(line, " in the model %s", model->name);
		return;
	}
}

static void
report_add_sandbox(struct report *line, const struct sandbox *sandbox)
{
	report_add(line, ", %s", sandbox_describe(sandbox));
	if (sandbox->missing != NULL)
		report_add(line, ": %s", sandbox->missing);
}

static void
report_add_seed(struct report *line, const struct server_config *config,
    const struct rules *rules)
{
	if (rules_draw(rules))
		report_add(line, ", drawing by seed %" PRId64,
		    config->app.seed);
}

/* Adds what is wrong with certificates. */
static void
report_add_errors(struct report *line, const struct secrets_read *read)
{
	size_t count = 0;
	const struct tls_notice *notices = NULL;

	if (read->material != NULL)
		notices = tls_material_notices(read->material, &count);
	for (size_t i = 0; i < count; i++)
		if (notices[i].grave)
			report_add(line, "; error: %s", notices[i].text);
}

static void
report_add_addresses(struct report *line, const struct listeners *listeners)
{
	for (unsigned i = 0; i < listeners->count; i++) {
		const struct listener_address *address =
		    &listeners->list[i].address;
		char text[LISTENER_TEXT_MAX];

		const char *scheme = listeners->entrances[i].tls ? "https"
								 : "http";

		listener_format(text, address);
		if (listener_is_unix(address))
			report_add(line, "%s %s%s", i > 0 ? "," : "", text,
			    listeners->entrances[i].tls ? " (TLS)" : "");
		else
			report_add(line, "%s %s://%s/", i > 0 ? "," : "",
			    scheme, text);
	}
}

void
report_start(const struct files *files, const struct server_config *config,
    const struct listeners *listeners, const struct privileges *privileges)
{
	const struct options *options = files->options;
	struct report line = { 0 };

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	report_add(&line, "serving %s on", options->root);
	report_add_addresses(&line, listeners);
	report_add_threads(&line, options->model, config);
	if (options->user != NULL)
		report_add(&line, ", as %s", privileges->name);
	if (options->chroot != NULL)
		report_add(&line, ", in %s", options->chroot);
	report_add_sandbox(&line, &config->sandbox);
	report_add_seed(&line, config, files->rules);
	report_add_errors(&line, &files->read);
	report_say(&line, options);
}

void
report_admin(const struct options *options, const struct listeners *listeners)
{
	struct report line = { 0 };

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	report_add(&line, "look and steer on");
	report_add_addresses(&line, listeners);
	report_say(&line, options);
}

void
report_reload(const struct files *files, const struct server_config *config)
{
	const struct options *options = files->options;
	struct report line = { 0 };

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	report_add(&line, "reloaded, serving %s as it is now%s", options->root,
	    watch_cause(files->watch));
	report_add_seed(&line, config, files->rules);
	report_add_errors(&line, &files->read);
	report_say(&line, options);
}

void
report_end(const struct options *options, const struct server_summary *summary,
    int64_t time, uint64_t dropped)
{
	struct report line = { 0 };

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	report_add(&line,
	    "served %" PRIu64 " requests, cut %" PRIu64 ", in %" PRId64
	    ".%03" PRId64 " s",
	    summary->served, summary->cut, time / CLOCK_S,
	    time % CLOCK_S / CLOCK_MS);
	if (summary->forgotten > 0)
		report_add(&line, "; %" PRIu64 " keys were forgotten",
		    summary->forgotten);
	if (dropped > 0)
		report_add(&line, "; %" PRIu64 " lines of the log were dropped",
		    dropped);
	report_say(&line, options);
}
