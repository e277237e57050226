/*
 * json_text: a JSON document (RFC 8259) that is written member by member, and grows
 * as it needs. It is plain ASCII, so that no octet of whoever asked comes through to
 * a terminal. Members of the outermost object, and what is in these, have a line
 * each; what is deeper shares one.
 *
 * The functions take the name of a member, a constant, which is plain ASCII; or
 * NULL, for an element of an array. One thread at a time.
 */
#ifndef MTASYNC_APP_JSON_TEXT_H
#define MTASYNC_APP_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct document;

struct json_text {
	struct document *document; /* so far; NULL: memory was short */
	size_t room;               /* bytes that fit into it */
	unsigned depth;            /* objects and arrays that are open */
	bool first;                /* nothing is in the innermost yet */
};

/* Begins the document with an object, which json_text_end() ends. */
void json_text_begin(struct json_text *text);

/* Begins an object or an array, and ends the innermost. */
void json_text_open_object(struct json_text *text, const char *name);
void json_text_open_array(struct json_text *text, const char *name);
void json_text_close_object(struct json_text *text);
void json_text_close_array(struct json_text *text);

/* Writes a string: of UTF-8, of which each byte that is none becomes U+FFFD; or of
 * octets, each of which is the character of its number, so that none is lost. A span
 * without data is null. */
void json_text_put_string(struct json_text *text, const char *name,
    struct span value);
void json_text_put_octets(struct json_text *text, const char *name,
    struct span value);

/* Writes a string with the base64 of a value (RFC 4648 4). */
void json_text_put_base64(struct json_text *text, const char *name,
    struct span value);

void json_text_put_number(struct json_text *text, const char *name,
    uint64_t number);

/* Writes a time, in ns since 1970: see json_put_time(). */
void json_text_put_time(struct json_text *text, const char *name, int64_t wall);

/* Ends the document, and returns it, the caller's to free; or NULL, where memory was
 * short. */
struct document *json_text_end(struct json_text *text);

#endif
