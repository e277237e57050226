/*
 * plan: when an answer does what, as a few acts that are carried out one after
 * the other by answer_next(). What it says is the message's affair.
 *
 *     a page             HEAD CONTENT END
 *     its HEAD           HEAD END
 *     /sleep/5s          WAIT(5 s) HEAD CONTENT END
 *     delay=5s&at=end    HEAD MOST WAIT(5 s) CONTENT END
 *     fault=hang         WAIT(5 s) HANG(10 m)
 *     pool=db            POOL WAIT(5 s) HEAD CONTENT END
 */
#ifndef MTASYNC_APP_PLAN_H
#define MTASYNC_APP_PLAN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum act {
	ACT_WAIT,    /* nothing for so many ns, from its beginning on */
	ACT_HANG,    /* the last act: the same, but a drain ends it; then the
		      * connection is reset */
	ACT_HEAD,    /* the message's head */
	ACT_MOST,    /* what goes out of its content, but the last byte */
	ACT_CONTENT, /* what goes out of its content, and has not yet */
	ACT_RESET,   /* the last act: the connection is reset */
	ACT_END,     /* the last act: the answer is whole */
	ACT_POOL, /* the first act: nothing before it has a slot of its pool */
};

#define PLAN_ACTS  6
#define PLAN_WAITS 2 /* a delay and a hang */

struct plan {
	uint8_t acts[PLAN_ACTS]; /* enum act */
	uint8_t next;            /* the act that is carried out next */
	unsigned count : 3;      /* of acts */
	unsigned waits : 3; /* paces and pools that are not over yet, too */
	bool waiting : 1;   /* the next one is a wait that has begun */
	bool content : 1;   /* it may have content: it is none to HEAD */
	int64_t due; /* when the last wait that has begun ends, as clock_now();
		      * 0: none has */
	int64_t
	    waits_ns[PLAN_WAITS]; /* how long each wait is, in their order */
};

/* Adds an act that is no wait; or a wait, or a hang; behind those that are
 * there. */
static inline void
plan_add(struct plan *plan, enum act act)
{
	assert(plan->count < PLAN_ACTS);
	plan->acts[plan->count++] = (uint8_t)act;
}

void plan_add_wait(struct plan *plan, int64_t ns);
void plan_add_hang(struct plan *plan, int64_t ns);

/* Adds ACT_POOL, as the first act; and has it end. */
static inline void
plan_add_pool(struct plan *plan)
{
	plan_add(plan, ACT_POOL);
	plan->waits++;
}

static inline void
plan_end_pool(struct plan *plan)
{
	plan->waits--;
	plan->next++;
}

/* Makes the first wait so many ns longer. */
static inline void
plan_slow(struct plan *plan, int64_t ns)
{
	plan->waits_ns[0] += ns;
}

/* Notes that a head or a content goes out by a pace, which plan_end_pace() ends;
 * behind all waits. */
static inline void
plan_add_pace(struct plan *plan)
{
	plan->waits++;
}

static inline void
plan_end_pace(struct plan *plan)
{
	plan->waits--;
}

/* Makes the plan of an answer that is sent at once. `content`: not of HEAD. */
void plan_at_once(struct plan *plan, bool content);

/* The same, behind a wait of so many ns. */
void plan_later(struct plan *plan, bool content, int64_t wait);

/* Makes it the plan of no answer at all, but the connection's end. */
void plan_end_at_once(struct plan *plan);

/* Makes it the plan of an answer to the same request that is sent at once:
 * nothing has been yielded yet. */
void plan_hurry(struct plan *plan);

/* How long the wait is that is carried out next, and how long those before it
 * were to be together; ns. */
int64_t plan_next_wait(const struct plan *plan);
int64_t plan_waited(const struct plan *plan);

/* How long the hang is that is carried out next, which becomes when it ends once it
 * has begun. */
int64_t *plan_hang_end(struct plan *plan);

/* Whether this is the act that is carried out next. */
static inline bool
plan_is_at(const struct plan *plan, enum act act)
{
	return plan->acts[plan->next] == act;
}

#endif
