/* The table of httpbin's paths, and how each is carried out; the thread that owns
 * the app. */
#include "config.h"

#include "app/httpbin.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/document.h"
#include "app/httpbin_json.h"
#include "app/sleep.h"
#include "base/units.h"
#include "http/chars.h"
#include "http/response.h"

/* Bytes of a field of the request that a field of the answer repeats. */
#define HTTPBIN_ECHOED_MAX 2048

/* ---- what they share ---- */

struct document *
httpbin_document(const char *type, struct text *text)
{
	struct document *document = text->failed ? NULL
						 : malloc(sizeof(*document) +
							  text->size);

	if (document != NULL) {
		document->type = type;
		document->size = text->size;
		if (text->size > 0)
			memcpy(document->data, text->data, text->size);
	}
	text_fini(text);
	return document;
}

bool
httpbin_use(struct httpbin *bin, const char *type, struct text *text)
{
	struct document *document = httpbin_document(type, text);

	if (document != NULL)
		message_set_document(&bin->answer->message, document);
	else
		message_set(&bin->answer->message, 503,
		    "no memory for it just now");
	return document != NULL;
}

bool
httpbin_refuse(struct httpbin *bin, unsigned status, const char *format, ...)
{
	struct text text = { 0 }, detail = { 0 };
	va_list arguments;
	char *made = NULL;

	va_start(arguments, format);
	if (vasprintf(&made, format, arguments) == -1)
		made = NULL;
	va_end(arguments);
	if (made != NULL)
		text_put(&detail, made);
	free(made);
	bin->fields.size = bin->common;
	text_printf(&text,
	    "{\n  \"status_code\": %u,\n  \"error\": \"%s\",\n  \"detail\": ",
	    status, http_reason(status));
	httpbin_json_string(&text, text_span(&detail));
	text_put(&text, "\n}\n");
	text_fini(&detail);
	if (httpbin_use(bin, HTTPBIN_JSON, &text))
		bin->answer->message.status = (uint16_t)status;
	return false;
}

bool
httpbin_field(struct httpbin *bin, struct span name, struct span value)
{
	const char *end = value.data + value.size;

	if (name.size == 0 ||
	    http_skip_chars(name.data, name.data + name.size,
		HTTP_CHAR_TOKEN) != name.data + name.size ||
	    http_skip_chars(value.data, end, HTTP_CHAR_VALUE) != end)
		return false;
	text_add(&bin->fields, name);
	text_put(&bin->fields, ": ");
	text_add(&bin->fields, value);
	text_put(&bin->fields, "\r\n");
	return true;
}

bool
httpbin_say(struct httpbin *bin, enum word word, const char *format, ...)
{
	char value[WORDS_VALUE_MAX];
	struct complaint why;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (words_add(&bin->asked, span_of(words_name(word)), span_of(value),
		&bin->request->app->limits, &why))
		return true;
	return httpbin_refuse(bin, 400, "%s: must be %s", value, why.wanted);
}

bool
httpbin_say_time(struct httpbin *bin, enum word word, int64_t ns)
{
	char text[UNITS_TEXT_MAX];

	units_format_duration(text, ns);
	return httpbin_say(bin, word, "%s", text);
}

bool
httpbin_read_count(struct httpbin *bin, struct span text,
    const struct httpbin_bounds *bounds, int64_t *number)
{
	if (text.size == 0)
		return true;
	if (!httpbin_read_integer(text, number))
		return httpbin_refuse(bin, 400, "invalid %s: not a number",
		    bounds->name);
	if (*number < bounds->least || *number > bounds->most)
		return httpbin_refuse(bin, 400,
		    "invalid %s: %lld not in range [%lld, %lld]", bounds->name,
		    (long long)*number, (long long)bounds->least,
		    (long long)bounds->most);
	return true;
}

bool
httpbin_read_span(struct httpbin *bin, struct span text,
    const struct httpbin_bounds *bounds, int64_t *ns)
{
	char most[UNITS_TEXT_MAX];

	if (text.size == 0)
		return true;
	if (!httpbin_read_time(text, ns))
		return httpbin_refuse(bin, 400,
		    "invalid %s: neither seconds nor a duration", bounds->name);
	units_format_duration(most, bounds->most);
	if (*ns < bounds->least)
		return httpbin_refuse(bin, 400, "invalid %s: too short",
		    bounds->name);
	if (*ns > bounds->most)
		return httpbin_refuse(bin, 400, "invalid %s: longer than %s",
		    bounds->name, most);
	return true;
}

