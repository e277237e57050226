/* Answers httpbin's paths that are about fields: those that the query wants, and
 * conditions; the thread that owns the app. */
#include "config.h"

#include "app/httpbin.h"

#include <inttypes.h>

#include "app/httpbin_json.h"
#include "http/chars.h"
#include "http/date.h"
#include "http/fields.h"

/* ---- fields that the query wants ---- */

/* Whether a field is none that may come behind a content (RFC 9110 6.5.1). */
static bool
httpbin_is_no_trailer(struct span name)
{
	static const char *const names[] = { "Authorization", "Cache-Control",
		"Connection", "Content-Encoding", "Content-Length",
		"Content-Range", "Content-Type", "Host", "Keep-Alive",
		"Max-Forwards", "Set-Cookie", "TE", "Trailer",
		"Transfer-Encoding", "Upgrade" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal_nocase(name, span_of(names[i])))
			return true;
	return false;
}

/* Of values with one name, the last one is sent, as go-httpbin does. */
bool
httpbin_trailers(struct httpbin *bin)
{
	httpbin_pairs_sort(bin->query.pairs, bin->query.count);
	for (unsigned i = 0; i < bin->query.count; i++) {
		const struct httpbin_pair *pair = &bin->query.pairs[i];
		size_t before = bin->fields.size;

		if (i + 1 < bin->query.count &&
		    span_equal(pair->name, pair[1].name))
			continue;
		if (httpbin_is_no_trailer(pair->name))
			return httpbin_refuse(bin, 400, "forbidden trailer");
		/* as a field of the head it is checked, and taken back */
		if (!httpbin_field(bin, pair->name, pair->value))
			return httpbin_refuse(bin, 400, "invalid trailer");
		text_add(&bin->trailers,
		    (struct span){ bin->fields.data + before,
			bin->fields.size - before });
		bin->fields.size = before;
		(void)httpbin_field(bin, SPAN("Trailer"), pair->name);
	}
	if (bin->trailers.size > FLOW_TRAILERS_MAX ||
	    bin->fields.size > MESSAGE_FIELDS_MAX)
		return httpbin_refuse(bin, 400, "too many trailers");
	return httpbin_say(bin, WORD_FRAMING, "chunked") &&
	       httpbin_reply_whole(bin);
}

bool
httpbin_is_dangerous(struct span type)
{
	static const char *const safe[] = { "text/plain", "application/json",
		"application/octet-stream", "application/octet-string" };
	struct span name = span_take(&type, SPAN(";"));

	name = http_trim(name);
	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (span_equal_nocase(name, span_of(safe[i])))
			return memchr(type.data, ',', type.size) != NULL;
	return true;
}

/* Fields that frame the answer, which nobody else may write. */
static bool
httpbin_is_framing(struct span name)
{
	static const char *const names[] = { "Connection", "Content-Length",
		"Date", "Keep-Alive", "Trailer", "Transfer-Encoding",
		"Upgrade" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal_nocase(name, span_of(names[i])))
			return true;
	return false;
}

bool
httpbin_response_headers(struct httpbin *bin)
{
	struct httpbin_query *query = &bin->query;
	struct text text = { 0 };
	unsigned types = 0;
	bool html = false;

	for (unsigned i = 0; i < query->count; i++) {
		const struct httpbin_pair *pair = &query->pairs[i];

		if (httpbin_is_framing(pair->name) ||
		    !httpbin_field(bin, pair->name, pair->value) ||
		    !span_equal_nocase(pair->name, SPAN("Content-Type")))
			continue; /* what can't be a field is but told of */
		types++;
		html = httpbin_is_dangerous(pair->value);
	}
	if (types > 1)
		return httpbin_refuse(bin, 400, "more than one type");
	if (bin->fields.size > MESSAGE_FIELDS_MAX)
		return httpbin_refuse(bin, 400, "too many fields");
	if (types == 0)
		httpbin_query_put(query, SPAN("Content-Type"),
		    SPAN(HTTPBIN_JSON));
	httpbin_json_lists(&text, query, html);
	text_put(&text, "\n");
	return httpbin_use(bin, HTTPBIN_JSON, &text);
}

/* ---- conditions ---- */

/* Makes the message a status without content. */
static bool
httpbin_be(struct httpbin *bin, unsigned status)
{
	message_set_text(&bin->answer->message, "");
	bin->answer->message.status = (uint16_t)status;
	return true;
}

bool
httpbin_check(struct httpbin *bin, const struct http_validators *validators)
{
	switch (http_conditions_check(bin->request->http, validators,
	    bin->request->moment->wall)) {
	case HTTP_CONDITION_HOLDS:
		return false;
	case HTTP_CONDITION_NOT_MODIFIED:
		return httpbin_be(bin, 304);
	case HTTP_CONDITION_FAILED:
		return httpbin_be(bin, 412);
	}
	return false;
}

bool
httpbin_cache(struct httpbin *bin)
{
	const struct http_request *http = bin->request->http;
	const struct httpbin_bounds bounds = { "seconds", INT64_MIN,
		INT64_MAX };
	int64_t seconds = 0;

	if (bin->segment_count > 0) {
		if (!httpbin_read_count(bin, bin->segments[0], &bounds,
			&seconds))
			return false;
		text_printf(&bin->fields,
		    "Cache-Control: public, max-age=%" PRId64 "\r\n", seconds);
		return httpbin_reply(bin);
	}
	if (http->present & (HTTP_FIELD_BIT(HTTP_FIELD_IF_MODIFIED_SINCE) |
				HTTP_FIELD_BIT(HTTP_FIELD_IF_NONE_MATCH)))
		return httpbin_be(bin, 304);
	text_printf(&bin->fields, "Last-Modified: %s\r\nETag: \"%llx\"\r\n",
	    bin->request->moment->date,
	    (unsigned long long)bin->request->moment->wall);
	return httpbin_reply(bin);
}

bool
httpbin_etag(struct httpbin *bin)
{
	struct http_validators validators = { .modified = HTTP_DATE_NONE };
	struct span segment = bin->segments[0];
	const char *end = segment.data + segment.size;
	struct text etag = { 0 };
	bool made;

	if (http_skip_chars(segment.data, end, HTTP_CHAR_ETAG) != end)
		return httpbin_refuse(bin, 400, "invalid etag");
	text_put(&etag, "\"");
	text_add(&etag, segment);
	text_put(&etag, "\"");
	validators.etag = text_span(&etag);
	(void)httpbin_field(bin, SPAN("ETag"), validators.etag);
	made = (!etag.failed && httpbin_check(bin, &validators)) ||
	       httpbin_reply(bin);
	text_fini(&etag);
	return made;
}
