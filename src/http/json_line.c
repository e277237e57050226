/* Lines of the access log as JSON; any thread. */
#include "config.h"

#include "http/json_line.h"

#include <string.h>

#include "base/clock.h"
#include "http/json.h"

/* U+FFFD REPLACEMENT CHARACTER. */
#define JSON_LINE_REPLACEMENT 0xfffd

/* Bytes of outcome.peer that are shown: no address is longer. */
#define JSON_LINE_PEER_MAX 46

/* Writes the first character of the text, not empty, which moves on behind it. */
static char *
json_line_take(char *out, struct span *text)
{
	uint32_t character;
	size_t size = json_decode(*text, &character);

	if (size == 0) {
		size = 1;
		character = JSON_LINE_REPLACEMENT;
	}
	span_skip(text, size);
	return json_put_character(out, character);
}

/* ---- members, each with the comma before it; all but `time`, the first ---- */

/* `,"name":`. */
static char *
json_line_name(char *out, const char *name)
{
	return stpcpy(stpcpy(stpcpy(out, ",\""), name), "\":");
}

/* A string; nothing where there is none. */
static char *
json_line_string(char *out, const char *name, struct span value)
{
	const char *end;

	if (value.data == NULL)
		return out;
	out = json_line_name(out, name);
	*out++ = '"';
	end = out + RECORD_FIELD_MAX;
	while (value.size > 0) {
		char escaped[JSON_CHARACTER_MAX];
		ptrdiff_t size = json_line_take(escaped, &value) - escaped;

		if (size > end - out)
			break;
		memcpy(out, escaped, (size_t)size);
		out += size;
	}
	*out++ = '"';
	return out;
}

static char *
json_line_number(char *out, const char *name, uint64_t number)
{
	return json_put_digits(json_line_name(out, name), number, 1);
}

/* A number that counts from 1; nothing where it is unknown. */
static char *
json_line_ordinal(char *out, const char *name, uint64_t number)
{
	return number > 0 ? json_line_number(out, name, number) : out;
}

/* A time as a decimal number in `unit`, both in ns, down to whole us; nothing for
 * RECORD_NO_TIME. */
static char *
json_line_time(char *out, const char *name, int64_t time, int64_t unit)
{
	if (time < 0)
		return out;
	out = json_line_number(out, name, (uint64_t)(time / unit));
	*out++ = '.';
	return json_put_digits(out, (uint64_t)(time % unit / CLOCK_US),
	    unit == CLOCK_S ? 6 : 3); /* else it is CLOCK_MS */
}

/* What was asked. */
static char *
json_line_question(char *out, const struct record *record,
    const struct span fields[RECORD_FIELDS])
{
	out = json_line_string(out, "method", fields[RECORD_METHOD]);
	out = json_line_string(out, "target", fields[RECORD_TARGET]);
	if (record->major == '\0')
		return out;
	out = json_line_name(out, "version");
	*out++ = '"';
	out = record_put_version(record, out);
	*out++ = '"';
	return out;
}

/* What became of it. */
static char *
json_line_answer(char *out, const struct outcome *outcome)
{
	out = json_line_number(out, "status", outcome->status);
	out = json_line_number(out, "bytes", outcome->bytes);
	out = json_line_time(out, "seconds", outcome->lasted, CLOCK_S);
	out = json_line_time(out, "sleep_ms", outcome->sleep, CLOCK_MS);
	out = json_line_time(out, "late_ms", outcome->late, CLOCK_MS);
	out = json_line_time(out, "queue_ms", outcome->queued, CLOCK_MS);
	if (outcome->did.size > 0 && outcome->did.size <= RECORD_DID_MAX) {
		out = json_line_name(out, "did");
		memcpy(out, outcome->did.data, outcome->did.size);
		out += outcome->did.size;
	}
	if (outcome->left)
		out = json_line_time(out, "left", outcome->lasted, CLOCK_S);
	out = json_line_number(out, "worker", outcome->worker);
	out = json_line_ordinal(out, "connection", outcome->connection);
	return json_line_ordinal(out, "request", outcome->request);
}

struct span
json_line_write(const struct record *record, const struct outcome *outcome,
    char line[RECORD_LINE_MAX])
{
	struct span fields[RECORD_FIELDS], peer = { outcome->peer, 0 };
	char *out;

	if (peer.data != NULL)
		peer.size = strnlen(peer.data, JSON_LINE_PEER_MAX);
	record_find(record, fields);
	out = json_put_time(stpcpy(line, "{\"time\":\""), record->wall);
	*out++ = '"';
	out = json_line_string(out, "peer", peer);
	out = json_line_question(out, record, fields);
	out = json_line_answer(out, outcome);
	out = json_line_string(out, "referer", fields[RECORD_REFERER]);
	out = json_line_string(out, "user_agent", fields[RECORD_AGENT]);
	if (outcome->tls.size > 0) {
		out = json_line_name(out, "tls");
		out = mempcpy(out, outcome->tls.data, outcome->tls.size);
	}
	if (outcome->shown.size > 0)
		out = mempcpy(out, outcome->shown.data, outcome->shown.size);
	out = stpcpy(out, "}\n");
	return (struct span){ line, (size_t)(out - line) };
}
