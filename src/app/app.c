/* The routes, and what each answers; the thread that owns the app. */
#include "config.h"

#include "app/app.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "app/rules.h"
#include "app/sleep.h"
#include "http/conditions.h"
#include "http/ranges.h"
#include "http/target.h"

/* A request that the methods and the target's decoding have let through. */
struct app_request {
	struct app *app;
	const struct http_request *http;
	struct span path; /* decoded; see http_target_decode() */
	const struct moment *moment;
	struct rule *rule; /* the operator's for it; or NULL */
};

static void app_on_sleep(const struct app_request *request, struct span rest,
    struct answer *answer);
static void app_on_file(const struct app_request *request, struct span rest,
    struct answer *answer);

const struct app_route app_site_routes[] = {
	{ SPAN("sleep"), true, app_on_sleep },
	{ SPAN(""), false, app_on_file },
};

const struct app_route app_file_routes[] = {
	{ SPAN(""), false, app_on_file },
};

int
app_open(struct app *app, const struct app_config *config)
{
	app->config = config;
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
}

/* Says whether the answer has content: that to a HEAD has none (RFC 9110
 * 9.3.2). */
static bool
app_wants_content(const struct http_request *request)
{
	return request->method != HTTP_HEAD;
}

/* Answers that the words are wrong; takes `fault` over, which is NULL where memory
 * is short. */
static void
app_refuse_words(struct answer *answer, char *fault)
{
	if (fault != NULL)
		message_set_owned(&answer->message, 400, fault);
	else
		message_set(&answer->message, 503, "no memory for it just now");
}

/* Decides about the answer, by a behaviour whose draws `drawn` counts. */
static __attribute__((noinline)) void
app_decide(const struct app_request *request, const struct behaviour *behaviour,
    _Atomic uint64_t *drawn, struct answer *answer)
{
	const struct app_config *config = request->app->config;
	struct decision_source source = { behaviour, { config->seed, 0 },
		config->limits.when.most };

	if (behaviour_says(behaviour, WORD_SEED))
		source.roll.seed = behaviour->seed;
	if (words_draw(behaviour))
		source.roll.n = atomic_fetch_add(drawn, 1) + 1;
	if (!decision_apply(&source, request->http, answer))
		answer_replace(answer, 503, "no memory for it just now");
}

/* Makes the message what a sleep ends with: the front page; or, for a preflight or
 * its like, which methods there are. */
static void
app_use_page(const struct http_request *http, struct message *message)
{
	message_use_front(message);
	if (http->method != HTTP_OPTIONS)
		return;
	message_set(message, 204, NULL);
	message->allow = message->sleeps = true;
}

/* Whether a query alone says no more than how long to sleep, which the answer's
 * receipt tells. */
static bool
app_is_plain_sleep(const struct app_request *request,
    const struct behaviour *behaviour)
{
	return request->rule == NULL &&
	       behaviour->given == WORD_FLAG(WORD_DELAY) &&
	       when_is_certain(&behaviour->delay);
}

/* Answers as the words of the query, and those of a rule that it does not say
 * itself, have it. */
static void
app_sleep(const struct app_request *request, struct behaviour *asked,
    struct answer *answer)
{
	const struct app_config *config = request->app->config;
	struct behaviour behaviour = { 0 };
	_Atomic uint64_t *drawn = config->drawn;
	uint32_t said = asked->given;
	char *fault = NULL;

	if (request->rule != NULL) {
		words_copy(&behaviour, &request->rule->behaviour);
		if (!words_draw(asked) && !behaviour_says(asked, WORD_SEED))
			drawn = &request->rule->drawn;
	}
	words_override(&behaviour, asked);
	if (!sleep_complete(&behaviour, said, &config->limits, &fault)) {
		app_refuse_words(answer, fault);
	} else if (app_is_plain_sleep(request, &behaviour)) {
		app_use_page(request->http, &answer->message);
		plan_later(&answer->plan, app_wants_content(request->http),
		    when_longest(&behaviour.delay));
	} else {
		app_use_page(request->http, &answer->message);
		app_decide(request, &behaviour, drawn, answer);
	}
	words_release(&behaviour);
}

/* `noinline`: its texts would be on the stack of every request. */
static __attribute__((noinline)) void
app_on_sleep(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	const struct http_request *http = request->http;
	const struct sleep_wish wish = { rest, http->path, http->query };
	struct behaviour asked = { 0 };
	char text[SLEEP_TEXT_MAX], *fault = NULL;

	if (sleep_wants_help(wish.query)) {
		message_set_text(&answer->message, request->app->help);
		return;
	}
	if (sleep_parse(&wish, &request->app->config->limits, text, &asked,
		&fault))
		app_sleep(request, &asked, answer);
	else
		app_refuse_words(answer, fault);
	words_release(&asked);
}

