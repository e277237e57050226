/* request: what the head of a request says (RFC 9110, RFC 9112 2 to 7). */
#ifndef MTASYNC_HTTP_REQUEST_H
#define MTASYNC_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define HTTP_METHOD_MAX 32    /* bytes of a method; over it, 501 */
#define HTTP_TARGET_MAX 8192  /* bytes of a request target; over it, 414 */
#define HTTP_HEAD_MAX   32768 /* bytes of a whole head; over it, 431 */
#define HTTP_FIELDS_MAX 100   /* field lines of a head; over it, 431 */
#define HTTP_HOST_KEPT  64    /* bytes of a Host that is known again */

enum http_parse {
	HTTP_OK,   /* complete */
	HTTP_MORE, /* well-formed so far, and not complete */
	HTTP_BAD,  /* malformed, ambiguous or over a limit */
};

/* The methods of RFC 9110 9.3 and RFC 5789. */
enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_OPTIONS,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_TRACE,
	HTTP_CONNECT,
	HTTP_METHOD_UNKNOWN, /* a token, but none of these */
};

/* The fields that somebody asks for by name. */
#define HTTP_FIELD_TABLE(X)                    \
 X(ACCEPT, "accept")                           \
 X(ACCEPT_ENCODING, "accept-encoding")         \
 X(CONNECTION, "connection")                   \
 X(CONTENT_LENGTH, "content-length")           \
 X(EXPECT, "expect")                           \
 X(HOST, "host")                               \
 X(IF_MATCH, "if-match")                       \
 X(IF_MODIFIED_SINCE, "if-modified-since")     \
 X(IF_NONE_MATCH, "if-none-match")             \
 X(IF_RANGE, "if-range")                       \
 X(IF_UNMODIFIED_SINCE, "if-unmodified-since") \
 X(RANGE, "range")                             \
 X(REFERER, "referer")                         \
 X(TRANSFER_ENCODING, "transfer-encoding")     \
 X(USER_AGENT, "user-agent")

enum http_field_id {
#define HTTP_FIELD_ENUM(id, name) HTTP_FIELD_##id,
	HTTP_FIELD_TABLE(HTTP_FIELD_ENUM)
#undef HTTP_FIELD_ENUM
	HTTP_FIELD_OTHER, /* any other name; also the number of the known */
};

/* A bit for each known field, for http_request.present. */
#define HTTP_FIELD_BIT(id) (1U << (id))

struct http_field {
	enum http_field_id id;
	struct span name;  /* as sent */
	struct span value; /* without the white space around it */
};

/* How the body is delimited (RFC 9112 6.3). */
enum http_framing {
	HTTP_FRAMING_NONE,    /* no body */
	HTTP_FRAMING_LENGTH,  /* content_length bytes, which may be 0 */
	HTTP_FRAMING_CHUNKED, /* RFC 9112 7.1 */
};

/*
 * All spans point into the input, and live no longer (but a path of "/" that
 * an absolute-form target leaves out is a constant).
 */
struct http_request {
	enum http_method method; /* HTTP_METHOD_UNKNOWN until it is read */
	unsigned minor;          /* of HTTP/1.x; above 1 is treated as 1 */
	bool keep_alive;         /* the client lets the connection go on */
	bool expects_continue;   /* Expect: 100-continue, never from HTTP/1.0 */
	enum http_framing framing;
	uint64_t content_length; /* with HTTP_FRAMING_LENGTH */
	struct span method_name; /* as sent */
	struct span target;      /* as sent */
	struct span version;     /* as sent: `HTTP/1.1` */
	struct span authority; /* of the target, else Host's; data NULL: none */
	struct span path;      /* not decoded; "*"; empty of CONNECT */
	struct span query;     /* after the '?', not decoded; data NULL: none */
	uint32_t present;      /* HTTP_FIELD_BIT() of the fields that occur */
	uint32_t repeated;     /* the same, of those in several lines */
	size_t head_size;      /* HTTP_OK: bytes from the input's start on */
	unsigned status;       /* HTTP_BAD: the status to answer with */
	const char *fault; /* HTTP_BAD: what is wrong, a constant sentence */
	unsigned field_count;

	/* from here on, what the next parse does not clear */
	size_t host_size;          /* of `host`; 0: there is none */
	char host[HTTP_HOST_KEPT]; /* the last Host that was valid */
	struct http_field fields[HTTP_FIELDS_MAX];
};

/*
 * Sets status and fault, and keep_alive to false; returns HTTP_BAD. For the
 * files of the parser.
 */
enum http_parse http_request_refuse(struct http_request *request,
    unsigned status, const char *fault);

/*
 * The value of the first field with this id; data is NULL where there is none.
 * The fields whose values are lists may come in several lines: walk fields[].
 */
struct span http_request_field(const struct http_request *request,
    enum http_field_id id);

#endif
