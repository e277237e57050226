/*
 * answer: what is said to one request, piece by piece.
 *
 * An answer never waits, holds no socket and no span into the request: whoever
 * runs the connection asks for the next piece, carries it out in its own way
 * (a timer, a blocking wait, a send), and asks again.
 */
#ifndef MTASYNC_APP_ANSWER_H
#define MTASYNC_APP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/moment.h"
#include "app/site.h"
#include "base/span.h"
#include "http/ranges.h"

enum piece_kind {
	PIECE_BYTES, /* these bytes, written into the asker's room */
	PIECE_LENT,  /* these bytes, which live until answer_fini() */
	PIECE_FILE,  /* this range of this open file, until answer_fini() */
	PIECE_UNTIL, /* nothing more before this time */
	PIECE_KEEP,  /* the end: the connection goes on */
	PIECE_CLOSE, /* the end: the connection closes */
};

struct piece {
	enum piece_kind kind;
	union {
		struct span bytes; /* PIECE_BYTES, PIECE_LENT */
		struct {
			size_t size; /* bytes, never 0 */
			off_t offset;
			int fd;
		} file;        /* PIECE_FILE */
		int64_t until; /* PIECE_UNTIL, as clock_now() */
	};
};

/* The room that answer_next() may write PIECE_BYTES into. */
#define ANSWER_ROOM ((size_t)24 * 1024)

enum answer_step {
	ANSWER_ASLEEP, /* nothing before `due` */
	ANSWER_HEAD,
	ANSWER_PART, /* between two ranges, or after the last one */
	ANSWER_BODY,
	ANSWER_END,
};

struct parts;

/* Private to src/app, but for what says so. */
struct answer {
	struct site *site;
	struct file *file;   /* the body, a counted reference; or NULL */
	const char *fault;   /* without a file: what the body says, constant */
	struct parts *parts; /* owned, several ranges; or NULL */
	uint64_t start;      /* of the content: the first byte, and how many, */
	uint64_t size;       /* of the file or of the range that comes next */
	char *location;      /* owned, the Location of a redirect; or NULL */
	int64_t due;         /* ANSWER_ASLEEP: no byte before; 0: not set yet */
	int64_t asked;       /* the sleep asked for, ns; -1: it is none */
	uint64_t content;    /* public: bytes of content yielded so far */
	uint16_t status;     /* public: the one that is, or will be, sent */
	uint8_t step;        /* enum answer_step */
	bool head_only;      /* HEAD: no content */
	bool old_version;    /* asked in HTTP/1.0 */
	bool keep;           /* the connection may go on */
	bool allow;          /* carries Allow */
};

/* Begins an answer that has yet to be told what it says. */
void answer_init(struct answer *answer, struct site *site);

/*
 * Makes the answer what the site has for a query: the file, or the status and
 * page of its absence. May wait for the disk.
 */
void answer_find(struct answer *answer, const struct site_query *query,
    const struct moment *moment);

/*
 * Makes it a status and a sentence, constant or NULL, without a file; the
 * connection goes on as before.
 */
void answer_fail(struct answer *answer, unsigned status, const char *fault);

/*
 * Makes a 206 of a 200 with a file. It stays a 200, as RFC 9110 14.2 allows,
 * for several ranges where memory is short, or where the file is coded: their
 * frame is not, so that no Content-Encoding would be true.
 */
void answer_select(struct answer *answer, const struct http_ranges *ranges);

/* Makes a 416 of it (RFC 9110 15.5.17). */
void answer_refuse_ranges(struct answer *answer);

/*
 * Lets the site's front page follow `asked` nanoseconds after answer_next() is
 * called first, which is when the whole request is there.
 */
void answer_sleep(struct answer *answer, int64_t asked);

/*
 * Says what comes next. `room` has ANSWER_ROOM bytes. After PIECE_UNTIL it is
 * asked again at that time or later, after PIECE_KEEP or PIECE_CLOSE never.
 * May wait for the disk. Only the thread that began the answer.
 */
void answer_next(struct answer *answer, const struct moment *moment, char *room,
    struct piece *piece);

/*
 * Makes a status and a sentence, constant while it lives, of an answer whose
 * head has not been yielded yet, even of a sleep; the connection goes on as
 * before.
 */
void answer_replace(struct answer *answer, unsigned status, const char *fault);

/*
 * Makes a refusal, after which the connection closes, of an answer whose head
 * has not been yielded yet. `fault` is a constant sentence for the body.
 */
void answer_refuse(struct answer *answer, unsigned status, const char *fault);

/* Lets the connection close after this answer, whose head is not out yet. */
void answer_close(struct answer *answer);

/* Whether any of its bytes has been yielded. */
static inline bool
answer_has_begun(const struct answer *answer)
{
	return answer->step > ANSWER_HEAD;
}

/*
 * Whether nobody has written to the file of a PIECE_FILE since the head told of
 * it; to be asked before its last bytes are sent. Costs one fstat(2).
 */
bool answer_is_true(const struct answer *answer);

/* Lets go of what the answer holds, at any step. */
void answer_fini(struct answer *answer);

#endif
