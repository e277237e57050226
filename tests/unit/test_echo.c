/*
 * Tests of app/echo and app/json_text: what came is told of as it came, however its
 * body was split; and of the exchange, which hands the body over.
 */
#include "config.h"

#include "app/echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/document.h"
#include "asking.h"
#include "base/clock.h"
#include "http/parser.h"
#include "http/target.h"

/* Sunday, 6 November 1994, 08:49:37.123456 and 789 ns. */
#define WALL INT64_C(784111777123456789)

static void
tell_asker(const void *client, struct asker *asker)
{
	(void)client;
	*asker = (struct asker){ 7, 3, 2, "192.0.2.1", false };
}

#define GET_ECHO "GET /echo HTTP/1.0\r\n\r\n"

static const struct moment moment = { .who = tell_asker };

/* Takes a request down, and nothing of it lives on behind that. */
static struct echo *
take_down(const char *text)
{
	static struct http_request request;
	char path[HTTP_TARGET_MAX + 1], *copy = strdup(text);
	struct span decoded = { path, 0 };
	struct echo *echo;

	request.host_size = 0;
	assert_int_equal(http_request_parse(&request, span_of(copy), 0),
	    HTTP_OK);
	assert_int_equal(http_target_decode(request.path, path, sizeof path,
			     &decoded.size),
	    HTTP_TARGET_OK);
	echo = echo_new(&request, decoded, &moment, echo_write);
	assert_non_null(echo);
	echo->wall = WALL;
	memset(path, 'x', sizeof path);
	memset(copy, 'x', strlen(copy));
	free(copy);
	return echo;
}

/* Returns the document as a string, to be freed; frees the echo. */
static char *
tell(struct echo *echo)
{
	struct document *document = echo_settle(echo);
	char *text;

	assert_non_null(document);
	assert_string_equal(document->type, "application/json");
	text = strndup(document->data, document->size);
	assert_int_equal(strlen(text), document->size);
	free(document);
	echo_free(echo);
	return text;
}

static void
test_whole(void **state)
{
	char *text = tell(take_down("POST /echo/caf%C3%A9?a=%20b HTTP/1.1\r\n"
				    "hOST: a\r\nX-One:  1 \r\n\r\n"));

	(void)state;
	assert_string_equal(text,
	    "{\n"
	    "  \"method\": \"POST\",\n"
	    "  \"target\": \"/echo/caf%C3%A9?a=%20b\",\n"
	    "  \"path\": \"/echo/caf\\u00e9\",\n"
	    "  \"query\": \"a=%20b\",\n"
	    "  \"version\": \"HTTP/1.1\",\n"
	    "  \"fields\": [\n"
	    "    [\"hOST\", \"a\"],\n"
	    "    [\"X-One\", \"1\"]\n"
	    "  ],\n"
	    "  \"peer\": \"192.0.2.1\",\n"
	    "  \"worker\": 2,\n"
	    "  \"connection\": 7,\n"
	    "  \"request\": 3,\n"
	    "  \"time\": \"1994-11-06T08:49:37.123456Z\",\n"
	    "  \"body\": {\n"
	    "    \"size\": 0,\n"
	    "    \"sha256\": \"e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855\",\n"
	    "    \"text\": \"\"\n"
	    "  }\n"
	    "}\n");
	free(text);
}

/* Heads, and what the document says of them. */
static const struct head_row {
	const char *request;
	const char *says;
} heads[] = {
	{ "GET /echo HTTP/1.0\r\n\r\n", "\"version\": \"HTTP/1.0\"" },
	{ "GET /echo HTTP/1.0\r\n\r\n", "\"fields\": []" },
	{ "BREW /echo HTTP/1.0\r\n\r\n", "\"method\": \"BREW\"" },
	{ "GET /echo HTTP/1.0\r\n\r\n", "\"query\": null" },
	{ "GET /echo? HTTP/1.0\r\n\r\n", "\"query\": \"\"" },
	{ "GET /echo?a?\"\\ HTTP/1.0\r\n\r\n", "\"query\": \"a?\\\"\\\\\"" },
	{ "GET /echo?\xe9 HTTP/1.0\r\n\r\n", "\"target\": \"/echo?\\u00e9\"" },
	{ "GET /echo?\xe9 HTTP/1.0\r\n\r\n", "\"query\": \"\\u00e9\"" },
	{ "GET http://b/echo?c HTTP/1.1\r\nHost: b\r\n\r\n",
	    "\"target\": \"http://b/echo?c\"" },
	{ "GET http://b/echo?c HTTP/1.1\r\nHost: b\r\n\r\n",
	    "\"path\": \"/echo\"" },
	{ "GET //x/../echo/%2e//a%2fb/ HTTP/1.0\r\n\r\n",
	    "\"path\": \"/echo/a/b/\"" },
	{ "GET /echo/%e2%82%ac%f0%9f%98%80 HTTP/1.0\r\n\r\n",
	    "\"path\": \"/echo/\\u20ac\\ud83d\\ude00\"" },
	{ "GET /echo/%e9%c3%a9 HTTP/1.0\r\n\r\n",
	    "\"path\": \"/echo/\\u00e9\\u00c3\\u00a9\"" },
	{ "GET /echo/%01%22%5c%7f HTTP/1.0\r\n\r\n",
	    "\"path\": \"/echo/\\u0001\\\"\\\\\\u007f\"" },
	{ "GET /echo HTTP/1.0\r\nA:\r\n\r\n", "[\"A\", \"\"]" },
	{ "GET /echo HTTP/1.0\r\nA: b\tc \xff\x80\r\n\r\n",
	    "[\"A\", \"b\\u0009c \\u00ff\\u0080\"]" },
	{ "GET /echo HTTP/1.0\r\nA: \xc3\xa9\r\n\r\n",
	    "[\"A\", \"\\u00c3\\u00a9\"]" },
	{ "GET /echo HTTP/1.0\r\na: 2\r\nB: \"\\\"\r\nA: 1\r\n\r\n",
	    "[\n"
	    "    [\"a\", \"2\"],\n"
	    "    [\"B\", \"\\\"\\\\\\\"\"],\n"
	    "    [\"A\", \"1\"]\n"
	    "  ]," },
};

