/*
 * httpbin_view: what a request says of itself, as httpbin's paths tell of it. Any
 * thread.
 */
#ifndef MTASYNC_APP_HTTPBIN_VIEW_H
#define MTASYNC_APP_HTTPBIN_VIEW_H

#include "base/text.h"
#include "http/request.h"

struct httpbin_view {
	struct span method, target; /* as sent */
	struct span query;          /* likewise; data NULL: none */
	const struct http_field *fields;
	unsigned field_count;
	const char *peer; /* the client's address */
	bool secured;     /* it came by TLS */
};

/* The value of the first field with a name; or an empty one. */
struct span httpbin_view_field(const struct httpbin_view *view,
    const char *name);

/* Whether it came by https, as proxies on the way say, or to ourselves. */
bool httpbin_view_is_https(const struct httpbin_view *view);

/* Writes the URL of another path of this server; of the request, where it is
 * NULL. */
void httpbin_view_write_url(const struct httpbin_view *view, const char *path,
    struct text *text);

/* Writes the fields of its head as an object of lists. */
void httpbin_view_write_headers(const struct httpbin_view *view,
    struct text *text);

/* Who asks, as proxies on the way say; or the address. */
struct span httpbin_view_origin(const struct httpbin_view *view);

/* Writes members of a JSON object, with a separator between: `args`, `headers`,
 * `method` where that is wanted, `origin`, `url`. */
void httpbin_view_write(const struct httpbin_view *view, const char *separator,
    bool method, struct text *text);

#endif
