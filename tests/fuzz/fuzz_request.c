/*
 * fuzz_request: request heads. The verdict is the same however the input is
 * split, and comes with the byte that decides; what is accepted has the shape
 * that RFC 9112 demands, and reads the same when it is written again.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "http/fields.h"
#include "http/parser.h"

/* A verdict, and how many bytes it took. */
struct verdict {
	enum http_parse result;
	size_t taken;
	struct http_request request;
};

static const struct span names[HTTP_FIELD_OTHER] = {
#define NAME(id, name) [HTTP_FIELD_##id] = { name, sizeof(name) - 1 },
	HTTP_FIELD_TABLE(NAME)
#undef NAME
};

/* The same bytes in the same place, or none in both. */
static bool
is_same_place(struct span a, struct span b)
{
	return a.data == b.data && a.size == b.size;
}

/* The same bytes anywhere, or none in both. */
static bool
is_same_text(struct span a, struct span b)
{
	if (a.data == NULL || b.data == NULL)
		return a.data == b.data;
	return span_equal(a, b);
}

static bool
is_within(struct span part, struct span whole)
{
	return part.data >= whole.data &&
	       part.data + part.size <= whole.data + whole.size;
}

static void
parse(struct verdict *v, struct span input, size_t size, size_t seen)
{
	/* What a former call left must not matter, but for its Host. */
	memset(&v->request, 0xaa, sizeof(v->request));
	v->request.host_size = 0;
	fuzz_reveal(input, size);
	v->taken = size;
	v->result = http_request_parse(&v->request,
	    (struct span){ input.data, size }, seen);
}

/* Feeds the input in pieces: all of one byte, or as `state` has it. */
static void
parse_pieces(struct verdict *v, struct span input, uint64_t *state)
{
	size_t seen = 0, size = 0;

	for (;;) {
		parse(v, input, size, seen);
		if (v->result != HTTP_MORE || size == input.size)
			break;
		seen = size;
		size += state ? fuzz_piece(state, input.size - size) : 1;
	}
}

/* What the fields come to, and the texts by `same`. */
static void
check_equal(const struct http_request *a, const struct http_request *b,
    bool (*same)(struct span, struct span))
{
	FUZZ_CHECK(a->method == b->method);
	FUZZ_CHECK(a->minor == b->minor);
	FUZZ_CHECK(a->keep_alive == b->keep_alive);
	FUZZ_CHECK(a->expects_continue == b->expects_continue);
	FUZZ_CHECK(a->framing == b->framing);
	FUZZ_CHECK(a->content_length == b->content_length);
	FUZZ_CHECK(same(a->method_name, b->method_name));
	FUZZ_CHECK(same(a->target, b->target));
	FUZZ_CHECK(same(a->version, b->version));
	FUZZ_CHECK(same(a->authority, b->authority));
	FUZZ_CHECK(same(a->path, b->path));
	FUZZ_CHECK(same(a->query, b->query));
	FUZZ_CHECK(a->present == b->present);
	FUZZ_CHECK(a->repeated == b->repeated);
	FUZZ_CHECK(a->field_count == b->field_count);
	for (unsigned i = 0; i < a->field_count; i++) {
		FUZZ_CHECK(a->fields[i].id == b->fields[i].id);
		FUZZ_CHECK(same(a->fields[i].name, b->fields[i].name));
		FUZZ_CHECK(same(a->fields[i].value, b->fields[i].value));
	}
}

/*
 * In pieces, the verdict is that on the whole; byte by byte, it takes the
 * fewest bytes, and no verdict that comes later has changed it.
 */
static void
check_pieces(const struct verdict *whole, struct span input)
{
	static struct verdict least, split;
	uint64_t state = input.size;

	parse_pieces(&least, input, NULL);
	for (int i = 0; i < 4; i++) {
		parse_pieces(&split, input, i == 0 ? NULL : &state);
		FUZZ_CHECK(split.result == whole->result);
		FUZZ_CHECK(split.taken >= least.taken);
		if (whole->result == HTTP_MORE)
			continue;
		FUZZ_CHECK(split.request.status == whole->request.status);
		FUZZ_CHECK(split.request.fault == whole->request.fault);
		FUZZ_CHECK(split.request.head_size == whole->request.head_size);
		check_equal(&split.request, &whole->request, is_same_place);
	}
	if (least.taken > 0) {
		parse(&split, input, least.taken - 1, 0);
		FUZZ_CHECK(split.result == HTTP_MORE);
	}
	parse(&split, input, least.taken, 0);
	FUZZ_CHECK(split.result == whole->result);
}

/* RFC 9112 2.2, 5: lines end in CRLF, and hold no other control but HTAB. */
static void
check_lines(struct span head)
{
	const char *last = head.data + head.size - 4;

	FUZZ_CHECK(head.size > 4 && memcmp(last, "\r\n\r\n", 4) == 0);
	for (const char *p = head.data; p < last + 4; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\r')
			FUZZ_CHECK(p[1] == '\n');
		else if (c == '\n')
			FUZZ_CHECK(p > head.data && p[-1] == '\r');
		else
			FUZZ_CHECK(c == '\t' || (c >= ' ' && c != 0x7f));
	}
}