static void
test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char *text = tell(take_down(heads[i].request));

		if (strstr(text, heads[i].says) == NULL)
			fail_msg("no %s in %s", heads[i].says, text);
		free(text);
	}
}

/* As many fields as a head may have, and a first room that all of it outgrows. */
static void
test_all_fields(void **state)
{
	char request[16 * HTTP_FIELDS_MAX + 64], *text, *found;
	int size = sprintf(request, "GET /echo HTTP/1.0\r\n");

	(void)state;
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		size += sprintf(request + size, "F%d: v%d\r\n", i, i);
	sprintf(request + size, "\r\n");
	text = found = tell(take_down(request));
	for (int i = 0; i < HTTP_FIELDS_MAX; i++) {
		char pair[32];

		sprintf(pair, "[\"F%d\", \"v%d\"]", i, i);
		found = strstr(found, pair);
		assert_non_null(found);
	}
	free(text);
}

/* Bodies, and what the document says of them. */
static const struct body_row {
	struct span body;
	const char *sha256;
	const char *kept;
} bodies[] = {
	{ SPAN(""),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "\"text\": \"\"" },
	{ SPAN("abc"),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "\"text\": \"abc\"" },
	{ SPAN("a\0\"\\\r\n\x1f\x7f"),
	    "589601e33bd26f47836b57a710af06b3ebb0eb9d997dac9e6bce21dd19489cb8",
	    "\"text\": \"a\\u0000\\\"\\\\\\u000d\\u000a\\u001f\\u007f\"" },
	{ SPAN("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	    "df9226927fd572c1ee66eec85de1bb139497614899f36e4e90474cb71f6ef9d0",
	    "\"text\": \"\\u00e9\\u20ac\\ud83d\\ude00\"" },
	{ SPAN("\xef\xbf\xbd"),
	    "83d544ccc223c057d2bf80d3f2a32982c32c3c0db8e2674820da5064783fb097",
	    "\"text\": \"\\ufffd\"" },
	{ SPAN("a\xff"),
	    "8dd06b5ab6b594257e41b7d8dd440a4062eddc67fdab5c13b4dc300176896f6e",
	    "\"base64\": \"Yf8=\"" },
	{ SPAN("\xc3"),
	    "ae3f4619b0413d70d3004b9131c3752153074e45725be13b9a148978895e359e",
	    "\"base64\": \"ww==\"" },
	{ SPAN("\xc0\x80"),
	    "4df51a863599ce9b7e9cac29d2144a68d0509897aa26626ded17edb0c761bd52",
	    "\"base64\": \"wIA=\"" },
	{ SPAN("\xed\xa0\x80"),
	    "91a681b998555fb475479817b126c94e57e52011fa1842c5d188795a4a05226b",
	    "\"base64\": \"7aCA\"" },
	{ SPAN("\xf4\x90\x80\x80"),
	    "fb16995ef3b5d7c2c81b153f945979f1db35ebc62b17616cdc896f8e7836d371",
	    "\"base64\": \"9JCAgA==\"" },
	{ SPAN("\xe2\x82"),
	    "eed0eb1f664e53388c1f00a4a9ba9b8da60fe792af9eb5f6f4b5ee852a91f03f",
	    "\"base64\": \"4oI=\"" },
	{ SPAN("\xc3\xa9\xa9"),
	    "8c251e16e37bb1f4b6645bca4b32dc3d00d14e912bf780dca694ea9e446d140c",
	    "\"base64\": \"w6mp\"" },
};

/* Asserts what the document says of a body. */
static void
assert_body(const char *text, const struct body_row *row)
{
	const char *body = strstr(text, "  \"body\": {");
	char expected[256];

	sprintf(expected,
	    "  \"body\": {\n"
	    "    \"size\": %zu,\n"
	    "    \"sha256\": \"%s\",\n"
	    "    %s\n"
	    "  }\n"
	    "}\n",
	    row->body.size, row->sha256, row->kept);
	assert_non_null(body);
	assert_string_equal(body, expected);
}

/* Hands a body over: so many bytes, and then `step` at a time. */
static void
hand_over(struct echo *echo, struct span body, size_t first, size_t step)
{
	while (body.size > 0) {
		size_t size = first < body.size ? first : body.size;

		echo_take(echo, (struct span){ body.data, size });
		span_skip(&body, size);
		first = step;
	}
}

/* However they are split. */
static void
test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		const struct body_row *row = &bodies[i];

		for (size_t k = 0; k <= 2 * row->body.size; k++) {
			struct echo *echo = take_down(GET_ECHO);
			char *text;

			hand_over(echo, row->body, k / 2,
			    k % 2 == 0 ? 1 : row->body.size);
			text = tell(echo);
			assert_body(text, row);
			free(text);
		}
	}
}

