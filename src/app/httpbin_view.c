/* Tells of requests as httpbin does; any thread. */
#include "config.h"

#include "app/httpbin_view.h"

#include <stdlib.h>

#include "app/httpbin_json.h"
#include "http/fields.h"

struct span
httpbin_view_field(const struct httpbin_view *view, const char *name)
{
	for (unsigned i = 0; i < view->field_count; i++)
		if (span_equal_nocase(view->fields[i].name, span_of(name)))
			return view->fields[i].value;
	return SPAN("");
}

/* ---- the head ---- */

/* Writes a field's name as Go has it: `x-my-FIELD` as `X-My-Field`. Returns it. */
static struct span
httpbin_view_canonical(struct span name, char **out)
{
	struct span canonical = { *out, name.size };
	bool first = true;

	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];

		if (first && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!first && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		*(*out)++ = c;
		first = c == '-';
	}
	return canonical;
}

/* `noinline`: the fields would be on the stack of its caller. */
__attribute__((noinline)) void
httpbin_view_write_headers(const struct httpbin_view *view, struct text *text)
{
	struct httpbin_pair pairs[HTTP_FIELDS_MAX];
	struct httpbin_query fields = { pairs, view->field_count };
	char *names = malloc(HTTP_HEAD_MAX), *out = names;

	if (names == NULL) {
		text->failed = true;
		return;
	}
	for (unsigned i = 0; i < view->field_count; i++) {
		fields.pairs[i].name =
		    httpbin_view_canonical(view->fields[i].name, &out);
		fields.pairs[i].value = view->fields[i].value;
	}
	httpbin_json_lists(text, &fields, false);
	free(names);
}

struct span
httpbin_view_origin(const struct httpbin_view *view)
{
	static const char *const names[] = { "Fly-Client-IP",
		"CF-Connecting-IP", "Fastly-Client-IP", "True-Client-IP",
		"X-Forwarded-For" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span value = httpbin_view_field(view, names[i]);

		if (value.size > 0)
			return http_trim(span_take(&value, SPAN(",")));
	}
	return span_of(view->peer);
}

/* ---- the URL ---- */

static struct span
httpbin_view_scheme(const struct httpbin_view *view)
{
	struct span scheme = httpbin_view_field(view, "X-Forwarded-Proto");

	if (scheme.size == 0)
		scheme = httpbin_view_field(view, "X-Forwarded-Protocol");
	if (scheme.size == 0 &&
	    span_equal(httpbin_view_field(view, "X-Forwarded-Ssl"), SPAN("on")))
		return SPAN("https");
	if (scheme.size > 0)
		return scheme;
	return view->secured ? SPAN("https") : SPAN("http");
}

bool
httpbin_view_is_https(const struct httpbin_view *view)
{
	return span_equal(httpbin_view_scheme(view), SPAN("https"));
}

void
httpbin_view_write_url(const struct httpbin_view *view, const char *path,
    struct text *text)
{
	if (path == NULL && view->target.data[0] != '/') {
		text_add(text, view->target); /* it is one */
		return;
	}
	text_add(text, httpbin_view_scheme(view));
	text_put(text, "://");
	text_add(text, httpbin_view_field(view, "Host"));
	text_add(text, path != NULL ? span_of(path) : view->target);
}

/* ---- all of it ---- */

void
httpbin_view_write(const struct httpbin_view *view, const char *separator,
    bool method, struct text *text)
{
	struct httpbin_query query;
	struct text url = { 0 };

	text_put(text, "\"args\": ");
	text->failed |= !httpbin_query_parse(&query, view->query);
	httpbin_json_lists(text, &query, false);
	httpbin_query_fini(&query);
	text_printf(text, "%s\"headers\": ", separator);
	httpbin_view_write_headers(view, text);
	if (method) {
		text_printf(text, "%s\"method\": ", separator);
		httpbin_json_string(text, view->method);
	}
	text_printf(text, "%s\"origin\": ", separator);
	httpbin_json_string(text, httpbin_view_origin(view));
	text_printf(text, "%s\"url\": ", separator);
	httpbin_view_write_url(view, NULL, &url);
	httpbin_json_string(text, text_span(&url));
	text->failed |= url.failed;
	text_fini(&url);
}
