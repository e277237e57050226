/* Makes and ends a loop's exchanges; the worker's thread. */
#include "config.h"

#include "loop/loop_exchange.h"

#include <stdlib.h>

/* Takes the exchange that ended last, if there is one, so that an answer without
 * a wait costs no allocation. */
struct loop_exchange *
loop_exchange_new(struct context *context)
{
	struct loop_exchange *loop_exchange = context->spare;

	if (loop_exchange != NULL)
		context->spare = NULL;
	else
		loop_exchange = malloc(sizeof(*loop_exchange));
	if (loop_exchange != NULL)
		loop_exchange->alarm.place = 0;
	return loop_exchange;
}

void
loop_exchange_end(struct loop_exchange *loop_exchange, struct context *context,
    struct visitor *visitor)
{
	exchange_end(&loop_exchange->exchange, &context->host, visitor);
	alarms_unset(&context->alarms, &loop_exchange->alarm);
	free(context->spare);
	context->spare = loop_exchange;
}
