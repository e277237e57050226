/* Answers httpbin's paths whose content is bytes: /bytes, /stream-bytes, /range,
 * /base64; the thread that owns the app. */
#include "config.h"

#include "app/httpbin.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/httpbin_json.h"
#include "base/units.h"
#include "http/conditions.h"
#include "http/ranges.h"

#include <nettle/base64.h>

#define HTTPBIN_CHUNK INT64_C(10240)

/* Several ranges are one content in memory: of so many bytes at most, else they are
 * not selected. */
#define HTTPBIN_PARTS_MAX (UINT64_C(1) << 20)

#define HTTPBIN_BOUNDARY "mtasync-range"

/* Reads the size in the path. */
static bool
httpbin_read_size(struct httpbin *bin, int64_t least, int64_t *size)
{
	const struct httpbin_bounds bounds = { "count", least,
		bin->request->app->limits.max_size };

	return httpbin_read_count(bin, bin->segments[0], &bounds, size);
}

/* Has bytes come that can't be compressed: the same of the same seed. */
static bool
httpbin_noise(struct httpbin *bin)
{
	int64_t size = 0, seed = 0;
	bool given;

	if (!httpbin_read_size(bin, 0, &size) ||
	    !httpbin_read_seed(bin, &seed, &given))
		return false;
	if (!given)
		seed = (int64_t)(httpbin_random(bin, 0) %
				 ((uint64_t)ROLL_SEED_MAX + 1));
	message_set_text(&bin->answer->message, "");
	return httpbin_say(bin, WORD_SIZE, "%" PRId64, size) &&
	       httpbin_say(bin, WORD_FILL, "%" PRId64, seed);
}

bool
httpbin_bytes(struct httpbin *bin)
{
	return httpbin_noise(bin);
}

bool
httpbin_stream_bytes(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "chunk_size", INT64_MIN,
		INT64_MAX };
	int64_t chunk = HTTPBIN_CHUNK;

	if (!httpbin_read_count(bin, httpbin_parameter(bin, "chunk_size"),
		&bounds, &chunk) ||
	    !httpbin_noise(bin) || !httpbin_say(bin, WORD_FRAMING, "chunked"))
		return false;
	bin->step = chunk > 0 ? (uint64_t)chunk : 0;
	return true;
}

/* ---- /range ---- */

/* Writes letters, as they are from a place on. */
static void
httpbin_write_letters(struct text *text, const struct http_range *range)
{
	for (uint64_t i = range->first; i < range->first + range->size; i++) {
		char letter = (char)('a' + i % 26);

		text_add(text, (struct span){ &letter, 1 });
	}
}

/* Makes several ranges the content (RFC 9110 14.6). */
static bool
httpbin_use_parts(struct httpbin *bin, const struct http_ranges *ranges,
    int64_t size)
{
	struct text text = { 0 };

	for (unsigned i = 0; i < ranges->count; i++) {
		const struct http_range *range = &ranges->list[i];

		text_printf(&text,
		    "%s--" HTTPBIN_BOUNDARY "\r\nContent-Range: bytes %" PRIu64
		    "-%" PRIu64 "/%" PRId64 "\r\nContent-Type: " HTTPBIN_TEXT
		    "\r\n\r\n",
		    i > 0 ? "\r\n" : "", range->first,
		    range->first + range->size - 1, size);
		httpbin_write_letters(&text, range);
	}
	text_put(&text, "\r\n--" HTTPBIN_BOUNDARY "--\r\n");
	if (!httpbin_use(bin,
		"multipart/byteranges; boundary=" HTTPBIN_BOUNDARY, &text))
		return false;
	bin->answer->message.status = 206;
	return true;
}

/* Makes one range, or all, of the letters the content; a pace that is for all is
 * shorter for a part. */
static bool
httpbin_use_letters(struct httpbin *bin, const struct http_range *range,
    int64_t size, int64_t duration)
{
	char text[UNITS_TEXT_MAX];

	message_set_text(&bin->answer->message, "");
	if (range->size < (uint64_t)size) {
		bin->answer->message.status = 206;
		text_printf(&bin->fields,
		    "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRId64
		    "\r\n",
		    range->first, range->first + range->size - 1, size);
	}
	bin->first = range->first % 26;
	if (!httpbin_say(bin, WORD_SIZE, "%" PRIu64, range->size))
		return false;
	if (duration == 0)
		return true;
	units_format_duration(text,
	    (int64_t)((__int128)duration * (int64_t)range->size / size));
	return httpbin_say(bin, WORD_OVER, "%s", text);
}

/* Selects what the request's Range asks for, of a GET alone (RFC 9110 14.2).
 * `noinline`: the ranges would be on the stack of its caller. */
