/* Takes requests down, and tells of them; the thread that began the answer. */
#include "config.h"

#include "app/echo.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/message.h"
#include "base/clock.h"
#include "http/json.h"

/* Bytes of the first room for a body. */
#define ECHO_BODY_ROOM ((size_t)1024)

/* ---- the head ---- */

/* Returns the bytes that a request's head takes behind the fields. */
static size_t
echo_text_size(const struct http_request *request, struct span path)
{
	size_t size = request->method_name.size + request->target.size +
		      request->version.size + 1 + path.size +
		      request->query.size;

	for (unsigned i = 0; i < request->field_count; i++)
		size += request->fields[i].name.size +
			request->fields[i].value.size;
	return size;
}

/* Copies a span to *out, which moves on behind it; returns the copy. One without data
 * stays that. */
static struct span
echo_keep(char **out, struct span span)
{
	struct span kept = { *out, span.size };

	if (span.data == NULL)
		return span;
	*out = mempcpy(*out, span.data, span.size);
	return kept;
}

/* Copies the request's head. */
static void
echo_keep_head(struct echo *echo, const struct http_request *request,
    struct span path)
{
	char *out = (char *)(echo->fields + request->field_count);

	echo->method = echo_keep(&out, request->method_name);
	echo->target = echo_keep(&out, request->target);
	echo->version = echo_keep(&out, request->version);
	echo->path = echo_keep(&out, SPAN("/"));
	echo->path.size += echo_keep(&out, path).size;
	echo->query = echo_keep(&out, request->query);
	for (unsigned i = 0; i < request->field_count; i++) {
		const struct http_field *field = &request->fields[i];

		echo->fields[i] = (struct http_field){ field->id,
			echo_keep(&out, field->name),
			echo_keep(&out, field->value) };
	}
	echo->field_count = request->field_count;
}

/* ---- as a source ---- */

static void
echo_hear(struct source *source, struct span content)
{
	echo_take((struct echo *)source, content);
}

/* Makes the message the document, once all has come. */
static int64_t
echo_tell(struct source *source, struct message *message, int64_t now)
{
	struct document *document = echo_settle((struct echo *)source);

	(void)now;
	if (document != NULL)
		message_fill(message, document);
	else
		message_set(message, 503, "no memory for it just now");
	return 0;
}

static void
echo_end(struct source *source)
{
	echo_free((struct echo *)source);
}

static const struct source_kind echo_kind = { .type = "application/json",
	.hear = echo_hear,
	.settle = echo_tell,
	.free = echo_end };

struct echo *
echo_new(const struct http_request *request, struct span path,
    const struct moment *moment,
    struct document *(*write)(const struct echo *echo))
{
	struct echo *echo = malloc(
	    sizeof(*echo) + request->field_count * sizeof(request->fields[0]) +
	    echo_text_size(request, path));

	if (echo == NULL)
		return NULL;
	*echo = (struct echo){ .source = { &echo_kind },
		.write = write,
		.wall = clock_wall() };
	moment_asker(moment, &echo->asker);
	sha256_init(&echo->hash);
	echo_keep_head(echo, request, path);
	return echo;
}

void
echo_free(struct echo *echo)
{
	if (echo != NULL)
		free(echo->body);
	free(echo);
}

/* ---- the body ---- */

/* Lets go of what is kept of the body. */
static void
echo_forget(struct echo *echo)
{
	free(echo->body);
	echo->body = NULL;
	echo->room = 0;
}

/* Keeps the next bytes of a body of which all before is kept. */
static void
echo_keep_body(struct echo *echo, struct span content)
{
	size_t room = echo->room > 0 ? echo->room : ECHO_BODY_ROOM;
	char *grown;

	while (room < echo->size + content.size)
		room *= 2;
	if (room > echo->room) {
		grown = realloc(echo->body, room);
		if (grown == NULL) {
			echo->failed = true;
			echo_forget(echo);
			return;
		}
		echo->body = grown;
		echo->room = room;
	}
	memcpy(echo->body + echo->size, content.data, content.size);
}

void
echo_take(struct echo *echo, struct span content)
{
	if (content.size == 0 || echo->failed)
		return;
	if (echo->size + content.size <= ECHO_BODY_MAX)
		echo_keep_body(echo, content);
	else
		echo_forget(echo);
	sha256_update(&echo->hash, content.size, (const uint8_t *)content.data);
	echo->size += content.size;
}

struct document *
echo_settle(const struct echo *echo)
{
	return echo->failed ? NULL : echo->write(echo);
}

struct span
echo_body(const struct echo *echo)
{
	if (echo->size == 0)
		return SPAN("");
	return (struct span){ echo->body, echo->size };
}

/* ---- as JSON ---- */

void
echo_write_fields(const struct echo *echo, struct json_text *text)
{
	json_text_open_array(text, "fields");
	for (unsigned i = 0; i < echo->field_count; i++) {
		json_text_open_array(text, NULL);
		json_text_put_octets(text, NULL, echo->fields[i].name);
		json_text_put_octets(text, NULL, echo->fields[i].value);
		json_text_close_array(text);
	}
	json_text_close_array(text);
}

/* Writes the hash in hexadecimal digits. */
static void
echo_write_hash(const struct echo *echo, struct json_text *text)
{
	struct sha256_ctx hash = echo->hash; /* its end changes it */
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hex[2 * SHA256_DIGEST_SIZE + 1];

	sha256_digest(&hash, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	json_text_put_string(text, "sha256", span_of(hex));
}

void
echo_write_body(const struct echo *echo, struct json_text *text)
{
	struct span body = echo_body(echo);

	json_text_open_object(text, "body");
	json_text_put_number(text, "size", echo->size);
	echo_write_hash(echo, text);
	if (body.data != NULL && json_is_utf8(body))
		json_text_put_string(text, "text", body);
	else if (body.data != NULL)
		json_text_put_base64(text, "base64", body);
	json_text_close_object(text);
}

/* Writes the path: as UTF-8 where it is that, as paths are meant to be; or its
 * octets. */
static void
echo_write_path(const struct echo *echo, struct json_text *text)
{
	if (json_is_utf8(echo->path))
		json_text_put_string(text, "path", echo->path);
	else
		json_text_put_octets(text, "path", echo->path);
}

struct document *
echo_write(const struct echo *echo)
{
	struct json_text text;

	json_text_begin(&text);
	json_text_put_octets(&text, "method", echo->method);
	json_text_put_octets(&text, "target", echo->target);
	echo_write_path(echo, &text);
	json_text_put_octets(&text, "query", echo->query);
	json_text_put_octets(&text, "version", echo->version);
	echo_write_fields(echo, &text);
	json_text_put_octets(&text, "peer", span_of(echo->asker.peer));
	json_text_put_number(&text, "worker", echo->asker.worker);
	json_text_put_number(&text, "connection", echo->asker.connection);
	json_text_put_number(&text, "request", echo->asker.request);
	json_text_put_time(&text, "time", echo->wall);
	echo_write_body(echo, &text);
	return json_text_end(&text);
}
