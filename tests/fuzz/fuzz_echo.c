/*
 * fuzz_echo: what /echo tells. Whatever a client sends, and whatever bytes were in a
 * request if the parser let them by, the document is JSON in plain ASCII by the
 * grammar of RFC 8259, has its members in their order, and each of its strings is
 * read back to the bytes that came, however the body was split.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <nettle/base64.h>

#include "app/document.h"
#include "app/echo.h"
#include "fuzz.h"
#include "http/json.h"
#include "http/parser.h"
#include "http/target.h"
#include "reader.h"

#define WALL 784111777123456789

/* Bytes of what is told seven times over. */
#define RAW_MAX 4096

/* A string as it was read: its characters. */
struct string {
	uint32_t *characters;
	size_t size;
};

static void
tell_asker(const void *client, struct asker *asker)
{
	(void)client;
	*asker = (struct asker){ UINT64_MAX, UINT64_MAX, 0, "2001:db8::1",
		false };
}

static const struct moment moment = { .who = tell_asker };

/* Takes a token, and the blanks before it. */
static bool
take(struct reader *r, const char *token)
{
	while (reader_take_text(r, " ") || reader_take_text(r, "\n"))
		;
	return reader_take_text(r, token);
}

static void
expect(struct reader *r, const char *token)
{
	FUZZ_CHECK(take(r, token));
}

/* Takes a string, to be freed. */
static struct string
take_string(struct reader *r)
{
	size_t most = (size_t)(r->end - r->next);
	struct string s = { malloc(most * sizeof(uint32_t)), 0 };

	if (s.characters == NULL)
		abort();
	expect(r, "\"");
	while (!reader_take_text(r, "\""))
		s.characters[s.size++] = reader_take_character(r);
	return s;
}

/* Whether the characters are the octets of what was sent. */
static bool
is_octets(const struct string *s, struct span sent)
{
	if (s->size != sent.size)
		return false;
	for (size_t i = 0; i < s->size; i++)
		if (s->characters[i] != (unsigned char)sent.data[i])
			return false;
	return true;
}

/* Whether the characters are encoded by what was sent. */
static bool
is_encoded(const struct string *s, struct span sent)
{
	for (size_t i = 0; i < s->size; i++) {
		char encoded[4];
		size_t size = reader_encode(s->characters[i], encoded);

		if (size > sent.size || memcmp(encoded, sent.data, size) != 0)
			return false;
		span_skip(&sent, size);
	}
	return sent.size == 0;
}

/* Takes a string of octets; or null, where nothing was sent. */
static void
check_octets(struct reader *r, struct span sent)
{
	struct string s;

	if (sent.data == NULL) {
		expect(r, "null");
		return;
	}
	s = take_string(r);
	FUZZ_CHECK(is_octets(&s, sent));
	free(s.characters);
}

/* Takes a path, without its first slash: UTF-8, unless it is none. */
static void
check_path(struct reader *r, struct span path)
{
	struct string s = take_string(r), rest;

	FUZZ_CHECK(s.size > 0 && s.characters[0] == '/');
	rest = (struct string){ s.characters + 1, s.size - 1 };
	FUZZ_CHECK(is_encoded(&rest, path) ||
		   (!json_is_utf8(path) && is_octets(&rest, path)));
	free(s.characters);
}

static void
check_fields(struct reader *r, const struct http_request *request)
{
	expect(r, "[");
	for (unsigned i = 0; i < request->field_count; i++) {
		expect(r, i > 0 ? "," : "");
		expect(r, "[");
		check_octets(r, request->fields[i].name);
		expect(r, ",");
		check_octets(r, request->fields[i].value);
		expect(r, "]");
	}
	expect(r, "]");
}

/* Takes base64, of which no other decoder but the library's is at hand. */
static void
check_base64(struct reader *r, struct span body)
{
	struct string s = take_string(r);
	char *text = malloc(s.size + 1);
	uint8_t *decoded = malloc(BASE64_DECODE_LENGTH(s.size) + 1);
	struct base64_decode_ctx context;
	size_t size = BASE64_DECODE_LENGTH(s.size);

	FUZZ_CHECK(text != NULL && decoded != NULL);
	for (size_t i = 0; i < s.size; i++)
		text[i] = (char)s.characters[i];
	base64_decode_init(&context);
	FUZZ_CHECK(
	    base64_decode_update(&context, &size, decoded, s.size, text));
	FUZZ_CHECK(base64_decode_final(&context));
	FUZZ_CHECK(size == body.size && memcmp(decoded, body.data, size) == 0);
	free(s.characters);
	free(text);
	free(decoded);
}

