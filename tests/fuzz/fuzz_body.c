/*
 * fuzz_body: bodies of both kinds. The outcome and the content are the same however
 * the input is split, and of a chunked one they are what a decoder finds that was
 * written another way, by lines.
 */
#include "config.h"

#include "fuzz.h"
#include "http/body.h"

/* Bytes of content that are allowed: few, so that inputs come to the end. */
#define LIMIT 1000

/* What reading a body came to. */
struct outcome {
	enum http_parse result;
	size_t used;     /* bytes, of all pieces */
	uint64_t room;   /* bytes of content that were still allowed */
	unsigned status; /* HTTP_BAD: that, and why */
	const char *fault;
	size_t size; /* bytes of content that were yielded */
	char content[LIMIT];
};

/* Reads a piece of the body, all of it unless that ends in it. */
static void
read_piece(struct http_body *body, struct span piece, struct outcome *o)
{
	struct span content;
	size_t used;

	do {
		o->result = http_body_next(body, piece, &used, &content);
		FUZZ_CHECK(used <= piece.size);
		FUZZ_CHECK(
		    o->result != HTTP_MORE || used > 0 || piece.size == 0);
		FUZZ_CHECK(content.size <= used);
		FUZZ_CHECK(content.size <= LIMIT - o->size);
		memcpy(o->content + o->size, content.data, content.size);
		o->size += content.size;
		o->used += used;
		span_skip(&piece, used);
	} while (o->result == HTTP_MORE && piece.size > 0);
}

/* Reads the input at once; or in pieces, of one byte or as `state` has it. */
static struct outcome
read_body(const struct http_request *request, struct span input, bool split,
    uint64_t *state)
{
	struct http_body body;
	struct outcome o = { .result = http_body_begin(&body, request, LIMIT) };
	size_t end = split ? 0 : input.size;

	while (o.result == HTTP_MORE) {
		struct span piece = { input.data + o.used, end - o.used };

		fuzz_reveal(input, end);
		read_piece(&body, piece, &o);
		FUZZ_CHECK(body.left <= INT64_MAX);
		if (end == input.size)
			break;
		end += state ? fuzz_piece(state, input.size - end) : 1;
	}
	fuzz_reveal(input, input.size);
	o.room = body.room;
	if (o.result == HTTP_BAD) {
		o.status = body.status;
		o.fault = body.fault;
		FUZZ_CHECK(o.status == 400 || o.status == 413);
		FUZZ_CHECK(o.fault != NULL);
	}
	return o;
}

static struct outcome
check_pieces(const struct http_request *request, struct span input)
{
	struct outcome whole = read_body(request, input, false, NULL);
	uint64_t state = input.size;

	for (int i = 0; i < 4; i++) {
		struct outcome split = read_body(request, input, true,
		    i == 0 ? NULL : &state);

		FUZZ_CHECK(split.result == whole.result);
		FUZZ_CHECK(split.used == whole.used);
		FUZZ_CHECK(split.room == whole.room);
		FUZZ_CHECK(split.status == whole.status);
		FUZZ_CHECK(split.fault == whole.fault);
		FUZZ_CHECK(split.size == whole.size);
		FUZZ_CHECK(
		    memcmp(split.content, whole.content, whole.size) == 0);
	}
	return whole;
}

/* Takes a line off *text; false where none ends, or it isn't one. */
static bool
take_line(struct span *text, struct span *line)
{
	const char *end = memmem(text->data, text->size, "\r\n", 2);

	if (end == NULL)
		return false;
	*line = (struct span){ text->data, (size_t)(end - text->data) };
	text->data += line->size + 2;
	text->size -= line->size + 2;
	for (size_t i = 0; i < line->size; i++) {
		unsigned char c = (unsigned char)line->data[i];

		if (c == 0x7f || (c < ' ' && c != '\t'))
			return false;
	}
	return true;
}

