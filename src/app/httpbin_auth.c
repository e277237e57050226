/* Answers httpbin's paths of credentials and cookies; the thread that owns the
 * app. */
#include "config.h"

#include "app/httpbin.h"

#include "app/httpbin_json.h"
#include "http/chars.h"
#include "http/fields.h"

#include <nettle/base64.h>

/* As many cookies as fit a head, with the least name, a `=` and a `;`. */
#define HTTPBIN_COOKIES_MAX 1024

/* ---- credentials ---- */

/* Takes user and password out of a Basic Authorization (RFC 7617 2), as they are
 * decoded into `room`; empty ones where there are none. */
static void
httpbin_read_basic(const struct httpbin *bin, char *room,
    struct httpbin_pair *given)
{
	struct span value = httpbin_request_field(bin, "Authorization");
	struct span decoded = { room, 0 };
	struct base64_decode_ctx decoding;

	*given = (struct httpbin_pair){ SPAN(""), SPAN("") };
	if (value.size < strlen("Basic ") || value.size > HTTP_TARGET_MAX ||
	    strncasecmp(value.data, "Basic ", strlen("Basic ")) != 0)
		return;
	span_skip(&value, strlen("Basic "));
	base64_decode_init(&decoding);
	if (base64_decode_update(&decoding, &decoded.size, (uint8_t *)room,
		value.size, value.data) == 0 ||
	    base64_decode_final(&decoding) == 0 ||
	    memchr(room, ':', decoded.size) == NULL)
		return;
	given->name = span_take(&decoded, SPAN(":"));
	span_skip(&decoded, 1);
	given->value = decoded;
}

/* Adds what a 401 has to have (RFC 9110 11.6.1). Returns true: a rule's words hold for
 * it, too. */
static bool
httpbin_challenge(struct httpbin *bin, struct span challenge)
{
	(void)httpbin_field(bin, SPAN("WWW-Authenticate"), challenge);
	return true;
}

bool
httpbin_basic_auth(struct httpbin *bin)
{
	char room[BASE64_DECODE_LENGTH(HTTP_TARGET_MAX)];
	struct text text = { 0 };
	struct httpbin_pair given;
	const char *told;
	bool fits;

	httpbin_read_basic(bin, room, &given);
	fits = span_equal(given.name, bin->segments[0]) &&
	       span_equal(given.value, bin->segments[1]);
	told = fits ? "true" : "false";
	text_printf(&text, "{\n  \"authenticated\": %s,\n  \"user\": ", told);
	httpbin_json_string(&text, given.name);
	text_printf(&text, ",\n  \"authorized\": %s\n}\n", told);
	if (!httpbin_use(bin, HTTPBIN_JSON, &text))
		return false;
	if (fits)
		return true;
	bin->answer->message.status = 401;
	return httpbin_challenge(bin, SPAN("Basic realm=\"Fake Realm\""));
}