static __attribute__((noinline)) bool
httpbin_select(struct httpbin *bin, const struct http_validators *validators,
    int64_t size, int64_t duration)
{
	const struct http_request *http = bin->request->http;
	const struct http_range whole = { 0, (uint64_t)size };
	struct http_ranges ranges = { .count = 0 };
	enum http_ranges_result result = HTTP_RANGES_IGNORED;
	uint64_t sum = 0;

	if (http->method == HTTP_GET &&
	    (http->present & HTTP_FIELD_BIT(HTTP_FIELD_RANGE)) != 0 &&
	    http_if_range_holds(http, validators, bin->request->moment->wall))
		result = http_ranges_parse(http_request_field(http,
					       HTTP_FIELD_RANGE),
		    (uint64_t)size, &ranges);
	if (result == HTTP_RANGES_UNSATISFIABLE) {
		(void)httpbin_refuse(bin, 416, "no such range");
		text_printf(&bin->fields,
		    "Content-Range: bytes */%" PRId64 "\r\n", size);
		return false;
	}
	for (unsigned i = 0; i < ranges.count; i++)
		sum += ranges.list[i].size;
	if (result == HTTP_RANGES_IGNORED ||
	    (ranges.count > 1 && sum > HTTPBIN_PARTS_MAX))
		return httpbin_use_letters(bin, &whole, size, duration);
	if (ranges.count == 1)
		return httpbin_use_letters(bin, &ranges.list[0], size,
		    duration);
	return httpbin_use_parts(bin, &ranges, size);
}

bool
httpbin_range(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "duration", 0,
		bin->request->app->limits.when.most };
	struct http_validators validators = { .modified = HTTP_DATE_NONE };
	int64_t size = 0, duration = 0;
	char etag[40];

	if (!httpbin_read_size(bin, 1, &size) ||
	    !httpbin_read_span(bin, httpbin_parameter(bin, "duration"), &bounds,
		&duration))
		return false;
	/* the quotes that a tag has to have are missing in the field, as its
	 * users know it */
	snprintf(etag, sizeof(etag), "\"range%" PRId64 "\"", size);
	validators.etag = span_of(etag);
	text_printf(&bin->fields,
	    "ETag: range%" PRId64 "\r\nAccept-Ranges: bytes\r\n", size);
	return httpbin_check(bin, &validators) ||
	       httpbin_select(bin, &validators, size, duration);
}

/* ---- /base64 ---- */

/* Writes base64 with the letters that a URL may have. Returns its size. */
static size_t
httpbin_encode_base64(struct span data, char *room)
{
	struct base64_encode_ctx encoding;
	size_t size;

	base64url_encode_init(&encoding);
	size = base64_encode_update(&encoding, room, data.size,
	    (const uint8_t *)data.data);
	return size + base64_encode_final(&encoding, room + size);
}

/* Reads base64 with the letters that `init` is for. */
static bool
httpbin_decode_base64(struct span data,
    void (*init)(struct base64_decode_ctx *decoding), char *room, size_t *size)
{
	struct base64_decode_ctx decoding;

	init(&decoding);
	return base64_decode_update(&decoding, size, (uint8_t *)room, data.size,
		   data.data) == 1 &&
	       base64_decode_final(&decoding) == 1;
}

/* Makes the message the result, of the type that the client wants. */
static bool
httpbin_use_result(struct httpbin *bin, struct span result)
{
	struct span type = httpbin_parameter(bin, "content-type");
	struct text text = { 0 };

	if (type.size > 0 && !httpbin_field(bin, SPAN("Content-Type"), type))
		return httpbin_refuse(bin, 400, "invalid content-type");
	if (type.size > 0 && httpbin_is_dangerous(type))
		httpbin_html_escape(&text, result);
	else
		text_add(&text, result);
	return httpbin_use(bin, HTTPBIN_TEXT, &text);
}

bool
httpbin_base64(struct httpbin *bin)
{
	bool named = bin->segment_count == 2;
	struct span data = bin->segments[named];
	char room[BASE64_ENCODE_RAW_LENGTH(HTTP_TARGET_MAX)];
	struct span result = { room, 0 };

	if (named && span_equal(bin->segments[0], SPAN("encode"))) {
		result.size = httpbin_encode_base64(data, room);
	} else if (named && !span_equal(bin->segments[0], SPAN("decode"))) {
		return httpbin_refuse(bin, 400, "invalid operation: %.*s",
		    (int)bin->segments[0].size, bin->segments[0].data);
	} else if (!httpbin_decode_base64(data, base64url_decode_init, room,
		       &result.size) &&
		   !httpbin_decode_base64(data, base64_decode_init, room,
		       &result.size)) {
		return httpbin_refuse(bin, 400, "base64 decode failed");
	}
	return httpbin_use_result(bin, result);
}
