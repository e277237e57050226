/*
 * behaviour: how requests are to be answered, as the words of a rule or of a
 * query say it (app/words). Plain data; its spans lie in the text that was parsed.
 */
#ifndef MTASYNC_APP_BEHAVIOUR_H
#define MTASYNC_APP_BEHAVIOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "app/choice.h"
#include "app/when.h"
#include "base/clock.h"
#include "base/span.h"

/* How many of the words that may be repeated there may be. */
#define BEHAVIOUR_INTERIMS_MAX 8
#define BEHAVIOUR_HEADERS_MAX  16

/* Bytes of all headers, and of the type, as they stand in a head. */
#define BEHAVIOUR_FIELDS_MAX 4096
#define BEHAVIOUR_TYPE_MAX   256

/* Bytes of a key, and of the name of a field that has it. */
#define BEHAVIOUR_KEY_MAX 64

/* The longest period of outages, and the longest Retry-After: a year. */
#define BEHAVIOUR_PERIOD_MAX (INT64_C(366) * 24 * 3600 * CLOCK_S)

/* For behaviour.retry_after: until the end of the outage. */
#define BEHAVIOUR_AUTO INT64_C(-1)

enum word {
	WORD_DELAY,
	WORD_AT,
	WORD_STATUS,
	WORD_RETRY_AFTER,
	WORD_HEADER,
	WORD_SIZE,
	WORD_FILL,
	WORD_EVENTS,
	WORD_LINES,
	WORD_TYPE,
	WORD_OVER,
	WORD_RATE,
	WORD_EVERY,
	WORD_CHUNK,
	WORD_FRAMING,
	WORD_HEADRATE,
	WORD_INTERIM,
	WORD_FAULT,
	WORD_AFTER,
	WORD_FOR,
	WORD_CLOSE,
	WORD_FAIL,
	WORD_DOWN,
	WORD_PHASE,
	WORD_KEY,
	WORD_POOL,
	WORD_SEED,
	WORDS,
};

#define WORD_FLAG(word) (UINT32_C(1) << (word))

/* The paces of a body; and all words that say something of a body. */
#define BEHAVIOUR_PACE \
 (WORD_FLAG(WORD_OVER) | WORD_FLAG(WORD_RATE) | WORD_FLAG(WORD_EVERY))
#define BEHAVIOUR_BODY                                             \
 (BEHAVIOUR_PACE | WORD_FLAG(WORD_SIZE) | WORD_FLAG(WORD_EVENTS) | \
     WORD_FLAG(WORD_LINES) | WORD_FLAG(WORD_TYPE) | WORD_FLAG(WORD_FRAMING))

/* Where the delay falls. */
enum at {
	AT_HEAD, /* before the head */
	AT_BODY, /* between head and body */
	AT_END,  /* before the last byte of the body that goes out */
};

/* How the body's end is told (RFC 9112 6.3). */
enum framing {
	FRAMING_LENGTH,
	FRAMING_CHUNKED,
	FRAMING_CLOSE,
};

/* What goes wrong on purpose. */
enum fault {
	FAULT_CLOSE,    /* a FIN in place of the answer */
	FAULT_RESET,    /* likewise, a RST */
	FAULT_HANG,     /* nothing more, for a time, and then a RST */
	FAULT_TRUNCATE, /* a FIN within the body */
	FAULT_GARBAGE,  /* bytes that are no HTTP, and a FIN */
	FAULT_LENGTH,   /* a Content-Length that is one too many */
	FAULT_CHUNK,    /* a chunk whose size is none */
};

/* Where a request's key comes from. */
enum key_from {
	KEY_TEXT,   /* it is `text` */
	KEY_HEADER, /* the request's field of the name `text` has it */
	KEY_PEER,   /* it is the client's address */
};

struct pool;

struct behaviour {
	uint32_t given;    /* WORD_FLAG() of those that were said */
	struct when delay; /* WORD_DELAY */
	struct when every; /* WORD_EVERY */
	struct choice status, size, fault;
	int64_t at;             /* enum at */
	int64_t framing;        /* enum framing */
	int64_t retry_after;    /* ns, or BEHAVIOUR_AUTO */
	int64_t over, hang;     /* ns; `hang` is WORD_FOR */
	int64_t rate, headrate; /* bytes a second */
	int64_t chunk, after;   /* bytes */
	int64_t events, lines;  /* how many */
	int64_t fill, seed;
	int64_t fail;     /* attempts */
	bool fail_delays; /* the delay, too, is for those that fail alone */
	int64_t phase;    /* ns */
	struct {
		int64_t on, period; /* ns */
	} down;
	struct {
		enum key_from from;
		struct span text;
	} key;
	struct pool *pool; /* lives as long as what the words belong to */
	uint64_t close;    /* a share */
	unsigned interim_count;
	uint16_t interims[BEHAVIOUR_INTERIMS_MAX];
	unsigned header_count;
	struct span headers[BEHAVIOUR_HEADERS_MAX]; /* as `Name:value` */
	struct span type;
};

/* Whether a word has been said. */
static inline bool
behaviour_says(const struct behaviour *behaviour, enum word word)
{
	return (behaviour->given & WORD_FLAG(word)) != 0;
}

#endif
