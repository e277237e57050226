/* report: says how a run starts and ends. Owns nothing; main thread. */
#include "config.h"

#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Where the lines go: not among those of the access log. */
static FILE *
report_stream(const struct options *options)
{
	bool taken = options->access_log &&
		     strcmp(options->access_log_file, "-") == 0;

	return taken ? stderr : stdout;
}

static void
report_threads(FILE *out, const struct model *model,
    const struct server_config *config)
{
	switch (model->threads) {
	case MODEL_LOOPS:
		fprintf(out, " with %u worker%s", config->workers,
		    config->workers == 1 ? "" : "s");
		return;
	case MODEL_HANDS:
		fprintf(out, " as a %s of %u thread%s", model->name,
		    config->threads, config->threads == 1 ? "" : "s");
		return;
	case MODEL_FIXED:
		fprintf(out, " in the model %s", model->name);
		return;
	}
}

static void
report_sandbox(FILE *out, const struct sandbox *sandbox)
{
	fprintf(out, ", %s", sandbox_describe(sandbox));
	if (sandbox->missing != NULL)
		fprintf(out, ": %s", sandbox->missing);
}

void
report_start(const struct options *options, const struct server_config *config,
    const struct listeners *listeners, const struct privileges *privileges)
{
	FILE *out = report_stream(options);

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	fprintf(out, "mtasync: serving %s on", options->root);
	for (unsigned i = 0; i < listeners->count; i++) {
		char text[LISTENER_TEXT_MAX];

		listener_format(text, &listeners->list[i].address);
		fprintf(out, "%s http://%s/", i > 0 ? "," : "", text);
	}
	report_threads(out, options->model, config);
	if (options->user != NULL)
		fprintf(out, ", as %s", privileges->name);
	if (options->chroot != NULL)
		fprintf(out, ", in %s", options->chroot);
	report_sandbox(out, &config->sandbox);
	fputc('\n', out);
	fflush(out);
}

void
report_reload(const struct options *options)
{
	FILE *out = report_stream(options);

	if (options->log_level < LOG_LEVEL_INFO)
		return;
	fprintf(out, "mtasync: reloaded, serving %s as it is now\n",
	    options->root);
	fflush(out);
}

void
report_end(const struct options *options, const struct server_summary *summary,
    int64_t time, uint64_t dropped)
{
	FILE *out = report_stream(options);

	if (options->log_level < LOG_LEVEL_INFO)
		return;
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