/* How many bytes at the start of the line are among `set`. */
static size_t
count_leading(struct span line, const char *set)
{
	size_t n = 0;

	while (n < line.size && line.data[n] != '\0' &&
	       strchr(set, line.data[n]) != NULL)
		n++;
	return n;
}

/* The size in a chunk's first line; false where the line isn't valid. */
static bool
decode_size(struct span line, uint64_t *size)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t digits = count_leading(line, hex);
	struct span rest = { line.data + digits, line.size - digits };

	*size = 0;
	for (size_t i = 0; i < digits; i++) {
		size_t value = (size_t)(strchr(hex, line.data[i]) - hex);

		*size = *size * 16 + (value > 15 ? value - 6 : value);
	}
	if (digits == 0 || digits > 16 || *size > INT64_MAX)
		return false;
	if (rest.size == 0)
		return true;
	digits = count_leading(rest, " \t");
	return digits < rest.size && rest.data[digits] == ';';
}

/* Takes the trailers and the last line off *text. */
static bool
decode_trailers(struct span *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct span line;

	while (take_line(text, &line)) {
		size_t name = count_leading(line, token);

		if (line.size == 0)
			return true;
		if (name == 0 || name == line.size || line.data[name] != ':')
			return false;
	}
	return false;
}

/* Takes a whole chunked body off *text; false where there is none. *content is its
 * size, and `data` gets as much of it as LIMIT allows. */
static bool
decode_chunked(struct span *text, uint64_t *content, char data[LIMIT])
{
	struct span line;
	uint64_t size;

	*content = 0;
	while (take_line(text, &line) && decode_size(line, &size)) {
		if (size == 0)
			return decode_trailers(text);
		if (text->size < 2 || text->size - 2 < size ||
		    memcmp(text->data + size, "\r\n", 2) != 0)
			return false;
		if (size <= LIMIT && *content <= LIMIT - size)
			memcpy(data + *content, text->data, size);
		span_skip(text, size + 2);
		*content += size;
	}
	return false;
}

static void
check_chunked(struct span input)
{
	const struct http_request request = {
		.framing = HTTP_FRAMING_CHUNKED,
	};
	struct outcome found = check_pieces(&request, input);
	struct span rest = input;
	char data[LIMIT];
	uint64_t content;
	bool valid = decode_chunked(&rest, &content, data);

	if (found.result == HTTP_OK) {
		FUZZ_CHECK(valid);
		FUZZ_CHECK(found.used == input.size - rest.size);
		FUZZ_CHECK(LIMIT - found.room == content);
		FUZZ_CHECK(found.size == content);
		FUZZ_CHECK(memcmp(found.content, data, content) == 0);
	} else if (valid) {
		/* Only a limit may refuse what is valid. */
		FUZZ_CHECK(found.result == HTTP_BAD && found.status == 413);
		FUZZ_CHECK(content > LIMIT || input.size > HTTP_HEAD_MAX);
	}
}

/* A body of `length` bytes, which is over or under what the input has. */
static void
check_length(struct span input, uint64_t length)
{
	const struct http_request request = {
		.framing = HTTP_FRAMING_LENGTH,
		.content_length = length,
	};
	struct outcome found = check_pieces(&request, input);

	if (length > LIMIT) {
		FUZZ_CHECK(found.result == HTTP_BAD && found.status == 413);
		FUZZ_CHECK(found.used == 0);
	} else if (length > input.size) {
		FUZZ_CHECK(found.result == HTTP_MORE);
		FUZZ_CHECK(found.used == input.size);
	} else {
		FUZZ_CHECK(found.result == HTTP_OK);
		FUZZ_CHECK(found.used == length);
		FUZZ_CHECK(found.size == length);
		FUZZ_CHECK(memcmp(found.content, input.data, length) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = fuzz_copy(data, size);

	check_chunked(input);
	check_length(input, size / 2);
	check_length(input, size);
	check_length(input, size + 1);
	fuzz_free(input);
	return 0;
}
