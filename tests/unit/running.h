/* running: whole answers, with a clock that goes as fast as they want. For programs
 * that are linked with -Wl,--wrap=clock_gettime. */
#ifndef MTASYNC_TESTS_RUNNING_H
#define MTASYNC_TESTS_RUNNING_H

#include "asking.h"

#define RUNNING_MAX ((size_t)2 * 1024 * 1024)

/* All that came of an answer, as a client gets it. */
struct running {
	char bytes[RUNNING_MAX + 1]; /* a string, unless it has a NUL itself */
	size_t size;
	const char *body; /* behind the head; NULL: there was none */
	size_t body_size;
	int64_t start;      /* when it was asked for, */
	int64_t first;      /* when its first byte came, ns later; -1: never, */
	int64_t body_first; /* that of its content, */
	int64_t last;       /* its last byte, */
	int64_t ended;      /* and its end */
	unsigned pieces;    /* with bytes */
	unsigned waits;
	bool hung;
	bool reset; /* not a FIN, or the next answer */
	bool keep;
};

/* Asks, and takes all of the answer. */
void running_ask(struct running *running, struct asking *asking,
    const char *request);

/* The same, of GET, HTTP/1.1. */
void running_get(struct running *running, struct asking *asking,
    const char *target);

/* Returns the content that comes in chunks, decoded, and puts its size into *size;
 * asserts that they are well formed, and whether the last one is there. To be
 * freed. */
char *running_decode(const struct running *running, size_t *size, bool last);

/* Whether the head has this line. */
bool running_has(const struct running *running, const char *line);

#endif
