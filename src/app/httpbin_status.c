/* Answers httpbin's paths of statuses: /status, /unstable, and redirects; the thread
 * that owns the app. */
#include "config.h"

#include "app/httpbin.h"

#include <inttypes.h>

#include "http/fields.h"
#include "http/origin.h"

/* ---- /status ---- */

/* What comes with a status, beside its line. */
static const struct httpbin_special {
	unsigned status;
	const char *fields;
	const char *text;
} httpbin_specials[] = {
	{ 300, "Location: /redirect/1\r\n", "" },
	{ 301, "Location: /redirect/1\r\n", "" },
	{ 302, "Location: /redirect/1\r\n", "" },
	{ 303, "Location: /redirect/1\r\n", "" },
	{ 305, "Location: /redirect/1\r\n", "" },
	{ 307, "Location: /redirect/1\r\n", "" },
	{ 308, "Location: /redirect/1\r\n", "" },
	{ 401, "WWW-Authenticate: Basic realm=\"Fake Realm\"\r\n", "" },
	{ 402, "", "This costs something." },
	{ 406, "Content-Type: application/json\r\n",
	    "{\"message\": \"none of the types that the client accepts\", "
	    "\"accept\": [\"text/plain\"]}\n" },
	{ 407, "Proxy-Authenticate: Basic realm=\"Fake Realm\"\r\n", "" },
	{ 418, "", "I'm a teapot!" },
};

#define HTTPBIN_SPECIALS \
 (sizeof(httpbin_specials) / sizeof(httpbin_specials[0]))

/* Gives a status that was drawn what comes with it: most often, nothing. */
static void
httpbin_dress_status(struct httpbin *bin)
{
	struct message *message = &bin->answer->message;
	const char *text = "";

	for (size_t i = 0; i < HTTPBIN_SPECIALS; i++)
		if (httpbin_specials[i].status == message->status) {
			text_put(&bin->fields, httpbin_specials[i].fields);
			text = httpbin_specials[i].text;
		}
	message_say(message, text);
}

/* One status, or several, each with its weight. */
struct httpbin_weights {
	unsigned count;
	double sum;
	struct {
		int64_t status;
		double weight;
	} list[CHOICE_MAX];
};

/* Adds a status to those that there are; one that is there gets more weight. */
static bool
httpbin_weights_add(struct httpbin_weights *weights, int64_t status,
    double weight)
{
	unsigned i = 0;

	while (i < weights->count && weights->list[i].status != status)
		i++;
	if (i == CHOICE_MAX)
		return false;
	if (i == weights->count) {
		weights->list[i].status = status;
		weights->list[i].weight = 0;
		weights->count++;
	}
	weights->list[i].weight += weight;
	weights->sum += weight;
	return true;
}

/* Reads `STATUS` or `STATUS:WEIGHT`. */
static bool
httpbin_read_weight(struct httpbin *bin, struct span text,
    struct httpbin_weights *weights)
{
	struct span status = span_take(&text, SPAN(":"));
	int64_t number = 0;
	double weight = 1;

	if (!httpbin_read_integer(status, &number) || number < 200 ||
	    number > 599)
		return httpbin_refuse(bin, 400,
		    "invalid status code: \"%.*s\" not in range [200, 599]",
		    (int)status.size, status.data);
	if (text.size > 0) {
		span_skip(&text, 1);
		if (!httpbin_read_number(text, &weight) || weight < 0)
			return httpbin_refuse(bin, 400,
			    "invalid weight: \"%.*s\"", (int)text.size,
			    text.data);
	}
	if (!httpbin_weights_add(weights, number, weight))
		return httpbin_refuse(bin, 400, "more than %d status codes",
		    CHOICE_MAX);
	return true;
}

/* Returns where the shares of the first weights end, rounded, so that the last one
 * ends at the whole. */
static uint64_t
httpbin_share_end(const struct httpbin_weights *weights, double end)
{
	double share = end / weights->sum * (double)SHARE_WHOLE + 0.5;

	return share < (double)SHARE_WHOLE ? (uint64_t)share : SHARE_WHOLE;
}

/* Says the statuses, by shares that their weights have of the sum. */
static void
httpbin_say_weights(struct httpbin *bin, const struct httpbin_weights *weights)
{
	struct choice *choice = &bin->asked.status;
	uint64_t begin = 0;
	double end = 0;

	for (unsigned i = 0; i < weights->count; i++) {
		bool last = i + 1 == weights->count;
		uint64_t to;

		end += weights->list[i].weight;
		to = last ? SHARE_WHOLE : httpbin_share_end(weights, end);
		if (to == begin)
			continue;
		choice->options[choice->count].value = weights->list[i].status;
		choice->options[choice->count++].share = to - begin;
		begin = to;
	}
	bin->asked.given |= WORD_FLAG(WORD_STATUS);
}

