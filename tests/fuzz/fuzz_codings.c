/*
 * fuzz_codings: Accept-Encoding. Qualities are in thousandths, and the same
 * whatever the case of letters, the order of elements, and whether the list
 * comes in one line or in several.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>

#include "fuzz.h"
#include "http/codings.h"
#include "http/fields.h"

static void
add_line(struct http_request *request, struct span value)
{
	struct http_field *field = &request->fields[request->field_count++];
	uint32_t bit = HTTP_FIELD_BIT(HTTP_FIELD_ACCEPT_ENCODING);

	*field = (struct http_field){
		.id = HTTP_FIELD_ACCEPT_ENCODING,
		.name = SPAN("Accept-Encoding"),
		.value = http_trim(value),
	};
	request->repeated |= request->present & bit;
	request->present |= bit;
}

/* A line for each element; the last one takes those that have no other. */
static void
add_lines(struct http_request *request, struct span value)
{
	const char *comma;

	while (request->field_count + 1 < HTTP_FIELDS_MAX &&
	       (comma = memchr(value.data, ',', value.size)) != NULL) {
		size_t size = (size_t)(comma - value.data);

		add_line(request, (struct span){ value.data, size });
		value.data += size + 1;
		value.size -= size + 1;
	}
	add_line(request, value);
}

static void
check_same(const struct http_request *request, const uint16_t *quality)
{
	uint16_t same[HTTP_CODINGS];

	http_codings_accepted(request, same);
	FUZZ_CHECK(memcmp(same, quality, sizeof(same)) == 0);
}

static void
check_other_case(struct span input, const uint16_t *quality)
{
	struct http_request request = { .field_count = 0 };
	struct span copy = fuzz_copy(input.data, input.size);
	char *text = (char *)copy.data;

	for (size_t i = 0; i < copy.size; i++)
		if (isalpha((unsigned char)text[i]))
			text[i] ^= 0x20;
	add_line(&request, copy);
	check_same(&request, quality);
	fuzz_free(copy);
}

/* The order of lines turned round. */
static void
reverse_lines(struct http_request *request)
{
	unsigned last = request->field_count - 1;

	for (unsigned i = 0; 2 * i < last; i++) {
		struct http_field field = request->fields[i];

		request->fields[i] = request->fields[last - i];
		request->fields[last - i] = field;
	}
}

/* A comma within a quoted string parts no elements: such input is left out. */
static void
check_lines(struct span input, const uint16_t *quality)
{
	struct http_request request = { .field_count = 0 };

	if (memchr(input.data, '"', input.size) != NULL)
		return;
	add_lines(&request, input);
	check_same(&request, quality);
	reverse_lines(&request);
	check_same(&request, quality);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = { .field_count = 0 };
	struct span input = fuzz_copy(data, size);
	uint16_t quality[HTTP_CODINGS];

	memset(quality, 0xaa, sizeof(quality));
	add_line(&request, input);
	http_codings_accepted(&request, quality);
	for (int i = 0; i < HTTP_CODINGS; i++)
		FUZZ_CHECK(quality[i] <= 1000);
	check_other_case(input, quality);
	check_lines(input, quality);
	fuzz_free(input);
	return 0;
}
