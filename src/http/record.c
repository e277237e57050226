/* Takes requests down for the access log; any thread, each with its own
 * records. */
#include "config.h"

#include "http/record.h"

_Static_assert(RECORD_FIELDS_TEXT_MAX <= UINT16_MAX, "its size fits `shown`");
_Static_assert(sizeof(struct record) == offsetof(struct record, text),
    "a record ends where its text does");

/* Bytes of `HTTP/1.1`, the only form that a version has. */
#define RECORD_VERSION_SIZE 8

/* Returns `end`; or, where that lies within a character of UTF-8 (if it is valid),
 * where that character begins. */
static size_t
record_back_up(struct span value, size_t end)
{
	size_t begin = end;

	while (
	    begin > 0 && end - begin < 3 && (value.data[begin] & 0xc0) == 0x80)
		begin--;
	return (value.data[begin] & 0xc0) == 0xc0 ? begin : end;
}

/* As much of the value as fills RECORD_FIELD_MAX where each byte that is not
 * plain takes four, so that a record is bounded as a line is. */
static struct span
record_cut(struct span value)
{
	size_t escaped = 0;

	if (4 * value.size <= RECORD_FIELD_MAX)
		return value;
	for (size_t i = 0; i < value.size; i++) {
		escaped += record_is_plain(value.data[i]) ? 1 : 4;
		if (escaped > RECORD_FIELD_MAX)
			return (struct span){ value.data,
				record_back_up(value, i) };
	}
	return value;
}

/* What the record says of the request: as much of it as could be read. */
static void
record_choose(struct span fields[RECORD_FIELDS],
    const struct http_request *request)
{
	for (int i = 0; i < RECORD_FIELDS; i++)
		fields[i] = (struct span){ NULL, 0 };
	if (request == NULL)
		return;
	if (request->target.data != NULL) {
		fields[RECORD_METHOD] = record_cut(request->method_name);
		fields[RECORD_TARGET] = record_cut(request->target);
	}
	if (request->status != 0)
		return;
	fields[RECORD_REFERER] = record_cut(
	    http_request_field(request, HTTP_FIELD_REFERER));
	fields[RECORD_AGENT] = record_cut(
	    http_request_field(request, HTTP_FIELD_USER_AGENT));
}

size_t
record_size(const struct http_request *request)
{
	struct span fields[RECORD_FIELDS];
	size_t size = sizeof(struct record);

	record_choose(fields, request);
	for (int i = 0; i < RECORD_FIELDS; i++)
		size += fields[i].size;
	return size;
}

void
record_take(struct record *record, int64_t wall, int64_t begun,
    const struct http_request *request)
{
	struct span fields[RECORD_FIELDS];
	char *text = record->text;

	record_choose(fields, request);
	*record = (struct record){ .wall = wall,
		.begun = begun,
		.late = RECORD_NOT_AWAKE };
	if (request != NULL && request->version.size == RECORD_VERSION_SIZE) {
		record->major = request->version.data[RECORD_VERSION_SIZE - 3];
		record->minor = request->version.data[RECORD_VERSION_SIZE - 1];
	}
	for (int i = 0; i < RECORD_FIELDS; i++) {
		record->sizes[i] = RECORD_NONE;
		if (fields[i].data == NULL)
			continue;
		record->sizes[i] = (uint16_t)fields[i].size;
		memcpy(text, fields[i].data, fields[i].size);
		text += fields[i].size;
	}
}

/* Returns how many bytes of the record's text its fields have. */
static size_t
record_fields_size(const struct record *record)
{
	size_t size = 0;

	for (int i = 0; i < RECORD_FIELDS; i++)
		if (record->sizes[i] != RECORD_NONE)
			size += record->sizes[i];
	return size;
}

void
record_take_shown(struct record *record, struct span shown)
{
	record->shown = (uint16_t)shown.size;
	memcpy(record->text + record_fields_size(record), shown.data,
	    shown.size);
}

struct span
record_shown(const struct record *record)
{
	return (struct span){ record->text + record_fields_size(record),
		record->shown };
}

char *
record_put_version(const struct record *record, char *out)
{
	if (record->major == '\0')
		return out;
	out = stpcpy(out, "HTTP/");
	*out++ = record->major;
	*out++ = '.';
	*out++ = record->minor;
	return out;
}

void
record_note_late(struct record *record, int64_t late)
{
	int64_t us = late / 1000;

	record->late = us < RECORD_NOT_AWAKE ? (uint32_t)us
					     : RECORD_NOT_AWAKE - 1;
}

void
record_find(const struct record *record, struct span fields[RECORD_FIELDS])
{
	const char *text = record->text;

	for (int i = 0; i < RECORD_FIELDS; i++) {
		bool none = record->sizes[i] == RECORD_NONE;

		fields[i] = (struct span){ none ? NULL : text,
			none ? 0 : record->sizes[i] };
		text += fields[i].size;
	}
}
