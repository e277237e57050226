/* Lines of the access log; any thread, each with its own records. */
#include "config.h"

#include "http/combined.h"

#include <stdio.h>

/* Bytes of `HTTP/1.1`, the only form that a version has. */
#define COMBINED_VERSION_SIZE 8

/* The size of a field that the request does not have. */
#define COMBINED_NONE UINT16_MAX

enum combined_field {
	COMBINED_METHOD,
	COMBINED_TARGET, /* none: the request line could not be read */
	COMBINED_REFERER,
	COMBINED_AGENT,
	COMBINED_FIELDS,
};

/* Packed, since each request that sleeps has one. */
struct combined {
	uint32_t when_low; /* 48 bits of a time_t */
	uint16_t when_high;
	uint16_t sizes[COMBINED_FIELDS]; /* in bytes, or COMBINED_NONE */
	char version[2]; /* the digits of `HTTP/1.1`; NUL: it has none */
	char text[];     /* the fields as sent, in that order */
};

_Static_assert(sizeof(struct combined) == offsetof(struct combined, text),
    "a record ends where its text does");

static bool
combined_is_plain(char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

/* As much of the value as has at most COMBINED_FIELD_MAX bytes when escaped. */
static struct span
combined_cut(struct span value)
{
	size_t escaped = 0;

	if (4 * value.size <= COMBINED_FIELD_MAX)
		return value;
	for (size_t i = 0; i < value.size; i++) {
		escaped += combined_is_plain(value.data[i]) ? 1 : 4;
		if (escaped > COMBINED_FIELD_MAX)
			return (struct span){ value.data, i };
	}
	return value;
}

/* What the line says of the request: as much of it as could be read. */
static void
combined_find(struct span fields[COMBINED_FIELDS],
    const struct http_request *request)
{
	for (int i = 0; i < COMBINED_FIELDS; i++)
		fields[i] = (struct span){ NULL, 0 };
	if (request == NULL)
		return;
	if (request->target.data != NULL) {
		fields[COMBINED_METHOD] = combined_cut(request->method_name);
		fields[COMBINED_TARGET] = combined_cut(request->target);
	}
	if (request->status != 0)
		return;
	fields[COMBINED_REFERER] = combined_cut(
	    http_request_field(request, HTTP_FIELD_REFERER));
	fields[COMBINED_AGENT] = combined_cut(
	    http_request_field(request, HTTP_FIELD_USER_AGENT));
}

size_t
combined_size(const struct http_request *request)
{
	struct span fields[COMBINED_FIELDS];
	size_t size = offsetof(struct combined, text);

	combined_find(fields, request);
	for (int i = 0; i < COMBINED_FIELDS; i++)
		size += fields[i].size;
	return size;
}

void
combined_take(struct combined *record, time_t when,
    const struct http_request *request)
{
	struct span fields[COMBINED_FIELDS];
	char *text = record->text;

	combined_find(fields, request);
	*record = (struct combined){ .when_low = (uint32_t)when,
		.when_high = (uint16_t)((uint64_t)when >> 32) };
	if (request != NULL && request->version.size == COMBINED_VERSION_SIZE) {
		record->version[0] = request->version.data[5];
		record->version[1] = request->version.data[7];
	}
	for (int i = 0; i < COMBINED_FIELDS; i++) {
		record->sizes[i] = COMBINED_NONE;
		if (fields[i].data == NULL)
			continue;
		record->sizes[i] = (uint16_t)fields[i].size;
		memcpy(text, fields[i].data, fields[i].size);
		text += fields[i].size;
	}
}

/* ---- the line ---- */

static char *
combined_escape(char *out, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < value.size; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (combined_is_plain(value.data[i])) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	return out;
}

/* ` "value"`, or ` "-"` where there is none. */
static char *
combined_quote(char *out, struct span value)
{
	*out++ = ' ';
	*out++ = '"';
	out = combined_escape(out, value.data != NULL ? value : SPAN("-"));
	*out++ = '"';
	return out;
}

/* `192.0.2.1 - - [21/Nov/2026:22:05:00 +0000]`, always in UTC. */
static char *
combined_write_start(char *out, const char *peer, time_t when)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	gmtime_r(&when, &tm);
	return out + snprintf(out, 128,
			 "%.46s - - [%02d/%s/%04d:%02d:%02d:%02d +0000]",
			 peer != NULL ? peer : "-", tm.tm_mday,
			 months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
			 tm.tm_min, tm.tm_sec);
}

/* ` "GET / HTTP/1.1"`. */
static char *
combined_write_request(char *out, const struct span fields[COMBINED_FIELDS],
    const char version[2])
{
	if (fields[COMBINED_TARGET].data == NULL)
		return combined_quote(out, fields[COMBINED_TARGET]);
	*out++ = ' ';
	*out++ = '"';
	out = combined_escape(out, fields[COMBINED_METHOD]);
	*out++ = ' ';
	out = combined_escape(out, fields[COMBINED_TARGET]);
	if (version[0] != '\0')
		out += snprintf(out, 16, " HTTP/%c.%c", version[0], version[1]);
	*out++ = '"';
	return out;
}

struct span
combined_write(const struct combined *record, const char *peer, unsigned status,
    uint64_t bytes, char line[COMBINED_LINE_MAX])
{
	struct span fields[COMBINED_FIELDS];
	const char *text = record->text;
	char *out = line;

	for (int i = 0; i < COMBINED_FIELDS; i++) {
		bool none = record->sizes[i] == COMBINED_NONE;

		fields[i] = (struct span){ none ? NULL : text,
			none ? 0 : record->sizes[i] };
		text += fields[i].size;
	}
	out = combined_write_start(out, peer,
	    (time_t)((uint64_t)record->when_high << 32 | record->when_low));
	out = combined_write_request(out, fields, record->version);
	out += snprintf(out, 32, " %u %llu", status, (unsigned long long)bytes);
	out = combined_quote(out, fields[COMBINED_REFERER]);
	out = combined_quote(out, fields[COMBINED_AGENT]);
	*out++ = '\n';
	return (struct span){ line, (size_t)(out - line) };
}
