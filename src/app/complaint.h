/*
 * complaint: what is wrong with a text that a user wrote, and where. Whoever
 * parses fills it in; whoever has the whole text tells the user. Any thread.
 */
#ifndef MTASYNC_APP_COMPLAINT_H
#define MTASYNC_APP_COMPLAINT_H

#include "base/span.h"

struct complaint {
	const char *at;      /* the byte of the text that is at fault */
	char wanted[160];    /* what would be right, as half a sentence */
	const char *example; /* that would be accepted; a constant */
};

/* Fills a complaint in, as printf() would `wanted`. Returns false, for callers
 * that return whether a text is right. */
bool complain(struct complaint *complaint, const char *at, const char *example,
    const char *wanted, ...) __attribute__((format(printf, 4, 5)));

#endif
