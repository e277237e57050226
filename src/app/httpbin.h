/*
 * httpbin: the paths that users of httpbin and go-httpbin know, with --httpbin: a
 * row for each. A row's function turns a request into the words that /sleep and
 * rules are said with, and into a message; httpbin.c has both carried out, over the
 * operator's rule for the path. Known to the files of these functions alone; the
 * thread that owns the app.
 */
#ifndef MTASYNC_APP_HTTPBIN_H
#define MTASYNC_APP_HTTPBIN_H

#include "app/httpbin_query.h"
#include "app/httpbin_view.h"
#include "app/route.h"
#include "base/text.h"
#include "http/conditions.h"

/* Segments of a path behind its name; and that there may be any, which are not
 * looked at. */
#define HTTPBIN_SEGMENTS_MAX 2
#define HTTPBIN_SEGMENTS_ANY 9

#define HTTPBIN_GET (1U << HTTP_GET | 1U << HTTP_HEAD)
#define HTTPBIN_ANY                                                    \
 (HTTPBIN_GET | 1U << HTTP_POST | 1U << HTTP_PUT | 1U << HTTP_DELETE | \
     1U << HTTP_PATCH)

/*
 * X(function, path, methods, least, most): httpbin_FUNCTION() answers `path` with
 * `least` to `most` segments behind it. Whose path begins like another's comes
 * before that.
 */
#define HTTPBIN_TABLE(X)                                       \
 X(delay, "delay", HTTPBIN_ANY, 1, 1)                          \
 X(drip, "drip", HTTPBIN_ANY, 0, 0)                            \
 X(sse, "sse", HTTPBIN_ANY, 0, 0)                              \
 X(jsonl, "jsonl", HTTPBIN_ANY, 0, 0)                          \
 X(stream, "stream", HTTPBIN_ANY, 1, 1)                        \
 X(bytes, "bytes", HTTPBIN_ANY, 1, 1)                          \
 X(stream_bytes, "stream-bytes", HTTPBIN_ANY, 1, 1)            \
 X(range, "range", HTTPBIN_ANY, 1, 1)                          \
 X(status, "status", HTTPBIN_ANY, 1, 1)                        \
 X(unstable, "unstable", HTTPBIN_ANY, 0, 0)                    \
 X(retry, "retry", HTTPBIN_ANY, 0, HTTPBIN_SEGMENTS_ANY)       \
 X(redirect, "redirect", HTTPBIN_ANY, 1, 1)                    \
 X(relative_redirect, "relative-redirect", HTTPBIN_ANY, 1, 1)  \
 X(absolute_redirect, "absolute-redirect", HTTPBIN_ANY, 1, 1)  \
 X(redirect_to, "redirect-to", HTTPBIN_ANY, 0, 0)              \
 X(get, "get", HTTPBIN_GET, 0, 0)                              \
 X(head, "head", 1U << HTTP_HEAD, 0, 0)                        \
 X(post, "post", 1U << HTTP_POST, 0, 0)                        \
 X(put, "put", 1U << HTTP_PUT, 0, 0)                           \
 X(patch, "patch", 1U << HTTP_PATCH, 0, 0)                     \
 X(delete, "delete", 1U << HTTP_DELETE, 0, 0)                  \
 X(anything, "anything", HTTPBIN_ANY, 0, HTTPBIN_SEGMENTS_ANY) \
 X(headers, "headers", HTTPBIN_ANY, 0, 0)                      \
 X(ip, "ip", HTTPBIN_ANY, 0, 0)                                \
 X(user_agent, "user-agent", HTTPBIN_ANY, 0, 0)                \
 X(uuid, "uuid", HTTPBIN_ANY, 0, 0)                            \
 X(hostname, "hostname", HTTPBIN_ANY, 0, 0)                    \
 X(trailers, "trailers", HTTPBIN_ANY, 0, 0)                    \
 X(response_headers, "response-headers", HTTPBIN_ANY, 0, 0)    \
 X(cache, "cache", HTTPBIN_ANY, 0, 1)                          \
 X(etag, "etag", HTTPBIN_ANY, 1, 1)                            \
 X(base64, "base64", HTTPBIN_ANY, 1, 2)                        \
 X(basic_auth, "basic-auth", HTTPBIN_ANY, 2, 2)                \
 X(bearer, "bearer", HTTPBIN_ANY, 0, 0)                        \
 X(cookies_set, "cookies/set", HTTPBIN_ANY, 0, 0)              \
 X(cookies_delete, "cookies/delete", HTTPBIN_ANY, 0, 0)        \
 X(cookies, "cookies", HTTPBIN_ANY, 0, 0)                      \
 X(deny, "deny", HTTPBIN_ANY, 0, 0)                            \
 X(robots, "robots.txt", HTTPBIN_ANY, 0, 0)                    \
 X(utf8, "encoding/utf8", HTTPBIN_GET, 0, 0)                   \
 X(html, "html", HTTPBIN_ANY, 0, 0)                            \
 X(json, "json", HTTPBIN_ANY, 0, 0)                            \
 X(xml, "xml", HTTPBIN_ANY, 0, 0)

