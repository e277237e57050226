/* response: composes the heads of answers. Holds no state; any thread. */
#include "config.h"

#include "http/response.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct response_reason {
	unsigned status;
	const char *text;
};

/* All of RFC 9110 15; and RFC 4918 11 (207, 422 to 424, 507), 8470 5.2 (425),
 * 6585 (428, 429, 431, 511), 7725 3 (451), 8297 2 (103), 2518 10.1 (102). */
static const struct response_reason reasons[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 102, "Processing" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
	{ 511, "Network Authentication Required" },
};

const char *
http_reason(unsigned status)
{
	const struct response_reason *end = reasons + sizeof(reasons) /
							  sizeof(reasons[0]);

	for (const struct response_reason *r = reasons; r < end; r++)
		if (r->status == status)
			return r->text;
	return "Unknown";
}

/*
 * Appends formatted text. vsnprintf(3) writes a NUL behind it, which the CRLF
 * that ends the line overwrites.
 */
static void __attribute__((format(printf, 2, 0)))
head_vprint(struct http_head *head, const char *format, va_list arguments)
{
	size_t left = head->room - head->size;
	int n = vsnprintf(head->data + head->size, left, format, arguments);

	if (n < 0 || (size_t)n >= left)
		head->overflow = true;
	else
		head->size += (size_t)n;
}

static void __attribute__((format(printf, 2, 3)))
head_print(struct http_head *head, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	head_vprint(head, format, arguments);
	va_end(arguments);
}

/* Ends the line that began at `start`, or takes it back if it did not fit. */
static void
head_end_line(struct http_head *head, size_t start)
{
	if (head->overflow || head->room - head->size < 2) {
		head->overflow = true;
		head->size = start;
		return;
	}
	memcpy(head->data + head->size, "\r\n", 2);
	head->size += 2;
}

void
http_head_begin(struct http_head *head, char *data, size_t room,
    unsigned status)
{
	*head = (struct http_head){ .data = data, .room = room };
	head_print(head, "HTTP/1.1 %u %s", status, http_reason(status));
	head_end_line(head, 0);
}

void
http_head_append(struct http_head *head, struct span bytes)
{
	if (head->overflow || head->room - head->size < bytes.size) {
		head->overflow = true;
		return;
	}
	if (bytes.size > 0) /* else there may be no data to copy from */
		memcpy(head->data + head->size, bytes.data, bytes.size);
	head->size += bytes.size;
}

void
http_head_field(struct http_head *head, const char *name, struct span value)
{
	size_t start = head->size;

	http_head_append(head, span_of(name));
	http_head_append(head, SPAN(": "));
	http_head_append(head, value);
	head_end_line(head, start);
}

void
http_head_number(struct http_head *head, const char *name, uint64_t n)
{
	http_head_printf(head, name, "%" PRIu64, n);
}

void
http_head_printf(struct http_head *head, const char *name, const char *format,
    ...)
{
	size_t start = head->size;
	va_list arguments;

	head_print(head, "%s: ", name);
	va_start(arguments, format);
	head_vprint(head, format, arguments);
	va_end(arguments);
	head_end_line(head, start);
}

/* Returns the line that `text` begins with, its CRLF included. */
static struct span
head_first_line(struct span text)
{
	const char *end = memmem(text.data, text.size, "\r\n", 2);

	return (struct span){ text.data,
		end != NULL ? (size_t)(end + 2 - text.data) : text.size };
}

/* Returns the name of a field line: what stands before its colon. */
static struct span
head_line_name(struct span line)
{
	const char *colon = memchr(line.data, ':', line.size);

	return (struct span){ line.data,
		colon != NULL ? (size_t)(colon - line.data) : 0 };
}

void
http_head_remove(struct http_head *head, struct span name)
{
	size_t at = 0;

	while (at < head->size) {
		struct span rest = { head->data + at, head->size - at };
		struct span line = head_first_line(rest);

		if (at == 0 || !span_equal_nocase(head_line_name(line), name)) {
			at += line.size;
			continue;
		}
		memmove(head->data + at, line.data + line.size,
		    rest.size - line.size);
		head->size -= line.size;
	}
}

void
http_head_replace(struct http_head *head, struct span lines)
{
	struct span rest = lines;

	while (rest.size > 0) {
		struct span line = head_first_line(rest);

		http_head_remove(head, head_line_name(line));
		rest.data += line.size;
		rest.size -= line.size;
	}
	http_head_append(head, lines);
}

void
http_head_end(struct http_head *head)
{
	head_end_line(head, head->size);
}