bool
httpbin_bearer(struct httpbin *bin)
{
	struct span value = httpbin_request_field(bin, "Authorization");
	struct span scheme = span_take(&value, SPAN(" \t"));
	struct text text = { 0 };

	value = http_trim(value);
	if (!span_equal(scheme, SPAN("Bearer")) || value.size == 0 ||
	    memchr(value.data, ' ', value.size) != NULL ||
	    memchr(value.data, '\t', value.size) != NULL) {
		(void)httpbin_refuse(bin, 401, "no bearer token");
		return httpbin_challenge(bin, SPAN("Bearer"));
	}
	text_put(&text, "{\n  \"authenticated\": true,\n  \"token\": ");
	httpbin_json_string(&text, value);
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

/* ---- cookies ---- */

/* Takes the cookies of one line (RFC 6265 4.2.1). */
static void
httpbin_read_cookies(struct span line, struct httpbin_query *cookies)
{
	while (line.size > 0 && cookies->count < HTTPBIN_COOKIES_MAX) {
		struct span cookie = http_trim(span_take(&line, SPAN(";")));
		struct span name = span_take(&cookie, SPAN("="));

		if (line.size > 0)
			span_skip(&line, 1);
		if (name.size == 0 || cookie.size == 0)
			continue;
		span_skip(&cookie, 1);
		if (cookie.size > 1 && cookie.data[0] == '"' &&
		    cookie.data[cookie.size - 1] == '"') {
			cookie.data++;
			cookie.size -= 2;
		}
		httpbin_query_put(cookies, http_trim(name), cookie);
	}
}

bool
httpbin_cookies(struct httpbin *bin)
{
	const struct http_request *http = bin->request->http;
	struct httpbin_pair pairs[HTTPBIN_COOKIES_MAX];
	struct text text = { 0 };
	struct httpbin_query cookies = { pairs, 0 };

	for (unsigned i = 0; i < http->field_count; i++)
		if (span_equal_nocase(http->fields[i].name, SPAN("Cookie")))
			httpbin_read_cookies(http->fields[i].value, &cookies);
	text_put(&text, "{\n  \"cookies\": ");
	httpbin_json_strings(&text, &cookies);
	text_put(&text, "\n}\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

/* The attributes that the query wants cookies to have, by `attr[NAME]`. */
struct httpbin_attributes {
	struct span path, domain;
	const char *same_site; /* NULL: none */
	bool secure, http_only;
};

static bool
httpbin_is_attribute(struct span name)
{
	return name.size > strlen("attr[]") &&
	       memcmp(name.data, "attr[", strlen("attr[")) == 0 &&
	       name.data[name.size - 1] == ']';
}

static bool
httpbin_is_true(struct span value)
{
	return span_equal(value, SPAN("1")) ||
	       span_equal_nocase(value, SPAN("true"));
}

/* Takes one of the attributes; one that there is not is ignored. */
static void
httpbin_set_attribute(struct httpbin_attributes *attributes, struct span name,
    struct span value)
{
	static const char *const sites[] = { "Strict", "Lax", "None" };

	if (span_equal_nocase(name, SPAN("domain")))
		attributes->domain = value;
	else if (span_equal_nocase(name, SPAN("path")))
		attributes->path = value;
	else if (span_equal_nocase(name, SPAN("httponly")))
		attributes->http_only = httpbin_is_true(value);
	else if (span_equal_nocase(name, SPAN("secure")))
		attributes->secure = httpbin_is_true(value);
	else if (span_equal_nocase(name, SPAN("samesite")))
		for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++)
			if (span_equal_nocase(value, span_of(sites[i])))
				attributes->same_site = sites[i];
}

static void
httpbin_read_attributes(const struct httpbin *bin,
    struct httpbin_attributes *attributes)
{
	struct httpbin_view view;
	struct asker asker;

	httpbin_look(bin, &asker, &view);
	*attributes = (struct httpbin_attributes){ .path = SPAN("/"),
		.domain = SPAN(""),
		.secure = httpbin_view_is_https(&view),
		.http_only = true };
	for (unsigned i = 0; i < bin->query.count; i++) {
		struct span name = bin->query.pairs[i].name;

		if (!httpbin_is_attribute(name))
			continue;
		name.data += strlen("attr[");
		name.size -= strlen("attr[]");
		httpbin_set_attribute(attributes, name,
		    bin->query.pairs[i].value);
	}
}

/* Whether a text may stand in a Set-Cookie (RFC 6265 4.1.1). */
static bool
httpbin_is_cookie_text(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f ||
		    text.data[i] == ';')
			return false;
	return true;
}

/* Adds a Set-Cookie. Returns false where it can't be one. */
static bool
httpbin_add_cookie(struct httpbin *bin, const struct httpbin_pair *pair,
    const struct httpbin_attributes *attributes, bool gone)
{
	struct text text = { 0 };
	const char *end = pair->name.data + pair->name.size;
	bool fits;

	if (pair->name.size == 0 ||
	    http_skip_chars(pair->name.data, end, HTTP_CHAR_TOKEN) != end ||
	    !httpbin_is_cookie_text(pair->value) ||
	    !httpbin_is_cookie_text(attributes->path) ||
	    !httpbin_is_cookie_text(attributes->domain))
		return false;
	text_printf(&text, "%.*s=%.*s; Path=%.*s", (int)pair->name.size,
	    pair->name.data, (int)pair->value.size, pair->value.data,
	    (int)attributes->path.size, attributes->path.data);
	if (attributes->domain.size > 0)
		text_printf(&text, "; Domain=%.*s",
		    (int)attributes->domain.size, attributes->domain.data);
	if (gone)
		text_put(&text,
		    "; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0");
	text_put(&text, attributes->http_only ? "; HttpOnly" : "");
	text_put(&text, attributes->secure ? "; Secure" : "");
	if (attributes->same_site != NULL)
		text_printf(&text, "; SameSite=%s", attributes->same_site);
	fits = httpbin_field(bin, SPAN("Set-Cookie"), text_span(&text));
	text_fini(&text);
	return fits;
}

/* Answers with a Set-Cookie for each name in the query, of its first value as
 * go-httpbin does, and leads to /cookies. */
static bool
httpbin_change_cookies(struct httpbin *bin, bool gone)
{
	const struct httpbin_pair *pairs = bin->query.pairs;
	struct httpbin_attributes attributes;

	httpbin_read_attributes(bin, &attributes);
	httpbin_pairs_sort(bin->query.pairs, bin->query.count);
	for (unsigned i = 0; i < bin->query.count; i++) {
		if (httpbin_is_attribute(pairs[i].name) ||
		    (i > 0 && span_equal(pairs[i].name, pairs[i - 1].name)))
			continue;
		if (!httpbin_add_cookie(bin, &pairs[i], &attributes, gone))
			return httpbin_refuse(bin, 400, "invalid cookie");
	}
	if (bin->fields.size > MESSAGE_FIELDS_MAX - 64)
		return httpbin_refuse(bin, 400, "too many cookies");
	return httpbin_lead_to(bin, "/cookies");
}

bool
httpbin_cookies_set(struct httpbin *bin)
{
	return httpbin_change_cookies(bin, false);
}

bool
httpbin_cookies_delete(struct httpbin *bin)
{
	return httpbin_change_cookies(bin, true);
}
