/*
 * drawn: what has been drawn for one request, or is done to it for certain: its
 * delay, status, size and fault; and how it is told. Any thread.
 */
#ifndef MTASYNC_APP_DRAWN_H
#define MTASYNC_APP_DRAWN_H

#include "app/behaviour.h"

/* Room for what drawn_write() and drawn_write_json() write. */
#define DRAWN_TEXT_MAX 1024

/* The words that are told of: not those that say more of another one, nor those
 * that the client sees. */
#define DRAWN_WORDS                                                           \
 (WORD_FLAG(WORD_DELAY) | WORD_FLAG(WORD_STATUS) | WORD_FLAG(WORD_SIZE) |     \
     WORD_FLAG(WORD_EVENTS) | WORD_FLAG(WORD_LINES) | WORD_FLAG(WORD_OVER) |  \
     WORD_FLAG(WORD_RATE) | WORD_FLAG(WORD_EVERY) | WORD_FLAG(WORD_FRAMING) | \
     WORD_FLAG(WORD_HEADRATE) | WORD_FLAG(WORD_INTERIM) |                     \
     WORD_FLAG(WORD_FAULT) | WORD_FLAG(WORD_CLOSE) | WORD_FLAG(WORD_FAIL) |   \
     WORD_FLAG(WORD_DOWN) | WORD_FLAG(WORD_KEY) | WORD_FLAG(WORD_POOL))

struct drawn {
	struct roll roll;
	int64_t delay;  /* ns */
	int64_t size;   /* bytes */
	uint32_t words; /* WORD_FLAG() of DRAWN_WORDS that act on the answer */
	uint32_t
	    skipped; /* likewise: of these, those that could not be applied */
	uint32_t
	    limited; /* likewise: those that were brought down to a limit */
	uint16_t status;
	uint8_t fault; /* enum fault */
	bool
	    chance : 1; /* something was drawn: the seed and the ordinal count */
	bool refused : 1; /* with WORD_POOL: it had no slot */
};

/* By what is drawn. */
struct drawn_source {
	struct roll roll;
	int64_t most; /* ns: the longest delay, and pace with it */
	int64_t wall; /* ns since the epoch, for outages */
};

/*
 * Draws all that `behaviour` says, but the gaps, for one request. A word that
 * has not come, by its chance, or that `fail` or `down` have for other
 * requests, is not among `words`. A delay, and `over` with it, is `most` ns at
 * most.
 */
void drawn_make(struct drawn *drawn, const struct behaviour *behaviour,
    const struct drawn_source *source);

/* Returns for how many ns an outage goes on that is now; 0: none is, or the
 * behaviour says none. */
int64_t drawn_outage(const struct behaviour *behaviour, int64_t wall);

static inline bool
drawn_has(const struct drawn *drawn, enum word word)
{
	return (drawn->words & ~drawn->skipped & WORD_FLAG(word)) != 0;
}

/* The names that are told: of the key, and of the pool; where the words are. */
struct drawn_names {
	struct span key, pool;
};

/*
 * Writes a dictionary of structured fields (RFC 9651 3.2) into DRAWN_TEXT_MAX
 * bytes: `delay=203.114, status=503, seed=7, n=3`, times in ms. What could not be
 * applied has the parameter `skipped`, what was over a limit `limited`, a pool
 * without a slot `refused`. Returns the size: 0 where there is nothing to tell.
 */
size_t drawn_write(const struct drawn *drawn, const struct drawn_names *names,
    char *room);

/* Writes the same as an object of JSON: what was skipped or
 * limited is listed by members of these names. Returns the size, or 0. */
size_t drawn_write_json(const struct drawn *drawn,
    const struct drawn_names *names, char *room);

#endif