/* Says the statuses of a list. */
static bool
httpbin_status_list(struct httpbin *bin, struct span list)
{
	struct httpbin_weights weights = { .count = 0 };

	for (;;) {
		struct span one = span_take(&list, SPAN(","));

		if (!httpbin_read_weight(bin, one, &weights))
			return false;
		if (list.size == 0)
			break;
		span_skip(&list, 1);
	}
	if (weights.sum <= 0 || weights.sum - weights.sum != 0)
		return httpbin_refuse(bin, 400,
		    "invalid weights: no sum to be parts of");
	while (weights.list[weights.count - 1].weight <= 0)
		weights.count--;
	httpbin_say_weights(bin, &weights);
	return true;
}

bool
httpbin_status(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "status code", 100, 599 };
	struct span text = bin->segments[0];
	int64_t status = 0;

	message_set_text(&bin->answer->message, "");
	bin->dress = httpbin_dress_status;
	if (memchr(text.data, ',', text.size) != NULL)
		return httpbin_status_list(bin, text);
	if (!httpbin_read_count(bin, text, &bounds, &status))
		return false;
	return httpbin_say(bin, status < 200 ? WORD_INTERIM : WORD_STATUS,
	    "%" PRId64, status);
}

/* ---- /unstable ---- */

/* Says that a part of the requests fail; with a seed, that what is drawn by it for the
 * first one holds for all. */
static bool
httpbin_fail(struct httpbin *bin, uint64_t share)
{
	struct choice *choice = &bin->asked.status;
	struct roll roll = { .n = 1 };
	bool given;

	if (!httpbin_read_seed(bin, &roll.seed, &given))
		return false;
	choice->count = 1;
	choice->options[0].value = 500;
	choice->options[0].share = share;
	if (given)
		choice->options[0].share = share_comes(share,
					       roll_bits(&roll, ROLL_STATUS, 0))
					       ? SHARE_WHOLE
					       : 0;
	bin->asked.given |= WORD_FLAG(WORD_STATUS);
	return true;
}

bool
httpbin_unstable(struct httpbin *bin)
{
	struct span text = httpbin_parameter(bin, "failure_rate");
	double rate = 0.5;

	if (text.size > 0 &&
	    (!httpbin_read_number(text, &rate) || rate < 0 || rate > 1))
		return httpbin_refuse(bin, 400,
		    "invalid failure rate: not in range [0, 1]");
	message_set_text(&bin->answer->message, "");
	bin->dress = httpbin_dress_status;
	return httpbin_fail(bin, (uint64_t)(rate * (double)SHARE_WHOLE + 0.5));
}

/* The first attempts of a key fail, as the Kubernetes Gateway API's test image has
 * it: by a status, or by a reset; what delays them delays no other. */
bool
httpbin_retry(struct httpbin *bin)
{
	const struct httpbin_bounds count = { "succeedAfter", 0, 1000000000 };
	const struct httpbin_bounds code = { "responseCode", 200, 599 };
	const struct httpbin_bounds delay = { "delayRetry", 0,
		bin->request->app->limits.when.most };
	struct behaviour *asked = &bin->asked;
	int64_t status = 0, ns = 0;

	asked->key.from = KEY_TEXT;
	asked->key.text = httpbin_parameter(bin, "uuid");
	if (asked->key.text.size == 0)
		return httpbin_refuse(bin, 400, "uuid is missing");
	if (httpbin_parameter(bin, "succeedAfter").size == 0)
		return httpbin_refuse(bin, 400, "succeedAfter is missing");
	if (!httpbin_read_count(bin, httpbin_parameter(bin, "succeedAfter"),
		&count, &asked->fail) ||
	    !httpbin_read_count(bin, httpbin_parameter(bin, "responseCode"),
		&code, &status) ||
	    !httpbin_read_span(bin, httpbin_parameter(bin, "delayRetry"),
		&delay, &ns))
		return false;
	asked->given |= WORD_FLAG(WORD_KEY) | WORD_FLAG(WORD_FAIL);
	asked->fail_delays = true;
	if (!(status != 0 ? httpbin_say(bin, WORD_STATUS, "%d", (int)status)
			  : httpbin_say(bin, WORD_FAULT, "reset")) ||
	    !httpbin_say_time(bin, WORD_DELAY, ns))
		return false;
	return httpbin_reply_whole(bin);
}

/* ---- redirects ---- */

/* Makes the message a redirect. */
static bool
httpbin_lead(struct httpbin *bin, unsigned status, struct span location)
{
	message_set_text(&bin->answer->message, "");
	bin->answer->message.status = (uint16_t)status;
	if (!httpbin_field(bin, SPAN("Location"), location) ||
	    bin->fields.size > MESSAGE_FIELDS_MAX)
		return httpbin_refuse(bin, 400, "invalid url");
	return true;
}

