/* Writes the fields of requests as JSON; any thread. */
#include "config.h"

#include "http/record_fields.h"

#include <string.h>
#include <strings.h>

#include "http/chars.h"
#include "http/json.h"

/* Bytes of all but the fields: what stands around them, and the number of those that
 * are left out. */
#define RECORD_FIELDS_AROUND 64

/* Takes the next name off a list; returns whether one follows it. */
static bool
record_fields_take(struct span *list, struct span *name)
{
	bool more;

	*name = span_take(list, SPAN(","));
	more = list->size > 0;
	span_skip(list, more);
	return more;
}

static bool
record_fields_are_all(const char *list)
{
	return strcmp(list, "*") == 0;
}

bool
record_fields_check(const char *list)
{
	struct span rest = span_of(list), name;
	bool more = true;

	if (record_fields_are_all(list))
		return true;
	while (more) {
		const char *end;

		more = record_fields_take(&rest, &name);
		end = name.data + name.size;
		if (name.size == 0 ||
		    http_skip_chars(name.data, end, HTTP_CHAR_TOKEN) != end)
			return false;
	}
	return true;
}

static bool
record_fields_has(const char *list, struct span wanted)
{
	struct span rest = span_of(list), name;
	bool more = true;

	if (record_fields_are_all(list))
		return true;
	while (more) {
		more = record_fields_take(&rest, &name);
		if (name.size == wanted.size &&
		    strncasecmp(name.data, wanted.data, name.size) == 0)
			return true;
	}
	return false;
}

/* Writes a string; returns its end, or NULL where it would go behind `end`. */
static char *
record_fields_put(char *out, const char *end, struct span octets)
{
	if (end - out < 2)
		return NULL;
	*out++ = '"';
	for (size_t i = 0; i < octets.size; i++) {
		if (end - out <= JSON_CHARACTER_MAX)
			return NULL;
		out = json_put_character(out, (unsigned char)octets.data[i]);
	}
	*out++ = '"';
	return out;
}

/* Writes a field with the comma before it, unless it is the first; returns its end, or
 * NULL where it has no room. */
static char *
record_fields_put_pair(char *out, const char *end, bool first,
    const struct http_field *field)
{
	if (end - out < 4)
		return NULL;
	if (!first)
		*out++ = ',';
	*out++ = '[';
	out = record_fields_put(out, end, field->name);
	if (out == NULL || out == end)
		return NULL;
	*out++ = ',';
	out = record_fields_put(out, end, field->value);
	if (out == NULL || out == end)
		return NULL;
	*out++ = ']';
	return out;
}

struct span
record_fields_write(const struct http_request *request, const char *list,
    char out[RECORD_FIELDS_TEXT_MAX])
{
	const char *end = out + RECORD_FIELDS_TEXT_MAX - RECORD_FIELDS_AROUND;
	unsigned left_out = 0;
	char *at, *first;

	if (request == NULL || request->status != 0)
		return SPAN("");
	first = at = stpcpy(out, ",\"fields\":[");
	for (unsigned i = 0; i < request->field_count; i++) {
		const struct http_field *field = &request->fields[i];
		char *next;

		if (!record_fields_has(list, field->name))
			continue;
		next = record_fields_put_pair(at, end, at == first, field);
		if (next == NULL)
			left_out++;
		else
			at = next;
	}
	*at++ = ']';
	if (left_out > 0)
		at = json_put_digits(stpcpy(at, ",\"fields_left_out\":"),
		    left_out, 1);
	return (struct span){ out, (size_t)(at - out) };
}