bool
httpbin_read_seed(struct httpbin *bin, int64_t *seed, bool *given)
{
	struct span text = httpbin_query_get(&bin->query, "seed");
	int64_t number = 0;

	*given = text.size > 0;
	if (*given && !httpbin_read_integer(text, &number))
		return httpbin_refuse(bin, 400, "invalid seed: not a number");
	*seed = (int64_t)((uint64_t)number % ((uint64_t)ROLL_SEED_MAX + 1));
	return true;
}

uint64_t
httpbin_random(const struct httpbin *bin, uint64_t place)
{
	const struct app_config *config = bin->request->app->config;
	const struct roll roll = { .seed = config->seed,
		.n = atomic_fetch_add(config->drawn, 1) + 1 };

	return roll_bits(&roll, ROLL_FILL, place);
}

/* ---- carrying out ---- */

/* What a row of the table says. */
struct httpbin_row {
	bool (*answer)(struct httpbin *bin);
	unsigned methods;
	unsigned least, most; /* segments */
};

/* Takes the path behind the row's name apart. Returns false where that is not one
 * of the row's. */
static bool
httpbin_split(struct httpbin *bin, const struct httpbin_row *row,
    struct span rest)
{
	while (rest.size > 0) {
		struct span segment;

		span_skip(&rest, 1);
		segment = span_take(&rest, SPAN("/"));
		if (row->most == HTTPBIN_SEGMENTS_ANY)
			return true;
		if (segment.size == 0 || bin->segment_count == row->most)
			return false;
		bin->segments[bin->segment_count++] = segment;
	}
	return bin->segment_count >= row->least;
}

/* Has browsers let pages of any origin have the answer. */
static void
httpbin_open_up(struct httpbin *bin)
{
	struct span origin = httpbin_request_field(bin, "Origin");

	if (origin.size == 0 || origin.size > HTTPBIN_ECHOED_MAX)
		origin = SPAN("*");
	(void)httpbin_field(bin, SPAN("Access-Control-Allow-Origin"), origin);
	(void)httpbin_field(bin, SPAN("Access-Control-Allow-Credentials"),
	    SPAN("true"));
}

/* Answers OPTIONS: a browser asks whether it may. */
static bool
httpbin_preflight(struct httpbin *bin)
{
	struct span asked = httpbin_request_field(bin,
	    "Access-Control-Request-Headers");

	message_set_text(&bin->answer->message, "");
	(void)httpbin_field(bin, SPAN("Access-Control-Allow-Methods"),
	    SPAN("GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS"));
	(void)httpbin_field(bin, SPAN("Access-Control-Max-Age"), SPAN("3600"));
	if (asked.size > 0 && asked.size <= HTTPBIN_ECHOED_MAX)
		(void)httpbin_field(bin, SPAN("Access-Control-Allow-Headers"),
		    asked);
	return true;
}

/* Answers a method that the row does not have. */
static bool
httpbin_refuse_method(struct httpbin *bin, unsigned methods)
{
	static const char *const names[] = { [HTTP_GET] = "GET, ",
		[HTTP_HEAD] = "HEAD, ",
		[HTTP_POST] = "POST, ",
		[HTTP_PUT] = "PUT, ",
		[HTTP_DELETE] = "DELETE, ",
		[HTTP_PATCH] = "PATCH, " };

	(void)httpbin_refuse(bin, 405, "not a method of this path");
	text_put(&bin->fields, "Allow: ");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((methods & 1U << i) != 0)
			text_put(&bin->fields, names[i]);
	text_put(&bin->fields, "OPTIONS\r\n");
	return false;
}

/* Makes the message and the words, or a refusal, of which it returns false. */
static bool
httpbin_begin(struct httpbin *bin, const struct httpbin_row *row,
    struct span rest)
{
	const struct http_request *http = bin->request->http;

	if (http->method == HTTP_OPTIONS)
		return httpbin_preflight(bin);
	if (!httpbin_split(bin, row, rest))
		return httpbin_refuse(bin, 404, "not found");
	if ((row->methods & 1U << http->method) == 0)
		return httpbin_refuse_method(bin, row->methods);
	if (!httpbin_query_parse(&bin->query, http->query)) {
		message_set(&bin->answer->message, 503,
		    "no memory for it just now");
		return false;
	}
	return row->answer(bin);
}

