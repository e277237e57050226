/* Says how much may have left; the thread that began the answer. */
#include "config.h"

#include "app/pace.h"

#include <stdlib.h>

/* Most pieces that one wake-up adds, so that gaps of no time end: those of a tick
 * with gaps of a microsecond, and more. */
#define PACE_PIECES_MAX 16384

/* Returns the time, which a moment may be behind: what leaves now is not yet on
 * its way at `now`. */
static int64_t
pace_clock(int64_t now)
{
	int64_t clock = clock_now();

	return clock > now ? clock : now;
}

/* Returns the time that is `ns` behind another, or the last that there is. */
static int64_t
pace_later(int64_t from, int64_t ns)
{
	return ns > INT64_MAX - from ? INT64_MAX : from + ns;
}

/* Returns value * by / through, rounded up where `up`; it fits. */
static int64_t
pace_scale(int64_t value, int64_t by, int64_t through, bool up)
{
	unsigned __int128 product = (unsigned __int128)value *
				    (unsigned __int128)by;

	if (up)
		product += (unsigned __int128)through - 1;
	product /= (unsigned __int128)through;
	return product > INT64_MAX ? INT64_MAX : (int64_t)product;
}

/* How many bytes of `total` are due `passed` ns after the first: the first one
 * at once, the last one at the end. A single one comes last. */
static uint64_t
pace_over(const struct pace *pace, uint64_t total, int64_t passed)
{
	if (passed >= pace->value)
		return total;
	if (total <= 1)
		return 0;
	return 1 + (uint64_t)pace_scale(passed, (int64_t)total - 1, pace->value,
		       false);
}

/* How long after the first the byte behind `sent` others is due. */
static int64_t
pace_over_due(const struct pace *pace, uint64_t total, uint64_t sent)
{
	if (total <= 1)
		return pace->value;
	return pace_scale((int64_t)sent, pace->value, (int64_t)total - 1, true);
}

static uint64_t
pace_rate(const struct pace *pace, uint64_t total, int64_t passed)
{
	uint64_t due = 1 + (uint64_t)pace_scale(passed, pace->value, CLOCK_S,
			       false);

	return due < total ? due : total;
}

/* Returns when the byte behind `sent` others is due, or what comes within a tick
 * with it, but no later than the last one. */
static int64_t
pace_until(const struct pace *pace, uint64_t total, uint64_t sent, int64_t now)
{
	bool over = pace->kind == PACE_OVER;
	int64_t due, last;

	if (over) {
		due = pace_over_due(pace, total, sent);
		last = pace->value;
	} else {
		due = pace_scale((int64_t)sent, CLOCK_S, pace->value, true);
		last = pace_scale((int64_t)total - 1, CLOCK_S, pace->value,
		    true);
	}
	if (due < now - pace->start + PACE_TICK)
		due = now - pace->start + PACE_TICK;
	return pace_later(pace->start, due < last ? due : last);
}

/* Draws the gaps of what comes next: of one piece, or of all that are due within
 * a tick. They count from when the last piece leaves. */
static void
pace_draw(struct pace *pace, uint64_t left, int64_t now)
{
	int64_t sum = 0;
	uint32_t pieces = 0;
	uint64_t size = (uint64_t)pace->value;

	do {
		int64_t gap = when_draw(pace->every, pace->roll, ROLL_GAP,
		    pace->gaps++);

		if (__builtin_add_overflow(sum, gap, &sum))
			sum = INT64_MAX / 2;
		pieces++;
	} while (sum < PACE_TICK && pieces < PACE_PIECES_MAX &&
		 pieces * size < left);
	pace->next = pieces;
	pace->start = pace_later(pace_clock(now), sum);
}

/* The gap before the next pieces begins when those before it are out. */
static uint64_t
pace_every(struct pace *pace, uint64_t total, uint64_t sent, int64_t now,
    int64_t *until)
{
	uint64_t size = (uint64_t)pace->value, more;

	if (pace->begun && sent < pace->open)
		return pace->open;
	if (!pace->begun)
		pace->next = 1;
	else if (pace->next == 0)
		pace_draw(pace, total - pace->open, now);
	if (pace->begun && now < pace->start) {
		*until = pace->start;
		return pace->open;
	}
	more = pace->next * size;
	pace->open = more < total - pace->open ? pace->open + more : total;
	pace->next = 0;
	return pace->open;
}

uint64_t
pace_allow(struct pace *pace, uint64_t total, uint64_t sent, int64_t now,
    int64_t *until)
{
	uint64_t due;
	int64_t passed;

	if (pace->kind == PACE_NONE)
		return total;
	if (pace->kind == PACE_EVERY) {
		due = pace_every(pace, total, sent, now, until);
		pace->begun = true;
		return due;
	}
	if (!pace->begun)
		pace->start = pace_clock(now);
	pace->begun = true;
	passed = now > pace->start ? now - pace->start : 0;
	due = pace->kind == PACE_OVER ? pace_over(pace, total, passed)
				      : pace_rate(pace, total, passed);
	if (due <= sent)
		*until = pace_until(pace, total, sent, now);
	return due;
}

void
pace_fini(struct pace *pace)
{
	if (pace->every == NULL)
		return;
	when_release(pace->every);
	free(pace->every);
	pace->every = NULL;
}
