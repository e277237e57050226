/* Answers /echo; the thread that owns the app. */
#include "config.h"

#include "app/echo.h"
#include "app/route.h"

void
route_use_echo(const struct app_request *request,
    struct document *(*write)(const struct echo *echo), struct answer *answer)
{
	struct echo *echo = echo_new(request->http, request->path,
	    request->moment, write);

	if (echo == NULL) {
		message_set(&answer->message, 503, "no memory for it just now");
		return;
	}
	message_set_source(&answer->message, &echo->source);
	answer->message.unstored = true;
}

/* Tells what came. The query is data; a rule's words hold. `noinline`: who does not
 * ask for it pays nothing for it. */
__attribute__((noinline, cold)) void
route_echo(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	struct rule *rule = request->rule;

	(void)rest;
	answer->message.handler = HANDLER_ECHO;
	route_use_echo(request, echo_write, answer);
	if (rule != NULL)
		route_decide(request, &rule->behaviour, rule, answer);
}
