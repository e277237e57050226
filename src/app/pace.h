/*
 * pace: how much of a content, or of a head, may have left at a time. Its first
 * byte is due when it is first asked for. The thread that began the answer.
 *
 * Never early, at most PACE_TICK late by itself: what is due within one tick
 * leaves together, so that a pace wakes its loop at most 100 times a second.
 */
#ifndef MTASYNC_APP_PACE_H
#define MTASYNC_APP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/when.h"
#include "base/clock.h"

#define PACE_TICK (10 * CLOCK_MS)

enum pace_kind {
	PACE_NONE,  /* all at once */
	PACE_OVER,  /* the last byte after so many ns, evenly */
	PACE_RATE,  /* so many bytes a second, since the first one */
	PACE_EVERY, /* pieces, with gaps between that are drawn */
};

struct pace {
	uint8_t kind;  /* enum pace_kind */
	bool begun;    /* `start` counts */
	int64_t value; /* PACE_OVER: ns; PACE_RATE: bytes a second;
			* PACE_EVERY: units that make a piece */
	int64_t start; /* when it was first asked for, as clock_now();
			* PACE_EVERY: when the next pieces are due */
	uint64_t open; /* PACE_EVERY: units that may have left, */
	uint32_t next; /* pieces that are next; 0: their gap has not begun */
	uint32_t gaps; /* that have been drawn */
	const struct roll *roll; /* by which they are drawn */
	struct when *every;      /* the gaps: owned, see pace_fini() */
};

/*
 * Returns how many units of `total`, of which `sent` have been yielded, may have
 * left by `now`; where that is no more than `sent`, *until is when it will be.
 * Units are bytes; of PACE_EVERY, whatever the content is made of.
 */
uint64_t pace_allow(struct pace *pace, uint64_t total, uint64_t sent,
    int64_t now, int64_t *until);

/* Frees the gaps. */
void pace_fini(struct pace *pace);

#endif
