/*
 * echo: what came with a request, for an answer that tells of it: a copy of its head,
 * which lives as long as the answer, and its body's size, hash and first bytes, taken
 * in as they come. The thread that began the answer.
 */
#ifndef MTASYNC_APP_ECHO_H
#define MTASYNC_APP_ECHO_H

#include <nettle/sha2.h>

#include "app/json_text.h"
#include "app/moment.h"
#include "app/source.h"
#include "http/request.h"

/* Bytes of a body that is kept; of one with more, nothing is. */
#define ECHO_BODY_MAX ((size_t)65536)

struct echo {
	struct source source; /* of the message that tells of it */
	/* Makes the document that answers, once all has come; NULL: memory is
	 * short. */
	struct document *(*write)(const struct echo *echo);
	struct asker asker;
	int64_t wall;       /* when the head was there, ns since 1970 */
	struct span method; /* this and the next two as sent */
	struct span target;
	struct span version; /* `HTTP/1.1` */
	struct span path;    /* decoded, with the slash that begins it */
	struct span query;   /* as sent; data NULL: none */

	uint64_t size; /* bytes of the body so far */
	struct sha256_ctx hash;
	char *body;  /* the first of them, unless there are too many; or NULL */
	size_t room; /* bytes that fit there */
	bool failed; /* memory was short */

	unsigned field_count;
	struct http_field
	    fields[]; /* in their order; their text is behind them */
};

/*
 * Takes down a request whose decoded path, without its first slash, is `path`, to be
 * told of by `write`; while app_answer() runs. Returns it, to be freed by echo_free();
 * or NULL where memory is short.
 */
struct echo *echo_new(const struct http_request *request, struct span path,
    const struct moment *moment,
    struct document *(*write)(const struct echo *echo));

/* Takes in the next bytes of the body. */
void echo_take(struct echo *echo, struct span content);

/* Returns the document that `write` makes; NULL: memory is or was short. */
struct document *echo_settle(const struct echo *echo);

/* Frees it; NULL is allowed. */
void echo_free(struct echo *echo);

/* Returns what is kept of the body: all of it; or, of one that is too large, a span
 * without data. */
struct span echo_body(const struct echo *echo);

/* Writes `fields`: an array of pairs, a name and a value. */
void echo_write_fields(const struct echo *echo, struct json_text *text);

/* Writes `body`: an object with `size` and `sha256`; and `text`, or where it is no
 * UTF-8 `base64`, where it is kept. */
void echo_write_body(const struct echo *echo, struct json_text *text);

/* What /echo answers: the writer of all that is known of the request. */
struct document *echo_write(const struct echo *echo);

#endif
