/* Lines of the access log; any thread. */
#include "config.h"

#include "http/combined.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static char *
combined_escape(char *out, struct span value)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < value.size; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (record_is_plain(value.data[i])) {
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
combined_write_request(char *out, const struct span fields[RECORD_FIELDS],
    const struct record *record)
{
	if (fields[RECORD_TARGET].data == NULL)
		return combined_quote(out, fields[RECORD_TARGET]);
	*out++ = ' ';
	*out++ = '"';
	out = combined_escape(out, fields[RECORD_METHOD]);
	*out++ = ' ';
	out = combined_escape(out, fields[RECORD_TARGET]);
	if (record->major != '\0')
		*out++ = ' ';
	out = record_put_version(record, out);
	*out++ = '"';
	return out;
}

struct span
combined_write(const struct record *record, const struct outcome *outcome,
    char line[RECORD_LINE_MAX])
{
	struct span fields[RECORD_FIELDS];
	char *out;

	record_find(record, fields);
	out = combined_write_start(line, outcome->peer,
	    (time_t)(record->wall / CLOCK_S));
	out = combined_write_request(out, fields, record);
	out += snprintf(out, 32, " %u %llu", outcome->status,
	    (unsigned long long)outcome->bytes);
	out = combined_quote(out, fields[RECORD_REFERER]);
	out = combined_quote(out, fields[RECORD_AGENT]);
	*out++ = '\n';
	return (struct span){ line, (size_t)(out - line) };
}