static void
check_body(struct reader *r, struct span body)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char text[128], *out = text;
	struct sha256_ctx hash;

	sha256_init(&hash);
	sha256_update(&hash, body.size, (const uint8_t *)body.data);
	sha256_digest(&hash, sizeof digest, digest);
	out += sprintf(out, "%zu,\n    \"sha256\": \"", body.size);
	for (size_t i = 0; i < sizeof digest; i++)
		out += sprintf(out, "%02x", digest[i]);
	expect(r, "{");
	expect(r, "\"size\":");
	expect(r, text);
	expect(r, "\"");
	if (body.size > ECHO_BODY_MAX) {
		expect(r, "}");
		return;
	}
	expect(r, ",");
	if (take(r, "\"text\":")) {
		struct string s = take_string(r);

		FUZZ_CHECK(is_encoded(&s, body));
		free(s.characters);
	} else {
		expect(r, "\"base64\":");
		FUZZ_CHECK(!json_is_utf8(body));
		check_base64(r, body);
	}
	expect(r, "}");
}

static void
check_document(struct reader r, const struct http_request *request,
    struct span path, struct span body)
{
	expect(&r, "{");
	expect(&r, "\"method\":");
	check_octets(&r, request->method_name);
	expect(&r, ",\n  \"target\":");
	check_octets(&r, request->target);
	expect(&r, ",\n  \"path\":");
	check_path(&r, path);
	expect(&r, ",\n  \"query\":");
	check_octets(&r, request->query);
	expect(&r, ",\n  \"version\":");
	check_octets(&r, request->version);
	expect(&r, ",\n  \"fields\":");
	check_fields(&r, request);
	expect(&r, ",\n  \"peer\": \"2001:db8::1\",\n  \"worker\": 0,");
	expect(&r, "\"connection\": 18446744073709551615,");
	expect(&r, "\"request\": 18446744073709551615,");
	expect(&r, "\"time\": \"1994-11-06T08:49:37.123456Z\",");
	expect(&r, "\"body\":");
	check_body(&r, body);
	expect(&r, "}\n");
	FUZZ_CHECK(r.next == r.end);
}

/* Checks what is told of a request and of its body, which comes in pieces. */
static void
check_echo(const struct http_request *request, struct span path,
    struct span body)
{
	struct echo *echo = echo_new(request, path, &moment, echo_write);
	uint64_t state = body.size;
	struct document *document;

	FUZZ_CHECK(echo != NULL);
	echo->wall = WALL;
	for (size_t at = 0; at < body.size;) {
		size_t size = fuzz_piece(&state, body.size - at);

		echo_take(echo, (struct span){ body.data + at, size });
		at += size;
	}
	document = echo_settle(echo);
	FUZZ_CHECK(document != NULL);
	check_document((struct reader){ document->data,
			   document->data + document->size },
	    request, path, body);
	free(document);
	echo_free(echo);
}

/* What the parser lets by; what is behind the head is the body, whatever it says of
 * that. */
static void
check_parsed(struct span input)
{
	static struct http_request request;
	static char path[HTTP_TARGET_MAX + 1];
	struct span decoded = { path, 0 };

	request.host_size = 0;
	if (http_request_parse(&request, input, 0) != HTTP_OK ||
	    request.path.size == 0 || request.path.data[0] != '/' ||
	    http_target_decode(request.path, path, sizeof path,
		&decoded.size) != HTTP_TARGET_OK)
		return;
	span_skip(&input, request.head_size);
	check_echo(&request, decoded, input);
}

/* As if the parser had let all bytes by. */
static void
check_raw(struct span input)
{
	static struct http_request raw;

	if (input.size > RAW_MAX)
		input.size = RAW_MAX;
	raw = (struct http_request){ .method_name = input,
		.target = input,
		.version = input,
		.query = input,
		.field_count = 2 };
	raw.fields[0] = (struct http_field){ HTTP_FIELD_OTHER, input,
		{ input.data, input.size / 2 } };
	raw.fields[1] = (struct http_field){ HTTP_FIELD_OTHER, input, input };
	check_echo(&raw, input, input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = fuzz_copy(data, size);

	check_parsed(input);
	check_raw(input);
	fuzz_free(input);
	return 0;
}
