/* Answers with the site's files; the thread that owns the app. */
#include "config.h"

#include <stdlib.h>

#include "app/route.h"
#include "http/conditions.h"
#include "http/ranges.h"
#include "http/target.h"

/*
 * Makes the Location of a directory that was asked for without its slash: its
 * path with one, and the query as it came. The path is written anew from the
 * decoded one, which neither begins with a slash nor has two in a row, so that
 * no client or proxy can take a part of it for a host. Returns it, the caller's
 * to free; or NULL.
 */
static char *
route_directory_location(const struct app_request *request)
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
route_select_ranges(const struct app_request *request,
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
route_apply_conditions(const struct app_request *request,
    struct message *message)
{
	const struct http_request *http = request->http;
	struct http_validators validators = { span_of(message->file->etag),
		file_modified(message->file, request->moment) };

	switch (
	    http_conditions_check(http, &validators, request->moment->wall)) {
	case HTTP_CONDITION_HOLDS:
		if (http->present & HTTP_FIELD_BIT(HTTP_FIELD_RANGE))
			route_select_ranges(request, &validators, message);
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
#define ROUTE_CONDITIONS                              \
 (HTTP_FIELD_BIT(HTTP_FIELD_IF_MATCH) |               \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_MODIFIED_SINCE) |   \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_NONE_MATCH) |       \
     HTTP_FIELD_BIT(HTTP_FIELD_IF_UNMODIFIED_SINCE) | \
     HTTP_FIELD_BIT(HTTP_FIELD_RANGE))

/* Answers with what the site has at `rest`. Each request for a file comes this
 * way: `flatten` makes it one function with all that it calls; see
 * src/README.md. */
__attribute__((flatten)) void
route_file(const struct app_request *request, struct span rest,
    struct answer *answer)
{
	struct site_query query = { rest, request->http };
	struct message *message = &answer->message;

	message_find(message, &request->app->site, &query, request->moment);
	if (message->status == 301) {
		message_set_location(message,
		    route_directory_location(request));
		if (message->location == NULL)
			message_set(message, 503, NULL);
	}
	if ((request->http->present & ROUTE_CONDITIONS) != 0 &&
	    message->status == 200 && message->file != NULL)
		route_apply_conditions(request, message);
}
