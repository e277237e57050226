/*
 * fuzz_json: lines of the access log as JSON. Whatever a client sends, and whatever
 * bytes were in a record if the parser let them by, the line is one object of plain
 * ASCII by the grammar of RFC 8259, has its members in their order, and each of its
 * strings says what was sent, but for what is cut.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "http/json_line.h"
#include "http/parser.h"
#include "reader.h"

#define WALL 784111777123456789

/* Whether the text begins with this character. */
static bool
begins_with(struct span text, uint32_t c)
{
	char encoded[4];
	size_t size = reader_encode(c, encoded);

	return size <= text.size && memcmp(text.data, encoded, size) == 0;
}

/* Whether the text begins with any character beyond ASCII: what its bits come to is
 * encoded by its bytes. */
static bool
begins_with_any(struct span text)
{
	for (size_t more = 1; more <= 3 && more < text.size; more++) {
		uint32_t c = (unsigned char)text.data[0] & (0x3f >> more);

		for (size_t i = 1; i <= more; i++)
			c = c << 6 | (text.data[i] & 0x3f);
		if (c >= 0x80 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) &&
		    begins_with(text, c))
			return true;
	}
	return false;
}

/* Takes a character off what was sent: itself, or U+FFFD for a byte of no other. */
static void
follow(struct span *sent, uint32_t c)
{
	char encoded[4];
	size_t size = reader_encode(c, encoded);

	if (!begins_with(*sent, c)) {
		FUZZ_CHECK(c == 0xfffd && sent->size > 0);
		FUZZ_CHECK((unsigned char)sent->data[0] >= 0x80);
		FUZZ_CHECK(!begins_with_any(*sent));
		size = 1;
	}
	sent->data += size;
	sent->size -= size;
}

/* Takes a member that is there if and only if the record has kept the field. */
static void
check_string(struct reader *r, const char *name, struct span kept)
{
	const char *first;
	bool there = reader_take_text(r, name);

	FUZZ_CHECK(there == (kept.data != NULL));
	if (!there)
		return;
	first = r->next;
	while (!reader_take_text(r, "\""))
		follow(&kept, reader_take_character(r));
	FUZZ_CHECK(r->next - 1 - first <= RECORD_FIELD_MAX);
	/* what is cut would not have had room */
	FUZZ_CHECK(
	    kept.size == 0 || r->next - 1 - first + 12 > RECORD_FIELD_MAX);
}

/* Takes a member as printf(3) has it, if it is to be there; it can't be there else,
 * since what follows has another name. */
static void __attribute__((format(printf, 3, 4)))
check_text(struct reader *r, bool there, const char *format, ...)
{
	char text[128];
	va_list arguments;

	if (!there)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	FUZZ_CHECK(reader_take_text(r, text));
}

static void
check_outcome(struct reader *r, const struct outcome *o)
{
	int64_t us = o->lasted / 1000;

	check_text(r, true, ",\"status\":%u,\"bytes\":%" PRIu64, o->status,
	    o->bytes);
	check_text(r, true, ",\"seconds\":%" PRId64 ".%06" PRId64, us / 1000000,
	    us % 1000000);
	check_text(r, o->sleep >= 0, ",\"sleep_ms\":%" PRId64 ".%03" PRId64,
	    o->sleep / 1000000, o->sleep / 1000 % 1000);
	check_text(r, o->late >= 0, ",\"late_ms\":%" PRId64 ".%03" PRId64,
	    o->late / 1000000, o->late / 1000 % 1000);
	check_text(r, o->queued >= 0, ",\"queue_ms\":%" PRId64 ".%03" PRId64,
	    o->queued / 1000000, o->queued / 1000 % 1000);
	check_text(r, o->did.size > 0, ",\"did\":%.*s", (int)o->did.size,
	    o->did.data);
	check_text(r, o->left, ",\"left\":%" PRId64 ".%06" PRId64, us / 1000000,
	    us % 1000000);
	check_text(r, true, ",\"worker\":%u", o->worker);
	check_text(r, o->connection > 0, ",\"connection\":%" PRIu64,
	    o->connection);
	check_text(r, o->request > 0, ",\"request\":%u", o->request);
}

/* Draws an outcome: each of the numbers may be missing, or large. */
static void
draw_outcome(struct outcome *o, uint64_t seed)
{
	uint64_t numbers[9];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		numbers[i] = seed >> (seed >> 58);
	}
	*o = (struct outcome){ .peer = seed % 3 == 0 ? NULL : "2001:db8::1",
		.status = (unsigned)numbers[0],
		.bytes = numbers[1],
		.lasted = (int64_t)(numbers[2] >> 1),
		.sleep = (int64_t)(numbers[3]),
		.late = (int64_t)(numbers[4]),
		.queued = (int64_t)(numbers[8]),
		.left = numbers[5] % 2 == 0,
		.worker = (unsigned)numbers[5],
		.request = (unsigned)numbers[6],
		.connection = numbers[7],
		.did = seed % 5 == 0 ? SPAN("{\"status\":503}") : SPAN("") };
}

