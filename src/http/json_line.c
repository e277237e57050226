/* Lines of the access log as JSON; any thread. */
#include "config.h"

#include "http/json_line.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

/* Digits of UINT64_MAX. */
#define JSON_LINE_DIGITS_MAX 20

/* U+FFFD REPLACEMENT CHARACTER. */
#define JSON_LINE_REPLACEMENT 0xfffd

/* Bytes of the longest escape: two times \uXXXX. */
#define JSON_LINE_ESCAPE_MAX 12

/* Bytes of outcome.peer that are shown: no address is longer. */
#define JSON_LINE_PEER_MAX 46

/* ---- characters ---- */

/* Returns the size of the character that the text, not empty, begins with in valid
 * UTF-8 (RFC 3629 3); or 0 where it begins with none. */
static size_t
json_line_decode(struct span text, uint32_t *character)
{
	static const struct {
		unsigned char mask, lead; /* of the first byte */
		uint32_t least;           /* a smaller one is overlong */
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	unsigned char first = (unsigned char)text.data[0];
	size_t i = 0;
	uint32_t c;

	while (i < 4 && (first & forms[i].mask) != forms[i].lead)
		i++;
	if (i == 4 || text.size <= i)
		return 0;
	c = first & (unsigned char)~forms[i].mask;
	for (size_t k = 1; k <= i; k++) {
		if ((text.data[k] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text.data[k] & 0x3f);
	}
	if (c < forms[i].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return i + 1;
}

/* `\uXXXX`. */
static char *
json_line_unit(char *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	*out++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*out++ = digits[unit >> shift & 15];
	return out;
}

/* Writes a character that is not plain. */
static char *
json_line_escape(char *out, uint32_t c)
{
	if (c == '"' || c == '\\') {
		*out++ = '\\';
		*out++ = (char)c;
		return out;
	}
	if (c < 0x10000)
		return json_line_unit(out, c);
	c -= 0x10000; /* as two surrogates (RFC 8259 7) */
	return json_line_unit(json_line_unit(out, 0xd800 | c >> 10),
	    0xdc00 | (c & 0x3ff));
}

/* Writes the first character of the text, not empty, which moves on behind it. */
static char *
json_line_take(char *out, struct span *text)
{
	uint32_t character;
	size_t size = json_line_decode(*text, &character);

	if (size == 0) {
		size = 1;
		character = JSON_LINE_REPLACEMENT;
	}
	text->data += size;
	text->size -= size;
	if (character < 0x80 && record_is_plain((char)character)) {
		*out++ = (char)character;
		return out;
	}
	return json_line_escape(out, character);
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
		char escaped[JSON_LINE_ESCAPE_MAX];
		ptrdiff_t size = json_line_take(escaped, &value) - escaped;

		if (size > end - out)
			break;
		memcpy(out, escaped, (size_t)size);
		out += size;
	}
	*out++ = '"';
	return out;
}

/* Decimal digits, at least so many, with zeros in front. */
static char *
json_line_digits(char *out, uint64_t number, int least)
{
	char text[JSON_LINE_DIGITS_MAX], *const end = text + sizeof(text);
	char *first = end;

	while (number > 0 || end - first < least) {
		*--first = (char)('0' + number % 10);
		number /= 10;
	}
	return mempcpy(out, first, (size_t)(end - first));
}

static char *
json_line_number(char *out, const char *name, uint64_t number)
{
	return json_line_digits(json_line_name(out, name), number, 1);
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
	return json_line_digits(out, (uint64_t)(time % unit / CLOCK_US),
	    unit == CLOCK_S ? 6 : 3); /* else it is CLOCK_MS */
}

/* `{"time":"2026-11-21T22:05:00.000000Z"`. */
static char *
json_line_start(char *out, int64_t wall)
{
	time_t when = (time_t)(wall / CLOCK_S);
	struct tm tm;

	gmtime_r(&when, &tm);
	const struct {
		int number, digits;
		char behind;
	} parts[] = { { tm.tm_year + 1900, 4, '-' }, { tm.tm_mon + 1, 2, '-' },
		{ tm.tm_mday, 2, 'T' }, { tm.tm_hour, 2, ':' },
		{ tm.tm_min, 2, ':' }, { tm.tm_sec, 2, '.' },
		{ (int)(wall % CLOCK_S / CLOCK_US), 6, 'Z' } };

	out = stpcpy(out, "{\"time\":\"");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		out = json_line_digits(out, (unsigned)parts[i].number,
		    parts[i].digits);
		*out++ = parts[i].behind;
	}
	*out++ = '"';
	return out;
}

/* What was asked. */
static char *
json_line_question(char *out, const struct record *record,
    const struct span fields[RECORD_FIELDS])
{
	out = json_line_string(out, "method", fields[RECORD_METHOD]);
	out = json_line_string(out, "target", fields[RECORD_TARGET]);
	if (record->version[0] == '\0')
		return out;
	out = json_line_name(out, "version");
	return stpcpy(stpcpy(stpcpy(out, "\"HTTP/"), record->version), "\"");
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
	out = json_line_start(line, record->wall);
	out = json_line_string(out, "peer", peer);
	out = json_line_question(out, record, fields);
	out = json_line_answer(out, outcome);
	out = json_line_string(out, "referer", fields[RECORD_REFERER]);
	out = json_line_string(out, "user_agent", fields[RECORD_AGENT]);
	out = stpcpy(out, "}\n");
	return (struct span){ line, (size_t)(out - line) };
}
