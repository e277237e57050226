/* codings: reads Accept-Encoding. Holds no state; any thread. */
#include "config.h"

#include "http/codings.h"

#include "http/chars.h"
#include "http/fields.h"

/* What stands for all that are not named, behind those that are. */
#define CODINGS_ANY HTTP_CODINGS

/* More than any quality. */
#define CODINGS_UNNAMED UINT16_MAX

static const struct {
	const char *name;
	int coding;
} codings_names[] = {
	{ "br", HTTP_CODING_BR },
	{ "zstd", HTTP_CODING_ZSTD },
	{ "gzip", HTTP_CODING_GZIP },
	{ "x-gzip", HTTP_CODING_GZIP },
	{ "identity", HTTP_CODING_IDENTITY },
	{ "*", CODINGS_ANY },
};

#define CODINGS_NAMES (sizeof(codings_names) / sizeof(codings_names[0]))

/* Reads an element: `coding`, or `coding;q=quality`, and nothing else. */
static bool
codings_read_element(struct span element, struct span *name, uint16_t *quality)
{
	const char *p = element.data, *end = p + element.size;

	p = http_skip_chars(p, end, HTTP_CHAR_TOKEN);
	*name = (struct span){ element.data, (size_t)(p - element.data) };
	*quality = 1000;
	if (p == end)
		return true;
	p = http_skip_spaces(p, end);
	if (p == end || *p != ';')
		return false;
	p = http_skip_spaces(p + 1, end);
	if (end - p < 2 || strncasecmp(p, "q=", 2) != 0)
		return false;
	p += 2;
	return http_read_quality((struct span){ p, (size_t)(end - p) },
	    quality);
}

/* Notes the quality of a coding; of one that is named more than once, the least
 * counts. */
static void
codings_note(uint16_t *named, struct span name, uint16_t quality)
{
	for (size_t i = 0; i < CODINGS_NAMES; i++) {
		uint16_t *known = &named[codings_names[i].coding];

		if (span_equal_nocase(name, span_of(codings_names[i].name)) &&
		    quality < *known)
			*known = quality;
	}
}

static void
codings_read_list(uint16_t *named, struct span list)
{
	struct span element, name;
	uint16_t quality;

	while (http_list_next(&list, &element))
		if (codings_read_element(element, &name, &quality))
			codings_note(named, name, quality);
}

void
http_codings_accepted(const struct http_request *request,
    uint16_t quality[HTTP_CODINGS])
{
	uint16_t named[HTTP_CODINGS + 1];

	for (int i = 0; i <= CODINGS_ANY; i++)
		named[i] = CODINGS_UNNAMED;
	for (unsigned i = 0; i < request->field_count; i++)
		if (request->fields[i].id == HTTP_FIELD_ACCEPT_ENCODING)
			codings_read_list(named, request->fields[i].value);
	for (int i = 0; i < HTTP_CODINGS; i++) {
		quality[i] = named[i];
		if (named[i] == CODINGS_UNNAMED)
			quality[i] = named[CODINGS_ANY];
		if (quality[i] == CODINGS_UNNAMED)
			quality[i] = i == HTTP_CODING_IDENTITY;
	}
}