/* Takes a string whose characters are these octets; returns whether it is there. */
static bool
take_octets(struct reader *r, struct span octets)
{
	if (!reader_take_text(r, "\""))
		return false;
	for (size_t i = 0; i < octets.size; i++)
		if (*r->next == '"' ||
		    reader_take_character(r) != (unsigned char)octets.data[i])
			return false;
	return reader_take_text(r, "\"");
}

static bool
take_field(struct reader *r, bool first, const struct http_field *field)
{
	return (first || reader_take_text(r, ",")) &&
	       reader_take_text(r, "[") && take_octets(r, field->name) &&
	       reader_take_text(r, ",") && take_octets(r, field->value) &&
	       reader_take_text(r, "]");
}

/* Takes what is shown of the fields: each is there, in order, or counted. */
static void
check_shown(struct reader *r, const struct http_request *request)
{
	unsigned taken = 0, left_out;

	if (request == NULL || request->status != 0)
		return;
	FUZZ_CHECK(reader_take_text(r, ",\"fields\":["));
	for (unsigned i = 0; i < request->field_count; i++) {
		struct reader before = *r;

		if (take_field(r, taken == 0, &request->fields[i]))
			taken++;
		else
			*r = before;
	}
	FUZZ_CHECK(reader_take_text(r, "]"));
	left_out = request->field_count - taken;
	check_text(r, left_out > 0, ",\"fields_left_out\":%u", left_out);
}

/* Checks the line of a request, or of none. */
static void
check_line(const struct http_request *request, uint64_t seed)
{
	struct record *record = malloc(record_size(request));
	char *room = malloc(RECORD_LINE_MAX);
	struct span kept[RECORD_FIELDS], line;
	struct outcome outcome;
	struct reader r;
	char *shown = malloc(RECORD_FIELDS_TEXT_MAX), version[16];

	FUZZ_CHECK(record != NULL && room != NULL && shown != NULL);
	record_take(record, WALL, 0, request);
	record_find(record, kept);
	draw_outcome(&outcome, seed);
	outcome.shown = record_fields_write(request, "*", shown);
	*record_put_version(record, version) = '\0';
	line = json_line_write(record, &outcome, room);
	FUZZ_CHECK(line.size <= RECORD_LINE_MAX);
	r = (struct reader){ line.data, line.data + line.size };
	check_text(&r, true, "{\"time\":\"1994-11-06T08:49:37.123456Z\"");
	check_text(&r, outcome.peer != NULL, ",\"peer\":\"%s\"", outcome.peer);
	check_string(&r, ",\"method\":\"", kept[RECORD_METHOD]);
	check_string(&r, ",\"target\":\"", kept[RECORD_TARGET]);
	check_text(&r, version[0] != '\0', ",\"version\":\"%s\"", version);
	check_outcome(&r, &outcome);
	check_string(&r, ",\"referer\":\"", kept[RECORD_REFERER]);
	check_string(&r, ",\"user_agent\":\"", kept[RECORD_AGENT]);
	check_shown(&r, request);
	FUZZ_CHECK(reader_take_text(&r, "}\n") && r.next == r.end);
	free(shown);
	free(record);
	free(room);
}

/* As if the parser had let all bytes by. */
static void
check_raw(struct span input, uint64_t seed)
{
	static struct http_request raw;

	raw = (struct http_request){ .method_name = input,
		.target = input,
		.present = HTTP_FIELD_BIT(HTTP_FIELD_REFERER) |
			   HTTP_FIELD_BIT(HTTP_FIELD_USER_AGENT),
		.field_count = 2 };
	raw.fields[0] = (struct http_field){ HTTP_FIELD_REFERER,
		SPAN("Referer"), input };
	raw.fields[1] = (struct http_field){ HTTP_FIELD_USER_AGENT,
		SPAN("User-Agent"), input };
	check_line(&raw, seed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct span input = fuzz_copy(data, size);
	uint64_t seed = size;

	for (size_t i = 0; i < size; i++)
		seed = seed * 31 + data[i];
	request.host_size = 0;
	if (http_request_parse(&request, input, 0) == HTTP_MORE)
		check_line(NULL, seed);
	else
		check_line(&request, seed);
	check_raw(input, seed);
	fuzz_free(input);
	return 0;
}