/* A request that is being answered. */
struct httpbin {
	const struct app_request *request;
	struct answer *answer;
	struct span segments[HTTPBIN_SEGMENTS_MAX];
	unsigned segment_count;
	struct httpbin_query query;
	struct behaviour asked; /* the words that it comes to */
	struct text fields;     /* field lines, each with its CRLF; */
	size_t common;          /* bytes of those that all answers have */

	/* what words do not say; 0 or NULL: as they have it */
	uint8_t made;               /* enum made_kind, in place of theirs */
	uint64_t first;             /* of letters: see struct made */
	uint64_t step;              /* see struct flow */
	struct text tail, trailers; /* likewise */
	/* makes the message suit a status that was drawn */
	void (*dress)(struct httpbin *bin);
};

/* Each makes the message, and sets the words. Returns true; or false where the
 * message is a refusal, which is sent at once. */
#define HTTPBIN_PROTOTYPE(id, path, methods, least, most) \
 bool httpbin_##id(struct httpbin *bin);
HTTPBIN_TABLE(HTTPBIN_PROTOTYPE)
#undef HTTPBIN_PROTOTYPE

/* ---- what they share ---- */

/* Answers a fault, as JSON that says what it is by printf's formatting; fields that
 * have been added are taken back. Returns false. */
bool httpbin_refuse(struct httpbin *bin, unsigned status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* Makes a document of a constant type, of a content that is used up. Returns it, to
 * be freed by free(); or NULL where memory is short. */
struct document *httpbin_document(const char *type, struct text *text);

/* Makes the message a content of a constant type, which is used up. Returns false
 * where memory is short, as httpbin_refuse(). */
bool httpbin_use(struct httpbin *bin, const char *type, struct text *text);

#define HTTPBIN_JSON "application/json; charset=utf-8"
#define HTTPBIN_TEXT "text/plain; charset=utf-8"

/* Adds a field. Returns false where it can't be one. */
bool httpbin_field(struct httpbin *bin, struct span name, struct span value);

/* Says a word, by printf's formatting; of texts that go into a head, none. Returns
 * false where it is over a limit, as httpbin_refuse(). */
bool httpbin_say(struct httpbin *bin, enum word word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says a word of a time. */
bool httpbin_say_time(struct httpbin *bin, enum word word, int64_t ns);

/* A parameter, with its bounds. */
struct httpbin_bounds {
	const char *name;
	int64_t least, most;
};

/* Each reads a text, which is that of the parameter unless it is empty: of an empty
 * one, the number stays. Returns false where it is none, or out of bounds, as
 * httpbin_refuse(). */
bool httpbin_read_count(struct httpbin *bin, struct span text,
    const struct httpbin_bounds *bounds, int64_t *number);
bool httpbin_read_span(struct httpbin *bin, struct span text,
    const struct httpbin_bounds *bounds, int64_t *ns);

/* The first value of the query's parameter with a name; or an empty text. */
static inline struct span
httpbin_parameter(const struct httpbin *bin, const char *name)
{
	return httpbin_query_get(&bin->query, name);
}

/* Reads a seed, which becomes one of ours. Sets *given where there is one. */
bool httpbin_read_seed(struct httpbin *bin, int64_t *seed, bool *given);

/* Makes the message a 302 that leads to a path. */
bool httpbin_lead_to(struct httpbin *bin, const char *path);

/* Makes the message the request as JSON, at once; or with its body, once that has
 * come. */
bool httpbin_reply(struct httpbin *bin);
bool httpbin_reply_whole(struct httpbin *bin);

/* Evaluates the request's conditions (RFC 9110 13). Returns true where they make it
 * a 304 or a 412, which the message is then. */
bool httpbin_check(struct httpbin *bin,
    const struct http_validators *validators);

/* Whether a browser may take a content of this type for a page. */
bool httpbin_is_dangerous(struct span type);

/* Tells what the request says of itself; `asker` lives as long as the view. */
void httpbin_look(const struct httpbin *bin, struct asker *asker,
    struct httpbin_view *view);

/* The value of the request's first field with a name; or an empty one. */
struct span httpbin_request_field(const struct httpbin *bin, const char *name);

/* Returns a random number. */
uint64_t httpbin_random(const struct httpbin *bin, uint64_t place);

#endif