bool
httpbin_lead_to(struct httpbin *bin, const char *path)
{
	return httpbin_lead(bin, 302, span_of(path));
}

/* Leads to a path that leads one time less, and at last to /get. */
static bool
httpbin_lead_on(struct httpbin *bin, bool absolute)
{
	const struct httpbin_bounds bounds = { "redirect count", 1, INT64_MAX };
	struct text path = { 0 }, url = { 0 };
	struct httpbin_view view;
	struct asker asker;
	int64_t count = 0;
	bool led;

	if (!httpbin_read_count(bin, bin->segments[0], &bounds, &count))
		return false;
	if (count == 1)
		text_put(&path, "/get");
	else
		text_printf(&path, "/%s-redirect/%" PRId64,
		    absolute ? "absolute" : "relative", count - 1);
	httpbin_look(bin, &asker, &view);
	if (absolute && !path.failed)
		httpbin_view_write_url(&view, path.data, &url);
	led = httpbin_lead(bin, 302, text_span(absolute ? &url : &path));
	text_fini(&path);
	text_fini(&url);
	return led;
}

bool
httpbin_redirect(struct httpbin *bin)
{
	return httpbin_lead_on(bin,
	    span_equal_nocase(httpbin_parameter(bin, "absolute"),
		SPAN("true")));
}

bool
httpbin_relative_redirect(struct httpbin *bin)
{
	return httpbin_lead_on(bin, false);
}

bool
httpbin_absolute_redirect(struct httpbin *bin)
{
	return httpbin_lead_on(bin, true);
}

/* Whether the operator lets a redirect lead to a host. */
static bool
httpbin_allows_host(const struct httpbin *bin, struct span host)
{
	const char *hosts = bin->request->app->config->hosts;
	struct span list, allowed;

	if (hosts == NULL || host.size == 0)
		return false;
	list = span_of(hosts);
	while (http_list_next(&list, &allowed))
		if (span_equal_nocase(allowed, host) ||
		    span_equal(allowed, SPAN("*")))
			return true;
	return false;
}

/* Returns the host of an `http://HOST:PORT/...`, or of one with another scheme or
 * none; or an empty text where there is none that is certain. */
static struct span
httpbin_host_of(struct span url)
{
	struct span none = SPAN(""), rest = url, host;

	(void)span_take(&rest, SPAN(":/?#\\@"));
	if (rest.size > 0 && rest.data[0] == ':' && rest.data != url.data)
		span_skip(&rest, 1);
	if (rest.size < 2 || memcmp(rest.data, "//", 2) != 0)
		return none;
	span_skip(&rest, 2);
	host = span_take(&rest, SPAN("/?#"));
	if (memchr(host.data, '@', host.size) != NULL ||
	    memchr(host.data, '\\', host.size) != NULL ||
	    memchr(host.data, '%', host.size) != NULL)
		return none;
	if (host.size > 0 && host.data[0] == '[') {
		struct span left = host;

		(void)span_take(&left, SPAN("]"));
		host.size -= left.size > 0 ? left.size - 1 : 0;
		return host;
	}
	return span_take(&host, SPAN(":"));
}

/* Whether a URL stays on this server: a path, which no client takes for a host. */
static bool
httpbin_stays(struct span url)
{
	if (url.data[0] != '/' || memchr(url.data, '\\', url.size) != NULL)
		return false;
	return url.size == 1 || url.data[1] != '/';
}

/* Writes a URL whose octets that are no characters of one are %XX. */
static void
httpbin_write_location(struct text *text, struct span url)
{
	for (size_t i = 0; i < url.size; i++) {
		unsigned char c = (unsigned char)url.data[i];

		if (c <= ' ' || c >= 0x7f)
			text_printf(text, "%%%02X", c);
		else
			text_add(text, (struct span){ url.data + i, 1 });
	}
}

bool
httpbin_redirect_to(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "status code", 300, 399 };
	struct span url = httpbin_parameter(bin, "url");
	struct text location = { 0 };
	int64_t status = 302;
	bool led;

	if (url.size == 0)
		return httpbin_refuse(bin, 400,
		    "missing required query parameter: url");
	if (!httpbin_read_count(bin, httpbin_parameter(bin, "status_code"),
		&bounds, &status))
		return false;
	if (!httpbin_stays(url) &&
	    !httpbin_allows_host(bin, httpbin_host_of(url)))
		return httpbin_refuse(bin, 403,
		    "no path of this server, nor a host of --httpbin");
	httpbin_write_location(&location, url);
	led = httpbin_lead(bin, (unsigned)status, text_span(&location));
	text_fini(&location);
	return led;
}