/*
 * Makes the Location of a directory that was asked for without its slash: its
 * path with one, and the query as it came. The path is written anew from the
 * decoded one, which neither begins with a slash nor has two in a row, so that
 * no client or proxy can take a part of it for a host. Returns it, the caller's
 * to free; or NULL.
 */
static char *
app_directory_location(const struct app_request *request)
{
	struct span path = request->path, query = request->http->query;
	char *location = malloc(3 * path.size + query.size + sizeof "//?");
	char *p = location;

	if (location == NULL)
		return NULL;
	*p++ = '/';
	p += http_target_encode(path, p);
	*p++ = '/';
	if (query.data != NULL) {
		*p++ = '?';
		p = mempcpy(p, query.data, query.size);
	}
	*p = '\0';
	return location;
}

/*
 * Applies the request's Range to the message: of a GET alone (RFC 9110 14.2),
 * and only where its If-Range holds (13.1.5). `noinline`: the ranges would be
 * on the stack of every request.
 */
static __attribute__((noinline)) void
app_select_ranges(const struct app_request *request,
    const struct http_validators *validators, struct message *message)
{
	const struct http_request *http = request->http;
	struct http_validators strong = *validators;
	struct http_ranges ranges;

	/* all codings of a file may have one date, which tells none apart:
	 * a date of this second never holds */
	if (message->file->facts.varies)
		strong.modified = request->moment->wall;
	if (http->method != HTTP_GET ||
	    !http_if_range_holds(http, &strong, request->moment->wall))
		return;
	switch (http_ranges_parse(http_request_field(http, HTTP_FIELD_RANGE),
	    message->size, &ranges)) {
	case HTTP_RANGES_IGNORED:
		return;
	case HTTP_RANGES_SATISFIABLE:
		message_select(message, &ranges);
		return;
	case HTTP_RANGES_UNSATISFIABLE:
		message_refuse_ranges(message);
		return;
	}
}

/* Makes of a 200 with a file what the request's conditions and Range ask for,
 * in the order of RFC 9110 13.2.2. */
static void
app_apply_conditions(const struct app_request *request, struct message *message)
{
	const struct http_request *http = request->http;
	struct http_validators validators = { span_of(message->file->etag),
		file_modified(message->file, request->moment) };

	switch (
	    http_conditions_check(http, &validators, request->moment->wall)) {
	case HTTP_CONDITION_HOLDS:
		if (http->present & HTTP_FIELD_BIT(HTTP_FIELD_RANGE))
			app_select_ranges(request, &validators, message);
		return;
	case HTTP_CONDITION_NOT_MODIFIED:
		message->status = 304;
		return;
	case HTTP_CONDITION_FAILED:
		message_set(message, 412, NULL);
		return;
	}
}

/* The fields that may make something else of a 200. */
#define APP_CONDITIONS                                \
 (HTTP_FIELD_BIT(HTTP_FIELD_IF_MATCH) |               \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_MODIFIED_SINCE) |   \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_NONE_MATCH) |       \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_UNMODIFIED_SINCE) | \
     HTTP_FIELD_BIT(HTTP_FIELD_RANGE))

/* Answers with what the site has at `rest`. Each request for a file comes this
 * way: `flatten` makes it one function with all that it calls; see
 * src/README.md. */
static __attribute__((flatten)) void
app_on_file(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	struct site_query query = { rest, request->http };
	struct message *message = &answer->message;

	message_find(message, &request->app->site, &query, request->moment);
	if (message->status == 301) {
		message_set_location(message, app_directory_location(request));
		if (message->location == NULL)
			message_set(message, 503, NULL);
	}
	if ((request->http->present & APP_CONDITIONS) != 0 &&
	    message->status == 200 && message->file != NULL)
		app_apply_conditions(request, message);
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
	message_set(message, http->method == HTTP_OPTIONS ? 204 : 405, NULL);
	message->allow = true;
}

/* Has the first route that has the path's name make the answer. Returns it. */
static inline const struct app_route *
app_route(const struct app_request *request, const struct app_route *route,
    struct answer *answer)
{
	const struct http_request *http = request->http;
	struct span path = request->path;

	while (!app_is_route_of(route->name, path))
		route++;
	if (http->method == HTTP_GET || http->method == HTTP_HEAD ||
	    route->methods)
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
		app_decide(request, &rule->behaviour, &rule->drawn, answer);
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
	plan_at_once(&answer->plan, app_wants_content(request));
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
		return app_answer_path(app, routes, request, moment, answer);
	case HTTP_TRACE:
	case HTTP_CONNECT:
		app_refuse_method(request, message);
		/* What follows may be meant for the tunnel: no request. */
		return request->method != HTTP_CONNECT;
	case HTTP_METHOD_UNKNOWN:
		message_set(message, 501, NULL);
		return true;
	}
	return false;
}
