/*
 * route: what a route's function gets, and what such functions share. Each of
 * them makes the answer of a request that app_answer() has found to be its own;
 * the thread that owns the app. Known to the routes, and to app, alone.
 */
#ifndef MTASYNC_APP_ROUTE_H
#define MTASYNC_APP_ROUTE_H

#include "app/app.h"
#include "app/rule.h"

struct document;
struct echo;

/* A request that the methods and the target's decoding have let through. */
struct app_request {
	struct app *app;
	const struct http_request *http;
	struct span path; /* decoded; see http_target_decode() */
	const struct moment *moment;
	struct rule *rule; /* the operator's for it; or NULL */
};

/* Says whether the answer has content: that to a HEAD has none (RFC 9110
 * 9.3.2). */
static inline bool
route_wants_content(const struct http_request *request)
{
	return request->method != HTTP_HEAD;
}

/* Decides about the answer, whose message is there, by a behaviour. Its draws and
 * attempts are counted as those of a rule, or, with NULL, of all queries. */
void route_decide(const struct app_request *request,
    const struct behaviour *behaviour, struct rule *rule,
    struct answer *answer);

/* Makes the message what `write` makes of the request, once its body has come: see
 * struct echo. */
void route_use_echo(const struct app_request *request,
    struct document *(*write)(const struct echo *echo), struct answer *answer);

/* The words that a request is answered by. */
struct route_words {
	struct behaviour behaviour; /* to be released */
	uint32_t asked;    /* WORD_FLAG() of those that the client said */
	struct rule *rule; /* for route_decide() */
};

/* Puts the words that a request asks for over those of the operator's rule for it.
 * `asked` is used up. */
void route_overlay(const struct app_request *request, struct behaviour *asked,
    struct route_words *words);

/* Answers that words are wrong; takes `fault` over, which is NULL where memory is
 * short. */
void route_refuse_words(struct answer *answer, char *fault);

/* The functions of the routes: see struct app_route. */
void route_sleep(const struct app_request *request, struct span rest,
    struct answer *answer);
void route_echo(const struct app_request *request, struct span rest,
    struct answer *answer);
void route_file(const struct app_request *request, struct span rest,
    struct answer *answer);

#endif
