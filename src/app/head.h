/*
 * head: the head of an answer as HTTP/1.1 has it (RFC 9112 4 to 6).
 */
#ifndef MTASYNC_APP_HEAD_H
#define MTASYNC_APP_HEAD_H

#include "app/answer.h"
#include "http/added.h"
#include "http/request.h"

/* Up to this size, a content in memory is copied behind its head: that costs
 * less than sending from two places. */
#define HEAD_CONTENT_MAX ((size_t)16 * 1024)

/* All that a head may have but for Location and the operator's fields. */
#define HEAD_OWN_MAX ((size_t)1024)

/* The room that a head and a content behind it may need. */
#define HEAD_ROOM ((size_t)28 * 1024)

/* How the connection goes on, and whether that has to be said (RFC 9112 9.3:
 * in HTTP/1.1 it is kept, in HTTP/1.0 closed, unless a field says so). */
enum head_connection {
	HEAD_KEEP,     /* it goes on, which goes without saying */
	HEAD_KEEP_OLD, /* likewise, which an HTTP/1.0 client has to be told */
	HEAD_CLOSE,    /* it closes behind the answer */
};

/*
 * Writes the head of an answer that is at PIECE_HEAD into HEAD_ROOM bytes, with
 * the site's added fields; and behind it a small content that the plan has come
 * next, which is not yielded any more then. Returns the size. Only the thread
 * that began the answer.
 */
size_t head_write(struct answer *answer, const struct site_config *site,
    const struct moment *moment, enum head_connection connection, char *room);

#endif