/* Of as much as is echoed, and of one byte more, of which nothing is kept. */
static const struct large_row {
	size_t size;
	const char *sha256;
	size_t kept;
} large[] = {
	{ ECHO_BODY_MAX,
	    "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a",
	    ECHO_BODY_MAX },
	{ ECHO_BODY_MAX + 1,
	    "008ffc88d3c96a9f307524eb361e47c5222a887fc45fa0c1fb8d429c5c23b430",
	    0 },
};

static void
assert_large(const struct large_row *row, size_t piece)
{
	static char letters[ECHO_BODY_MAX + 1];
	struct echo *echo = take_down(GET_ECHO);
	char *text, *kept;

	memset(letters, 'a', sizeof letters);
	hand_over(echo, (struct span){ letters, row->size }, piece, piece);
	assert_int_equal(echo->body != NULL, row->kept > 0);
	text = tell(echo);
	assert_non_null(strstr(text, row->sha256));
	kept = strstr(text, "\"text\": \"");
	assert_int_equal(kept != NULL, row->kept > 0);
	if (kept != NULL)
		assert_int_equal(strspn(strchr(kept, ':') + 3, "a"), row->kept);
	assert_null(strstr(text, "base64"));
	free(text);
}

static void
test_large_bodies(void **state)
{
	static const size_t pieces[] = { 1, 1023, 1024, 1025, 65535, 65536,
		65537 };

	(void)state;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		for (size_t k = 0; k < sizeof large / sizeof *large; k++)
			assert_large(&large[k], pieces[i]);
}

/* ---- the exchange ---- */

/* Asks for an echo whose body comes split at a byte; returns the content. */
static char *
ask(struct asking *asking, const char *head, struct span body, size_t split)
{
	struct exchange *exchange = &asking->exchange;
	struct http_request request = { 0 };
	struct piece piece;
	char *content;
	size_t used;

	assert_int_equal(http_request_parse(&request, span_of(head), 0),
	    HTTP_OK);
	exchange_begin(exchange, &asking->host, &asking_entrance, &request);
	assert_int_equal(exchange_begin_body(exchange, &asking->host, &request,
			     true),
	    EXCHANGE_RECEIVE);
	memset(&request, 'x', sizeof request);
	if (split < body.size)
		assert_false(exchange_take_body(exchange,
		    (struct span){ body.data, split }, &used));
	else
		split = 0;
	assert_true(exchange_take_body(exchange,
	    (struct span){ body.data + split, body.size - split }, &used));
	assert_int_equal(used, body.size - split);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_BYTES);
	assert_memory_equal(piece.bytes.data, "HTTP/1.1 200", 12);
	piece = asking_next(asking);
	assert_int_equal(piece.kind, PIECE_LENT);
	content = strndup(piece.bytes.data, piece.bytes.size);
	asking_assert_end(asking, true);
	return content;
}

/* Of both framings, split at each byte, frames and trailers included. */
static const struct framed_row {
	const char *fields;
	struct span body;
} framed[] = {
	{ "Content-Length: 3\r\n", SPAN("abc") },
	{ "Transfer-Encoding: chunked\r\n", SPAN("3\r\nabc\r\n0\r\n\r\n") },
	{ "Transfer-Encoding: chunked\r\n",
	    SPAN("1;x=y\r\na\r\n02\r\nbc\r\n0\r\nTrailer: x\r\n\r\n") },
};

static void
test_framed(void **state)
{
	struct asking *asking = *state;

	asking->moment.who = tell_asker;
	for (size_t i = 0; i < sizeof framed / sizeof *framed; i++) {
		const struct framed_row *row = &framed[i];
		char head[256];

		sprintf(head, "POST /echo HTTP/1.1\r\nHost: a\r\n%s\r\n",
		    row->fields);
		for (size_t split = 0; split <= row->body.size; split++) {
			char *text = ask(asking, head, row->body, split);

			assert_body(text, &bodies[1]);
			free(text);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_large_bodies),
		ASKING_TEST(test_framed),
	};

	return cmocka_run_group_tests_name("echo", tests, NULL, NULL);
}
