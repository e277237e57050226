/* accept: reads Accept. Holds no state; any thread. */
#include "config.h"

#include "http/accept.h"

#include "http/fields.h"

/* Cuts off what stands before the next ';' of *text, without the white space
 * around it, and leaves in *text what is behind the ';'. */
static struct span
accept_cut(struct span *text)
{
	const char *end = text->data + text->size;
	const char *mark = memchr(text->data, ';', text->size);
	const char *next = mark != NULL ? mark + 1 : end;
	struct span cut = { text->data,
		(size_t)((mark != NULL ? mark : end) - text->data) };

	*text = (struct span){ next, (size_t)(end - next) };
	return http_trim(cut);
}

/* Reads an element, `range;name=value;q=quality`. Returns false where its q is
 * malformed. */
static bool
accept_read_element(struct span element, struct span *range, uint16_t *quality)
{
	*range = accept_cut(&element);
	*quality = 1000;
	while (element.size > 0) {
		struct span parameter = accept_cut(&element);

		if (parameter.size < 2 ||
		    strncasecmp(parameter.data, "q=", 2) != 0)
			continue;
		parameter.data += 2;
		parameter.size -= 2;
		if (!http_read_quality(parameter, quality))
			return false;
	}
	return true;
}

static enum http_accept_match
accept_match(struct span range, struct span type)
{
	const char *slash = memchr(type.data, '/', type.size);
	struct span kind = { type.data, (size_t)(slash + 1 - type.data) };

	if (span_equal_nocase(range, type))
		return HTTP_ACCEPT_TYPE;
	if (span_equal(range, SPAN("*/*")))
		return HTTP_ACCEPT_ANY;
	if (range.size != kind.size + 1 || range.data[kind.size] != '*')
		return HTTP_ACCEPT_NONE;
	range.size--;
	return span_equal_nocase(range, kind) ? HTTP_ACCEPT_KIND
					      : HTTP_ACCEPT_NONE;
}

/* Has an element say how much the type is wanted, where it names the type more
 * closely than those before; or as closely, and with less quality. */
static void
accept_note(struct http_acceptance *best, struct span element, struct span type)
{
	struct http_acceptance said;
	struct span range;

	if (!accept_read_element(element, &range, &said.quality))
		return;
	said.match = accept_match(range, type);
	if (said.match == HTTP_ACCEPT_NONE)
		return;
	if (said.match > best->match ||
	    (said.match == best->match && said.quality < best->quality))
		*best = said;
}

struct http_acceptance
http_accept_find(const struct http_request *request, struct span type)
{
	struct http_acceptance best = { 1000, HTTP_ACCEPT_NONE };
	struct span list, element;

	if ((request->present & HTTP_FIELD_BIT(HTTP_FIELD_ACCEPT)) == 0)
		return best;
	best.quality = 0;
	for (unsigned i = 0; i < request->field_count; i++) {
		if (request->fields[i].id != HTTP_FIELD_ACCEPT)
			continue;
		list = request->fields[i].value;
		while (http_list_next(&list, &element))
			accept_note(&best, element, type);
	}
	return best;
}