/* Puts into the flow what words do not say. */
static void
httpbin_shape(struct httpbin *bin, struct flow *flow)
{
	if (flow == NULL)
		return;
	if (bin->made != 0 && flow->made.kind != MADE_NONE)
		flow->made.kind = bin->made;
	if (flow->made.kind == MADE_LETTERS)
		flow->made.first = bin->first;
	flow->step = bin->step;
	flow->made.tail = text_span(&bin->tail);
	flow->tail = text_take(&bin->tail);
	flow->trailers = text_take(&bin->trailers);
}

/* Has the words be carried out, over those of the operator's rule. Returns false
 * where another status than the path's has come of it. */
static bool
httpbin_decide(struct httpbin *bin)
{
	const struct app_request *request = bin->request;
	struct message *message = &bin->answer->message;
	struct route_words words;
	char *fault = NULL;
	bool own;

	if (bin->asked.given == 0 && request->rule == NULL)
		return true;
	route_overlay(request, &bin->asked, &words);
	if (!sleep_suit(&words.behaviour, words.asked, &request->app->limits,
		&fault)) {
		words_release(&words.behaviour);
		(void)httpbin_refuse(bin, fault != NULL ? 400 : 503, "%s",
		    fault != NULL ? fault : "no memory for it just now");
		free(fault);
		return false;
	}
	route_decide(request, &words.behaviour, words.rule, bin->answer);
	words_release(&words.behaviour);
	if (message->decision == NULL)
		return false;
	own = (words.asked & WORD_FLAG(WORD_STATUS)) != 0 ||
	      !drawn_has(&message->decision->drawn, WORD_STATUS);
	httpbin_shape(bin, message_flow(message));
	if (own && bin->dress != NULL)
		bin->dress(bin);
	return own;
}

/* Gives the message its fields: where it is not the path's own, only those that
 * all have. */
static void
httpbin_give_fields(struct httpbin *bin, bool own)
{
	struct message *message = &bin->answer->message;
	char *fields;

	if (bin->fields.failed || bin->fields.size > MESSAGE_FIELDS_MAX ||
	    bin->trailers.failed || bin->tail.failed) {
		answer_replace(bin->answer, 503,
		    "more fields than there is room for");
		return;
	}
	if (!own)
		bin->fields.size = bin->common;
	bin->fields.data[bin->fields.size] = '\0';
	fields = text_take(&bin->fields);
	if (message->file == NULL)
		message_set_fields(message, fields);
	else
		free(fields);
}

/* `noinline`: its words would be on the stack of every request. */
static __attribute__((noinline)) void
httpbin_answer(const struct app_request *request, struct span rest,
    struct answer *answer, const struct httpbin_row *row)
{
	struct httpbin bin = { .request = request, .answer = answer };
	bool own = true;

	answer->message.handler = HANDLER_HTTPBIN;
	httpbin_open_up(&bin);
	bin.common = bin.fields.size;
	if (httpbin_begin(&bin, row, rest))
		own = httpbin_decide(&bin);
	httpbin_give_fields(&bin, own);
	words_release(&bin.asked);
	httpbin_query_fini(&bin.query);
	text_fini(&bin.fields);
	text_fini(&bin.tail);
	text_fini(&bin.trailers);
}

/* ---- the table ---- */

/* Each row's function of a route. */
#define HTTPBIN_FUNCTION(id, path, methods, least, most)                \
 static void httpbin_route_##id(const struct app_request *request,      \
     struct span rest, struct answer *answer)                           \
 {                                                                      \
  static const struct httpbin_row row = { httpbin_##id, methods, least, \
	  most };                                                       \
                                                                        \
  httpbin_answer(request, rest, answer, &row);                          \
 }
HTTPBIN_TABLE(HTTPBIN_FUNCTION)

#define HTTPBIN_ROUTE(id, path, methods, least, most) \
 { SPAN(path), true, false, httpbin_route_##id },

const struct app_route app_httpbin_routes[] = {
	{ SPAN(""), false, false, route_file },
	{ SPAN("sleep"), true, false, route_sleep },
	{ SPAN("echo"), true, true, route_echo },
	HTTPBIN_TABLE(HTTPBIN_ROUTE) APP_ROUTES_END,
};
