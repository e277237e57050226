/* parsing: what the tests of the request parser share: rows and splits. */
#ifndef MTASYNC_TESTS_PARSING_H
#define MTASYNC_TESTS_PARSING_H

#include "guard.h"
#include "http/request.h"

#define PARSING_TEXT_MAX 65536

/* A head, and the verdict on it as parsing_describe() writes it. */
struct parsing_row {
	const char *name;
	struct span input;
	const char *verdict;
};

#define ROW(name, input, verdict)             \
 {                                            \
  name, { input, sizeof(input) - 1 }, verdict \
 }

/* A request that has nothing special but these field lines. */
#define FIELDS(lines)          "GET / HTTP/1.1\r\nHost: h\r\n" lines "\r\n"
#define FIELDS10(lines)        "GET / HTTP/1.0\r\n" lines "\r\n"
#define TARGET(method, target) method " " target " HTTP/1.1\r\nHost: h\r\n\r\n"
#define HOST(value)            "GET / HTTP/1.1\r\nHost:" value "\r\n\r\n"

#define PLAIN "GET / @h 1.1 keep none"

/* Memory of a test; the input always ends at the guard page. */
struct parsing {
	struct guard guard;
	struct http_request request;
	char whole[PARSING_TEXT_MAX];
	char text[PARSING_TEXT_MAX];
};

/* Set-up and tear-down of a group: *state is a struct parsing. */
int parsing_open(void **state);
int parsing_close(void **state);

/* Appends to text, which has PARSING_TEXT_MAX bytes. */
void parsing_print(char *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes `GET /a ?q @host 1.1 keep length=5 expects`, `400` or `more`. */
void parsing_describe(char *text, enum http_parse result,
    const struct http_request *request);

/* Writes all that the verdict holds, to compare one with another. */
void parsing_describe_all(char *text, enum http_parse result,
    const struct http_request *request);

/* Parses the first `size` bytes of `input`. */
enum http_parse parsing_parse(struct parsing *p, struct span input, size_t size,
    size_t seen);

/*
 * The request of a well-formed head with a field or more, the value of the
 * last of which ends at the guard page. It lives in *p.
 */
const struct http_request *parsing_make_request(struct parsing *p,
    const char *head);

/*
 * Feeds the input `step` bytes at a time, the first piece having `first`, and
 * checks that the verdict is the one in p->whole; returns how many bytes it
 * took.
 */
size_t parsing_check_pieces(struct parsing *p, struct span input, size_t first,
    size_t step);

/* Checks rows, whole, split at each byte, and byte by byte. */
void parsing_check_rows(struct parsing *p, const struct parsing_row *rows,
    size_t count);

#define CHECK_ROWS(state, rows) \
 parsing_check_rows(*(state), rows, sizeof(rows) / sizeof((rows)[0]))

#endif
