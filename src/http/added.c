/* Checks and gathers added fields. Any thread. */
#include "config.h"

#include "http/added.h"

#include "http/chars.h"
#include "http/fields.h"

/* Fields that say how a message is framed, or what its content is: what we
 * write of them has to be true, and alone. */
static const struct span added_refused[] = {
	SPAN("Accept-Ranges"),
	SPAN("Allow"),
	SPAN("Connection"),
	SPAN("Content-Encoding"),
	SPAN("Content-Length"),
	SPAN("Content-Range"),
	SPAN("Content-Type"),
	SPAN("Date"),
	SPAN("ETag"),
	SPAN("Keep-Alive"),
	SPAN("Last-Modified"),
	SPAN("Location"),
	SPAN("Retry-After"),
	SPAN("Trailer"),
	SPAN("Transfer-Encoding"),
	SPAN("Upgrade"),
	SPAN("Vary"),
	SPAN("X-Content-Type-Options"),
};

static bool
added_is_refused(struct span name)
{
	size_t count = sizeof added_refused / sizeof *added_refused;

	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(added_refused[i], name))
			return true;
	return false;
}

static void
added_append(struct http_added *added, struct span bytes)
{
	memcpy(added->lines + added->size, bytes.data, bytes.size);
	added->size += bytes.size;
}

const char *
http_added_put(struct http_added *added, struct span text)
{
	const char *end = text.data + text.size;
	const char *colon = http_skip_chars(text.data, end, HTTP_CHAR_TOKEN);
	struct span name = { text.data, (size_t)(colon - text.data) };
	struct span value;

	if (name.size == 0 || colon == end || *colon != ':')
		return "must be a field, as 'Name: value'";
	value.data = colon + 1;
	value.size = (size_t)(end - value.data);
	value = http_trim(value);
	if (http_skip_chars(value.data, value.data + value.size,
		HTTP_CHAR_VALUE) != value.data + value.size)
		return "its value may have no control characters";
	if (added_is_refused(name))
		return "mtasync writes this field itself";
	if (added->size + name.size + value.size + 4 > HTTP_ADDED_MAX)
		return "all of them together may have 4 KiB";
	added_append(added, name);
	added_append(added, SPAN(": "));
	added_append(added, value);
	added_append(added, SPAN("\r\n"));
	return NULL;
}
