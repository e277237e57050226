/* The shared part of one worker's connections; that worker's thread. */
#include "config.h"

#include "loop/context.h"

#include <errno.h>
#include <stdlib.h>

/* Makes an event base without locks, since one thread alone uses it. */
static struct event_base *
context_make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	if (event_config_set_flag(config,
		EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0 &&
	    event_config_require_features(config,
		EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int
context_open(struct context *context, const struct server_config *config,
    struct totals *totals, unsigned ring)
{
	context->config = config;
	context->totals = totals;
	context->host = (struct exchange_host){ config, totals, &context->app,
		&context->moment, ring, &context->stats };
	context->input = malloc(CONTEXT_INPUT_MAX);
	context->output = malloc(CONTEXT_OUTPUT_MAX + CONTEXT_INTERIM_MAX);
	if (context->input == NULL || context->output == NULL ||
	    (config->tls && tls_turn_open(&context->records) == -1) ||
	    app_open(&context->app, &config->app) == -1)
		return -1;
	context->base = context_make_base();
	if (context->base == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* right behind the base: where there is one, context_close() closes
	 * the alarms too */
	if (alarms_open(&context->alarms, context->base) == -1)
		return -1;
	totals_add(totals, &context->stats);
	return 0;
}

void
context_close(struct context *context)
{
	app_close(&context->app);
	free(context->input);
	free(context->output);
	tls_turn_close(&context->records);
	if (context->base == NULL)
		return;
	alarms_close(&context->alarms);
	event_base_free(context->base);
}