/* A field is known if and only if it has the name, and is found by it. */
static void
check_known_fields(const struct http_request *r)
{
	for (unsigned id = 0; id < HTTP_FIELD_OTHER; id++) {
		struct span first = { NULL, 0 };
		unsigned count = 0;

		for (unsigned i = 0; i < r->field_count; i++) {
			if (!span_equal_nocase(r->fields[i].name, names[id]))
				continue;
			FUZZ_CHECK(r->fields[i].id == id);
			if (count++ == 0)
				first = r->fields[i].value;
		}
		FUZZ_CHECK((count > 0) == !!(r->present & HTTP_FIELD_BIT(id)));
		FUZZ_CHECK((count > 1) == !!(r->repeated & HTTP_FIELD_BIT(id)));
		FUZZ_CHECK(is_same_place(first,
		    http_request_field(r, (enum http_field_id)id)));
	}
}

/* All lies within the head, or is a constant, or is not there. */
static void
check_spans(const struct http_request *r, struct span head)
{
	FUZZ_CHECK(is_within(r->method_name, head));
	FUZZ_CHECK(is_within(r->target, head));
	FUZZ_CHECK(is_within(r->version, head));
	FUZZ_CHECK(r->authority.data == NULL || is_within(r->authority, head));
	FUZZ_CHECK(r->query.data == NULL || is_within(r->query, r->target));
	FUZZ_CHECK(
	    is_within(r->path, r->target) || span_equal(r->path, SPAN("/")));
	for (unsigned i = 0; i < r->field_count; i++) {
		struct span name = r->fields[i].name;
		struct span value = r->fields[i].value;

		FUZZ_CHECK(name.size > 0 && is_within(name, head));
		FUZZ_CHECK(is_within(value, head));
		FUZZ_CHECK(name.data[name.size] == ':');
		FUZZ_CHECK(value.data > name.data + name.size);
		FUZZ_CHECK(span_equal(http_trim(value), value));
	}
}

/* What smuggles requests: two lengths, or a length that 1.0 does not know. */
static void
check_framing(const struct http_request *r)
{
	bool coded = r->present & HTTP_FIELD_BIT(HTTP_FIELD_TRANSFER_ENCODING);
	bool sized = r->present & HTTP_FIELD_BIT(HTTP_FIELD_CONTENT_LENGTH);
	bool host = r->present & HTTP_FIELD_BIT(HTTP_FIELD_HOST);

	FUZZ_CHECK(!(coded && sized));
	FUZZ_CHECK(!(coded && r->minor == 0));
	FUZZ_CHECK(coded == (r->framing == HTTP_FRAMING_CHUNKED));
	FUZZ_CHECK(sized == (r->framing == HTTP_FRAMING_LENGTH));
	FUZZ_CHECK(host || r->minor == 0);
	FUZZ_CHECK(!(r->repeated & HTTP_FIELD_BIT(HTTP_FIELD_HOST)));
}

static void
write_span(FILE *out, const char *before, struct span span, const char *after)
{
	fputs(before, out);
	fwrite(span.data, 1, span.size, out);
	fputs(after, out);
}

/* Writes the request again, in our own way; the result is to be free()d. */
static struct span
write_request(const struct http_request *r)
{
	struct span text;
	char *data;
	FILE *out = open_memstream(&data, &text.size);

	FUZZ_CHECK(out != NULL);
	write_span(out, "", r->method_name, " ");
	write_span(out, "", r->target, " ");
	write_span(out, "", r->version, "\r\n");
	for (unsigned i = 0; i < r->field_count; i++) {
		write_span(out, "", r->fields[i].name, ":");
		write_span(out, " ", r->fields[i].value, "\r\n");
	}
	fputs("\r\n", out);
	FUZZ_CHECK(fclose(out) == 0);
	text.data = data;
	return text;
}

/* Only the limit of a head's size may come in between. */
static void
check_written_again(const struct http_request *r)
{
	static struct http_request again;
	struct span text = write_request(r);

	if (text.size <= HTTP_HEAD_MAX) {
		FUZZ_CHECK(http_request_parse(&again, text, 0) == HTTP_OK);
		FUZZ_CHECK(again.head_size == text.size);
		check_equal(r, &again, is_same_text);
	}
	free((char *)text.data);
}

static void
check_refused(const struct http_request *r)
{
	FUZZ_CHECK(r->status >= 400 && r->status < 600);
	FUZZ_CHECK(r->fault != NULL && *r->fault != '\0');
	FUZZ_CHECK(!r->keep_alive);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verdict whole;
	struct span input = fuzz_copy(data, size);
	struct http_request *r = &whole.request;

	parse(&whole, input, size, 0);
	check_pieces(&whole, input);
	fuzz_reveal(input, size);
	if (whole.result == HTTP_BAD)
		check_refused(r);
	if (whole.result == HTTP_OK) {
		struct span head = { input.data, r->head_size };

		FUZZ_CHECK(head.size <= size && head.size <= HTTP_HEAD_MAX);
		check_lines(head);
		check_spans(r, head);
		check_known_fields(r);
		check_framing(r);
		check_written_again(r);
	}
	fuzz_free(input);
	return 0;
}
