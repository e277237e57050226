/* fields: what field values have in common. Holds no state; any thread. */
#include "config.h"

#include "http/fields.h"

#include "http/chars.h"

struct span
http_trim(struct span text)
{
	while (text.size > 0 && http_char_is_space(text.data[0])) {
		text.data++;
		text.size--;
	}
	while (text.size > 0 && http_char_is_space(text.data[text.size - 1]))
		text.size--;
	return text;
}

/* Returns what is past the quoted string that starts at `p` (5.6.4); `end`
 * where it has no end. */
static const char *
fields_skip_quoted(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && end - p > 1)
			p++;
	return p < end ? p + 1 : end;
}

/* Finds the comma that ends the element at `p`; or `end`. */
static const char *
fields_find_comma(const char *p, const char *end)
{
	while (p < end && *p != ',')
		p = *p == '"' ? fields_skip_quoted(p, end) : p + 1;
	return p;
}

bool
http_list_next(struct span *list, struct span *element)
{
	while (list->size > 0) {
		const char *end = list->data + list->size;
		const char *comma = fields_find_comma(list->data, end);
		size_t size = (size_t)(comma - list->data);

		*element = http_trim((struct span){ list->data, size });
		size += comma < end;
		list->data += size;
		list->size -= size;
		if (element->size > 0)
			return true;
	}
	return false;
}

bool
http_read_quality(struct span text, uint16_t *quality)
{
	unsigned sum = 0, unit = 1000;

	if (text.size == 0 || text.size > 5)
		return false;
	if (text.size > 1 && text.data[1] != '.')
		return false;
	for (size_t i = 0; i < text.size; i += i == 0 ? 2 : 1) {
		if (!http_char_is(text.data[i], HTTP_CHAR_DIGIT))
			return false;
		sum += unit * (unsigned)(text.data[i] - '0');
		unit /= 10;
	}
	*quality = (uint16_t)sum;
	return sum <= 1000;
}

/* Measures the opaque-tag at `p` (8.8.3), quotes included; 0: there is none. */
static size_t
fields_etag_size(const char *p, const char *end)
{
	const char *q = p;

	if (q == end || *q != '"')
		return 0;
	do
		q++;
	while (q < end && http_char_is(*q, HTTP_CHAR_ETAG));
	return q < end && *q == '"' ? (size_t)(q + 1 - p) : 0;
}

/* Returns what is past white space and the commas of empty elements (5.6.1). */
static const char *
fields_skip_empty(const char *p, const char *end)
{
	while (p < end && (*p == ',' || http_char_is_space(*p)))
		p++;
	return p;
}

/*
 * A backslash escapes nothing within an entity tag, so that a list of them
 * cannot be taken apart by http_list_next.
 */
bool
http_etag_listed(struct span list, struct span etag, bool weak)
{
	const char *p = list.data, *end = p + list.size;
	bool found = false;

	if (span_equal(http_trim(list), SPAN("*")))
		return true;
	p = fields_skip_empty(p, end);
	while (p < end) {
		bool is_weak = end - p > 2 && memcmp(p, "W/", 2) == 0;
		struct span tag = { p + (is_weak ? 2 : 0), 0 };

		tag.size = fields_etag_size(tag.data, end);
		if (tag.size == 0)
			return false;
		if ((weak || !is_weak) && span_equal(tag, etag))
			found = true;
		p = http_skip_spaces(tag.data + tag.size, end);
		if (p < end && *p != ',')
			return false;
		p = fields_skip_empty(p, end);
	}
	return found;
}
