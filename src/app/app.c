/* The routes, and what each answers; the thread that owns the app. */
#include "config.h"

#include "app/app.h"

#include <stdatomic.h>

#include "app/key.h"
#include "app/route.h"
#include "app/rules.h"
#include "base/clock.h"
#include "http/target.h"

const struct app_route app_site_routes[] = {
	{ SPAN(""), false, false, route_file },
	{ SPAN("sleep"), true, false, route_sleep },
	{ SPAN("echo"), true, true, route_echo },
	APP_ROUTES_END,
};

const struct app_route app_file_routes[] = {
	{ SPAN(""), false, false, route_file },
	APP_ROUTES_END,
};

int
app_open(struct app *app, const struct app_config *config)
{
	app->config = config;
	app->limits = config->limits;
	app->rules = NULL;
	app->help = words_help();
	return site_open(&app->site, &config->site);
}

void
app_close(struct app *app)
{
	site_close(&app->site);
}

void
app_use_root(struct app *app, struct generation *generation)
{
	site_use_root(&app->site, generation);
	app->rules = generation->rules;
	app->limits.pools = rules_pools(app->rules);
}

__attribute__((noinline)) void
route_decide(const struct app_request *request,
    const struct behaviour *behaviour, struct rule *rule, struct answer *answer)
{
	const struct app_config *config = request->app->config;
	struct decision_source source = { .behaviour = behaviour,
		.draw = { .roll = { .seed = config->seed },
		    .most = config->limits.when.most } };
	struct key key;

	if (behaviour_says(behaviour, WORD_DOWN))
		source.draw.wall = clock_wall();
	if (behaviour_says(behaviour, WORD_SEED))
		source.draw.roll.seed = behaviour->seed;
	if (behaviour_says(behaviour, WORD_KEY)) {
		key_find(&key, behaviour, request->http, request->moment);
		source.key = key_text(&key);
		source.draw.roll.key = roll_key(source.key);
		source.draw.roll.n = key_attempt(&key,
		    rule != NULL ? rule->scope : 0, config->tally);
	} else if (words_draw(behaviour)) {
		source.draw.roll.n = atomic_fetch_add(rule != NULL
							  ? &rule->drawn
							  : config->drawn,
					 1) +
				     1;
	}
	if (!decision_apply(&source, request->http, answer))
		answer_replace(answer, 503, "no memory for it just now");
}

/* Whether what is drawn is the query's affair, over the behaviour of a rule. */
static bool
route_draws(const struct behaviour *asked, const struct behaviour *behaviour)
{
	if (behaviour_says(asked, WORD_KEY) ||
	    behaviour_says(behaviour, WORD_KEY))
		return behaviour_says(asked, WORD_KEY);
	return words_draw(asked) || behaviour_says(asked, WORD_SEED);
}

void
route_overlay(const struct app_request *request, struct behaviour *asked,
    struct route_words *words)
{
	*words = (struct route_words){ .asked = asked->given };
	if (request->rule != NULL) {
		words_copy(&words->behaviour, &request->rule->behaviour);
		if (!route_draws(asked, &words->behaviour))
			words->rule = request->rule;
	}
	words_override(&words->behaviour, asked);
}

void
route_refuse_words(struct answer *answer, char *fault)
{
	if (fault != NULL)
		message_set_owned(&answer->message, 400, fault);
	else
		message_set(&answer->message, 503, "no memory for it just now");
}

/* Says whether a route's name is the path, or its first segment. */
static inline bool
app_is_route_of(struct span name, struct span path)
{
	if (path.size < name.size)
		return false;
	if (name.size == 0)
		return true;
	return memcmp(path.data, name.data, name.size) == 0 &&
	       (path.size == name.size || path.data[name.size] == '/');
}

