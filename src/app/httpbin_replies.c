/* Answers httpbin's paths that tell of the request itself; the thread that owns the
 * app. */
#include "config.h"

#include "app/echo.h"
#include "app/httpbin.h"
#include "app/httpbin_body.h"
#include "app/httpbin_json.h"

void
httpbin_look(const struct httpbin *bin, struct asker *asker,
    struct httpbin_view *view)
{
	const struct http_request *http = bin->request->http;

	moment_asker(bin->request->moment, asker);
	*view = (struct httpbin_view){ http->method_name, http->target,
		http->query, http->fields, http->field_count, asker->peer,
		asker->secured };
}

struct span
httpbin_request_field(const struct httpbin *bin, const char *name)
{
	const struct http_request *http = bin->request->http;
	const struct httpbin_view view = { .fields = http->fields,
		.field_count = http->field_count };

	return httpbin_view_field(&view, name);
}

bool
httpbin_reply(struct httpbin *bin)
{
	struct httpbin_view view;
	struct text text = { 0 };
	struct asker asker;

	httpbin_look(bin, &asker, &view);
	text_put(&text, "{\n  ");
	httpbin_view_write(&view, ",\n  ", true, &text);
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

/* Writes the document that tells of a request and of its body. */
static struct document *
httpbin_write_whole(const struct echo *echo)
{
	const struct httpbin_view view = { echo->method, echo->target,
		echo->query, echo->fields, echo->field_count, echo->asker.peer,
		echo->asker.secured };
	struct text text = { 0 };

	text_put(&text, "{\n  ");
	httpbin_view_write(&view, ",\n  ", true, &text);
	httpbin_body_write(httpbin_view_field(&view, "Content-Type"),
	    echo_body(echo), &text);
	text_put(&text, "\n}\n");
	return httpbin_document(HTTPBIN_JSON, &text);
}

bool
httpbin_reply_whole(struct httpbin *bin)
{
	route_use_echo(bin->request, httpbin_write_whole, bin->answer);
	bin->answer->message.unstored = false;
	return true;
}

bool
httpbin_get(struct httpbin *bin)
{
	return httpbin_reply(bin);
}

bool
httpbin_head(struct httpbin *bin)
{
	return httpbin_reply(bin);
}

bool
httpbin_post(struct httpbin *bin)
{
	return httpbin_reply_whole(bin);
}

bool
httpbin_put(struct httpbin *bin)
{
	return httpbin_reply_whole(bin);
}

bool
httpbin_patch(struct httpbin *bin)
{
	return httpbin_reply_whole(bin);
}

bool
httpbin_delete(struct httpbin *bin)
{
	return httpbin_reply_whole(bin);
}

bool
httpbin_anything(struct httpbin *bin)
{
	return bin->request->http->method == HTTP_HEAD
		   ? httpbin_reply(bin)
		   : httpbin_reply_whole(bin);
}

bool
httpbin_headers(struct httpbin *bin)
{
	struct httpbin_view view;
	struct text text = { 0 };
	struct asker asker;

	httpbin_look(bin, &asker, &view);
	text_put(&text, "{\n  \"headers\": ");
	httpbin_view_write_headers(&view, &text);
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

bool
httpbin_ip(struct httpbin *bin)
{
	bool plain = span_equal(httpbin_parameter(bin, "format"), SPAN("text"));
	struct httpbin_view view;
	struct text text = { 0 };
	struct asker asker;

	httpbin_look(bin, &asker, &view);
	if (plain) {
		text_add(&text, httpbin_view_origin(&view));
		text_put(&text, "\n");
		return httpbin_use(bin, HTTPBIN_TEXT, &text);
	}
	text_put(&text, "{\n  \"origin\": ");
	httpbin_json_string(&text, httpbin_view_origin(&view));
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

bool
httpbin_user_agent(struct httpbin *bin)
{
	struct text text = { 0 };

	text_put(&text, "{\n  \"user-agent\": ");
	httpbin_json_string(&text, httpbin_request_field(bin, "User-Agent"));
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}
