/* Answers /sleep; the thread that owns the app. */
#include "config.h"

#include "app/route.h"
#include "app/sleep.h"

/* Makes the message what a sleep ends with: the front page; or, for a preflight or
 * its like, which methods there are. */
static void
route_use_page(const struct http_request *http, struct message *message)
{
	message_use_front(message);
	if (http->method != HTTP_OPTIONS)
		return;
	message_set(message, 204, NULL);
	message->allow = message->unstored = true;
}

/* Whether a query alone says no more than how long to sleep, which the answer's
 * receipt tells. */
static bool
route_is_plain_sleep(const struct app_request *request,
    const struct behaviour *behaviour)
{
	return request->rule == NULL &&
	       behaviour->given == WORD_FLAG(WORD_DELAY) &&
	       when_is_certain(&behaviour->delay);
}

/* Answers as the words of the query, and those of a rule that it does not say
 * itself, have it. */
static void
route_behave(const struct app_request *request, struct behaviour *asked,
    struct answer *answer)
{
	struct route_words words;
	char *fault = NULL;

	route_overlay(request, asked, &words);
	if (!sleep_complete(&words.behaviour, words.asked,
		&request->app->limits, &fault)) {
		route_refuse_words(answer, fault);
	} else if (route_is_plain_sleep(request, &words.behaviour)) {
		route_use_page(request->http, &answer->message);
		plan_later(&answer->plan, route_wants_content(request->http),
		    when_longest(&words.behaviour.delay));
	} else {
		route_use_page(request->http, &answer->message);
		route_decide(request, &words.behaviour, words.rule, answer);
	}
	words_release(&words.behaviour);
}

/* `noinline`: its texts would be on the stack of every request. */
__attribute__((noinline)) void
route_sleep(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	const struct http_request *http = request->http;
	const struct sleep_wish wish = { rest, http->path, http->query };
	struct behaviour asked = { 0 };
	char text[SLEEP_TEXT_MAX], *fault = NULL;

	answer->message.handler = HANDLER_SLEEP;
	if (sleep_wants_help(wish.query)) {
		message_set_text(&answer->message, request->app->help);
		return;
	}
	if (sleep_parse(&wish, &request->app->limits, text, &asked, &fault))
		route_behave(request, &asked, answer);
	else
		route_refuse_words(answer, fault);
	words_release(&asked);
}
