/*
 * record: what a line of the access log says. The record is what was asked, taken
 * down at the request's head; the outcome is what became of it. http/combined and
 * http/json_line each make a line of the two.
 */
#ifndef MTASYNC_HTTP_RECORD_H
#define MTASYNC_HTTP_RECORD_H

#include <stdint.h>

#include "http/record_fields.h"
#include "http/request.h"

/* Bytes of a method, target, Referer or User-Agent in a line, as escaped there;
 * longer ones are cut. */
#define RECORD_FIELD_MAX 4096

/* Bytes of outcome.did. */
#define RECORD_DID_MAX 1024

/* Bytes of outcome.tls. */
#define RECORD_TLS_MAX 2048

/* Room for the longest line of each format. */
#define RECORD_LINE_MAX                                                    \
 ((size_t)4 * RECORD_FIELD_MAX + RECORD_FIELDS_TEXT_MAX + RECORD_DID_MAX + \
     RECORD_TLS_MAX + 1024)

/* The formats of the log. */
enum record_format {
	RECORD_OFF, /* there is no log */
	RECORD_COMBINED,
	RECORD_JSON,
};

enum record_field {
	RECORD_METHOD,
	RECORD_TARGET, /* none: the request line could not be read */
	RECORD_REFERER,
	RECORD_AGENT,
	RECORD_FIELDS,
};

/* record.late, while no wait is over. */
#define RECORD_NOT_AWAKE UINT32_MAX

/* No member is larger than need be, since each request that sleeps has one. */
struct record {
	int64_t wall;  /* when the head came, ns of CLOCK_REALTIME */
	int64_t begun; /* the same, as clock_now() */
	uint32_t late; /* how much later than its time the last wait ended, in
			* us; or RECORD_NOT_AWAKE */
	uint16_t sizes[RECORD_FIELDS]; /* in bytes, or RECORD_NONE */
	uint16_t shown;                /* bytes of record_shown() */
	char major,
	    minor;   /* of HTTP, digits; NUL: the request has no version */
	char text[]; /* the fields as sent, in that order, and what is shown */
};

/* The size of a field that the request does not have. */
#define RECORD_NONE UINT16_MAX

/* outcome.sleep, .late and .queued, where there is none. */
#define RECORD_NO_TIME INT64_C(-1)

struct outcome {
	const char *peer; /* the client's address; NULL: unknown */
	unsigned status;
	uint64_t bytes; /* of content */

	/* the rest is for json_line_write() */
	int64_t lasted;   /* from the head to the end of the answer, ns */
	int64_t sleep;    /* how long the answer was to wait, ns */
	int64_t late;     /* how much later the last wait ended, ns */
	int64_t queued;   /* how long it waited for a slot, ns */
	bool left;        /* the client has left before the answer was whole */
	unsigned worker;  /* that served it, from 0 */
	unsigned request; /* its number on the connection; 0: unknown */
	uint64_t connection; /* its number in the process; 0: unknown */

	/* What was done to the answer on purpose: a JSON object on one line, of at
	 * most RECORD_DID_MAX bytes; empty: nothing. */
	struct span did;

	/* How the connection is secured: a JSON object on one line, of at most
	 * RECORD_TLS_MAX bytes; empty: it is not. */
	struct span tls;

	/* What is shown of the request's fields: see http/record_fields.h. */
	struct span shown;
};

/*
 * Returns how many bytes of memory the record of a request takes, for
 * record_take(). NULL for `request`: none that could be read. Any thread.
 */
size_t record_size(const struct http_request *request);

/*
 * Takes down a request whose head came at `wall` and `begun` (see struct record),
 * in record_size() bytes, aligned as malloc() does: a copy, since the request is
 * gone when the line is written. Any thread.
 */
void record_take(struct record *record, int64_t wall, int64_t begun,
    const struct http_request *request);

/* Takes down what is shown of the request's fields, in so many bytes more than
 * record_size() says; after record_take(). */
void record_take_shown(struct record *record, struct span shown);

/* Returns that; empty: nothing was taken down. */
struct span record_shown(const struct record *record);

/* Writes the request's version, as in `HTTP/1.1`, where it has one; returns its end. */
char *record_put_version(const struct record *record, char *out);

/* Takes down by how many ns the last wait of the answer ended late. */
void record_note_late(struct record *record, int64_t late);

/* Whether a byte stands in a line as it is, in both formats. */
static inline bool
record_is_plain(char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

/* Finds the fields in the record; data is NULL where there is none. */
void record_find(const struct record *record,
    struct span fields[RECORD_FIELDS]);

#endif