/* Answers a method that the route does not know. */
static __attribute__((noinline)) void
app_refuse_method(const struct http_request *http, struct message *message)
{
	if (http->method == HTTP_METHOD_UNKNOWN) {
		message_set(message, 501, NULL);
		message->handler = HANDLER_NONE;
		return;
	}
	message_set(message, http->method == HTTP_OPTIONS ? 204 : 405, NULL);
	message->allow = true;
}

/* Whether the route answers a method that is neither GET nor HEAD. */
static inline bool
app_has_method(const struct app_route *route, enum http_method method)
{
	return method == HTTP_METHOD_UNKNOWN ? route->unknown : route->methods;
}

/* Has the first route that has the path's name make the answer. Returns it. The most
 * frequent path, of nothing, has no segment that could be a name. */
static inline const struct app_route *
app_route(const struct app_request *request, const struct app_route *routes,
    struct answer *answer)
{
	const struct http_request *http = request->http;
	const struct app_route *route = routes;
	struct span path = request->path;

	if (path.size > 0) {
		do
			route++;
		while (route->answer != NULL &&
		       !app_is_route_of(route->name, path));
		if (route->answer == NULL)
			route = routes;
	}
	if (http->method == HTTP_GET || http->method == HTTP_HEAD ||
	    app_has_method(route, http->method))
		route->answer(request,
		    (struct span){ path.data + route->name.size,
			path.size - route->name.size },
		    answer);
	else
		app_refuse_method(http, &answer->message);
	return route;
}

/* The same where the operator has rules: the one for the request decides about the
 * answer. */
static __attribute__((noinline)) void
app_route_by_rules(struct app_request *request, const struct app_route *routes,
    struct answer *answer)
{
	struct rule *rule = rules_find(request->app->rules,
	    request->http->method, request->path);

	request->rule = rule;
	if (!app_route(request, routes, answer)->methods && rule != NULL)
		route_decide(request, &rule->behaviour, rule, answer);
}

/* Answers a request with a path. Returns false where that can't be decoded. */
static bool
app_answer_path(struct app *app, const struct app_route *routes,
    const struct http_request *http, const struct moment *moment,
    struct answer *answer)
{
	char text[HTTP_TARGET_MAX + 1];
	struct app_request request = { app, http, { text, 0 }, moment, NULL };

	switch (http_target_decode(http->path, text, sizeof text,
	    &request.path.size)) {
	case HTTP_TARGET_OK:
		if (app->rules != NULL)
			app_route_by_rules(&request, routes, answer);
		else
			(void)app_route(&request, routes, answer);
		return true;
	case HTTP_TARGET_MALFORMED:
		message_set(&answer->message, 400,
		    "the path is wrongly encoded");
		return false;
	case HTTP_TARGET_ABOVE:
		message_set(&answer->message, 400,
		    "the path leads above the root");
		return false;
	case HTTP_TARGET_TOO_LONG:
		message_set(&answer->message, 414, NULL);
		return true;
	}
	return false;
}

bool
app_answer(struct app *app, const struct app_route *routes,
    const struct http_request *request, const struct moment *moment,
    struct answer *answer)
{
	struct message *message = &answer->message;

	message_init(message);
	plan_at_once(&answer->plan, route_wants_content(request));
	switch (request->method) {
	case HTTP_OPTIONS:
		if (request->path.data[0] == '*') { /* RFC 9110 9.3.7 */
			app_refuse_method(request, message);
			return true;
		}
		__attribute__((fallthrough));
	case HTTP_GET:
	case HTTP_HEAD:
	case HTTP_POST:
	case HTTP_PUT:
	case HTTP_DELETE:
	case HTTP_PATCH:
	case HTTP_METHOD_UNKNOWN:
		return app_answer_path(app, routes, request, moment, answer);
	case HTTP_TRACE:
	case HTTP_CONNECT:
		app_refuse_method(request, message);
		/* What follows may be meant for the tunnel: no request. */
		return request->method != HTTP_CONNECT;
	}
	return false;
}
