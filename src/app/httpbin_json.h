/*
 * httpbin_json: JSON (RFC 8259) as httpbin's paths answer it. Octets that are not
 * UTF-8 become U+FFFD. Any thread.
 */
#ifndef MTASYNC_APP_HTTPBIN_JSON_H
#define MTASYNC_APP_HTTPBIN_JSON_H

#include "app/httpbin_query.h"
#include "base/text.h"

/* A string, with its quotes. */
void httpbin_json_string(struct text *text, struct span value);

/* Sorts pairs, and writes them as an object whose members are lists: of the values
 * of one name, in their order. `html`: all is escaped for HTML, too. */
void httpbin_json_lists(struct text *text, struct httpbin_query *query,
    bool html);

/* The same as an object of strings, of the last value of each name. */
void httpbin_json_strings(struct text *text, struct httpbin_query *query);

/* Returns the size of the JSON value that a text begins with, blanks before it
 * included; or 0 where it is none, or is more than HTTPBIN_DEPTH deep. */
#define HTTPBIN_DEPTH 64
size_t httpbin_json_read(struct span text);

/* `<`, `>`, `&` and quotes as HTML has to have them. */
void httpbin_html_escape(struct text *text, struct span value);

#endif
