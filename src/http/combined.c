/* Lines of the access log; any thread, each with its own records. */
#include "config.h"

#include "http/combined.h"

#include <stdio.h>
#include <stdlib.h>

/* Room for ` 200 18446744073709551615` between the two parts of a line. */
#define COMBINED_RESULT_MAX 32

struct combined {
	size_t head; /* bytes up to the request line's closing quote */
	size_t tail; /* bytes from the referer's opening quote to the newline */
	char text[]; /* the head, room for the result, the tail */
};

/* Most that combined_escape() writes for a span, its quotes and a space. */
static size_t
combined_room(struct span value)
{
	return 4 * value.size + 3;
}

static char *
combined_escape(char *out, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < value.size; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
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

/* `[21/Nov/2026:22:05:00 +0000]`, always in UTC. */
static char *
combined_write_time(char *out, size_t room, time_t when)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	gmtime_r(&when, &tm);
	return out + snprintf(out, room, "[%02d/%s/%04d:%02d:%02d:%02d +0000]",
			 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ` "GET / HTTP/1.1"`; as much of it as could be read. */
static char *
combined_write_request(char *out, const struct http_request *request)
{
	if (request == NULL || request->target.data == NULL)
		return combined_quote(out, (struct span){ NULL, 0 });
	*out++ = ' ';
	*out++ = '"';
	out = combined_escape(out, request->method_name);
	*out++ = ' ';
	out = combined_escape(out, request->target);
	if (request->version.data != NULL) {
		*out++ = ' ';
		out = combined_escape(out, request->version);
	}
	*out++ = '"';
	return out;
}

struct combined *
combined_take(const char *peer, time_t when, const struct http_request *request)
{
	const char *client = peer != NULL ? peer : "-";
	struct span none = { NULL, 0 }, referer = none, agent = none;
	size_t room = strlen(client) + COMBINED_RESULT_MAX + 128;
	struct combined *record;
	char *out;

	if (request != NULL && request->status == 0) {
		referer = http_request_field(request, HTTP_FIELD_REFERER);
		agent = http_request_field(request, HTTP_FIELD_USER_AGENT);
	}
	if (request != NULL)
		room += combined_room(request->method_name) +
			combined_room(request->target);
	room += combined_room(referer) + combined_room(agent);
	record = malloc(sizeof *record + room);
	if (record == NULL)
		return NULL;

	out = record->text;
	out += snprintf(out, room, "%s - - ", client);
	out = combined_write_time(out, 64, when);
	out = combined_write_request(out, request);
	record->head = (size_t)(out - record->text);
	out = combined_quote(out + COMBINED_RESULT_MAX, referer);
	out = combined_quote(out, agent);
	*out++ = '\n';
	record->tail = (size_t)(out - record->text) - record->head -
		       COMBINED_RESULT_MAX;
	return record;
}

struct span
combined_line(struct combined *record, unsigned status, uint64_t bytes)
{
	char *end = record->text + record->head;

	end += snprintf(end, COMBINED_RESULT_MAX, " %u %llu", status,
	    (unsigned long long)bytes);
	memmove(end, record->text + record->head + COMBINED_RESULT_MAX,
	    record->tail);
	return (struct span){ record->text,
		(size_t)(end - record->text) + record->tail };
}
