/* The routes, and what each answers; the thread that owns the app. */
#include "config.h"

#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>

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
};

static void app_on_sleep(const struct app_request *request, struct span rest,
    struct answer *answer);
static void app_on_file(const struct app_request *request, struct span rest,
    struct answer *answer);

const struct app_route app_site_routes[] = {
	{ SPAN("sleep"), app_on_sleep },
	{ SPAN(""), app_on_file },
};

const struct app_route app_file_routes[] = {
	{ SPAN(""), app_on_file },
};

int
app_open(struct app *app, const struct app_config *config)
{
	char limit[UNITS_TEXT_MAX];

	app->config = config;
	units_format_duration(limit, config->max_sleep);
	snprintf(app->sleep_malformed, sizeof app->sleep_malformed,
	    "/sleep/DURATION takes a time such as 250us, 250ms, 1.5s, 2m or a "
	    "bare number of seconds, up to the limit of %s",
	    limit);
	snprintf(app->sleep_too_long, sizeof app->sleep_too_long,
	    "the sleep asked for is over the limit of %s", limit);
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
}

/* Says whether the answer has content: that to a HEAD has none (RFC 9110
 * 9.3.2). */
static bool
app_wants_content(const struct http_request *request)
{
	return request->method != HTTP_HEAD;
}

static void
app_on_sleep(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	const struct app *app = request->app;
	int64_t asked;

	switch (sleep_parse(rest, app->config->max_sleep, &asked)) {
	case SLEEP_OK:
		message_use_front(&answer->message);
		plan_later(&answer->plan, app_wants_content(request->http),
		    asked);
		return;
	case SLEEP_MALFORMED:
		message_set(&answer->message, 400, app->sleep_malformed);
		return;
	case SLEEP_TOO_LONG:
		message_set(&answer->message, 400, app->sleep_too_long);
		return;
	}
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

/* Has the first route that has the path's name make the answer. */
static void
app_route(const struct app_request *request, const struct app_route *route,
    struct answer *answer)
{
	struct span path = request->path;

	while (!app_is_route_of(route->name, path))
		route++;
	route->answer(request,
	    (struct span){ path.data + route->name.size,
		path.size - route->name.size },
	    answer);
}

/* Answers a GET or HEAD. Returns false where its target can't be decoded. */
static bool
app_get(struct app *app, const struct app_route *routes,
    const struct http_request *http, const struct moment *moment,
    struct answer *answer)
{
	char text[HTTP_TARGET_MAX + 1];
	struct app_request request = { app, http, { text, 0 }, moment };

	switch (http_target_decode(http->path, text, sizeof text,
	    &request.path.size)) {
	case HTTP_TARGET_OK:
		app_route(&request, routes, answer);
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
	case HTTP_GET:
	case HTTP_HEAD:
		return app_get(app, routes, request, moment, answer);
	case HTTP_OPTIONS:
		message_set(message, 204, NULL);
		message->allow = true;
		return true;
	case HTTP_POST:
	case HTTP_PUT:
	case HTTP_DELETE:
	case HTTP_PATCH:
	case HTTP_TRACE:
	case HTTP_CONNECT:
		message_set(message, 405, NULL);
		message->allow = true;
		/* What follows may be meant for the tunnel: no request. */
		return request->method != HTTP_CONNECT;
	case HTTP_METHOD_UNKNOWN:
		message_set(message, 501, NULL);
		return true;
	}
	return false;
}
