/* Begins and ends exchanges; the worker's thread. */
#include "config.h"

#include "loop/exchange.h"

#include <stdlib.h>

/* The status that the log shows where the client left before its answer. */
#define EXCHANGE_LEFT 499

/* The last exchange that ended serves the next, so that an answer that needs
 * no wait costs no allocation. */
static struct exchange *
exchange_take(struct context *context)
{
	struct exchange *exchange = context->spare;

	if (exchange != NULL)
		context->spare = NULL;
	else
		exchange = malloc(sizeof *exchange);
	if (exchange == NULL)
		return NULL;
	exchange->sending = false;
	exchange->asked_close = false;
	exchange->cut = false;
	exchange->asleep = false;
	exchange->alarm.place = 0;
	exchange->record = NULL;
	return exchange;
}

static void
exchange_take_down(struct exchange *exchange, const struct context *context,
    const char *peer, const struct http_request *request)
{
	if (context->config->log != NULL)
		exchange->record = combined_take(peer, context->moment.wall,
		    request);
}

struct exchange *
exchange_open(struct context *context, const char *peer)
{
	const struct http_request *request = &context->request;
	struct exchange *exchange = exchange_take(context);

	if (exchange == NULL)
		return NULL;
	exchange_take_down(exchange, context, peer, request);
	app_answer(&context->app, request, &context->moment, &exchange->answer);
	return exchange;
}

struct exchange *
exchange_open_refusal(struct context *context, const char *peer,
    const struct http_request *request, unsigned status, const char *fault)
{
	struct exchange *exchange = exchange_take(context);

	if (exchange == NULL)
		return NULL;
	exchange_take_down(exchange, context, peer, request);
	app_refuse(&context->app, request, status, fault, &exchange->answer);
	return exchange;
}

/* The bytes of content that have gone out, or lie ready to. */
static uint64_t
exchange_content(const struct exchange *exchange)
{
	uint64_t content = exchange->answer.content;

	if (!exchange->sending)
		return content;
	return content - (exchange->piece.kind == PIECE_FILE
				 ? exchange->piece.file.size
				 : exchange->piece.bytes.size);
}

bool
exchange_sleep(struct exchange *exchange, struct context *context)
{
	if (!exchange->asleep)
		exchange->asleep = totals_take_place(context->totals);
	if (!exchange->asleep)
		answer_replace(&exchange->answer, 503,
		    context->totals->crowded);
	return exchange->asleep;
}

void
exchange_wake(struct exchange *exchange, struct context *context)
{
	if (exchange->asleep)
		totals_give_place(context->totals);
	exchange->asleep = false;
}

/* The status of the answer; of one that never began, why it did not. */
static unsigned
exchange_status(const struct exchange *exchange)
{
	if (answer_has_begun(&exchange->answer))
		return exchange->answer.status;
	return exchange->cut ? 503 : EXCHANGE_LEFT;
}

/* Appends its line, or counts it as dropped where there is no room. */
static void
exchange_log(struct exchange *exchange, const struct context *context)
{
	struct access_log *log = context->config->log;

	if (exchange->record == NULL) {
		access_log_drop(log, context->ring);
		return;
	}
	(void)access_log_append(log, context->ring,
	    combined_line(exchange->record, exchange_status(exchange),
		exchange_content(exchange)));
	free(exchange->record);
}

void
exchange_close(struct exchange *exchange, struct context *context)
{
	if (context->config->log != NULL)
		exchange_log(exchange, context);
	exchange_wake(exchange, context);
	alarms_unset(&context->alarms, &exchange->alarm);
	answer_fini(&exchange->answer);
	exchange_free(context->spare);
	context->spare = exchange;
}

void
exchange_free(struct exchange *exchange)
{
	free(exchange);
}
