/*
 * plan: when an answer does what, as a few acts that are carried out one after
 * the other by answer_next(). What it says is the message's affair.
 *
 *     a page       HEAD CONTENT END
 *     its HEAD     HEAD END
 *     /sleep/5s    WAIT(5 s) HEAD CONTENT END
 */
#ifndef MTASYNC_APP_PLAN_H
#define MTASYNC_APP_PLAN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum act {
	ACT_WAIT,    /* nothing for so many ns, from its beginning on */
	ACT_HEAD,    /* the message's head */
	ACT_CONTENT, /* all of its content, where it has any */
	ACT_END,     /* the last act */
};

#define PLAN_ACTS  4
#define PLAN_WAITS 2 /* there is a head, and an end */

struct plan {
	uint8_t acts[PLAN_ACTS]; /* enum act */
	uint8_t count;           /* of acts */
	uint8_t next;            /* the act that is carried out next */
	uint8_t waits;           /* that are not over yet */
	bool waiting;            /* the next one is a wait that has begun */
	int64_t due; /* when the last wait that has begun ends, as clock_now();
		      * 0: none has */
	int64_t
	    waits_ns[PLAN_WAITS]; /* how long each wait is, in their order */
};

/* Adds an act that is no wait, or a wait, behind those that are there. */
static inline void
plan_add(struct plan *plan, enum act act)
{
	assert(plan->count < PLAN_ACTS);
	plan->acts[plan->count++] = (uint8_t)act;
}

static inline void
plan_add_wait(struct plan *plan, int64_t ns)
{
	assert(plan->waits < PLAN_WAITS && ns >= 0);
	plan->waits_ns[plan->waits++] = ns;
	plan_add(plan, ACT_WAIT);
}

/* Makes the plan of an answer that is sent at once. `content`: not of HEAD. */
void plan_at_once(struct plan *plan, bool content);

/* The same, behind a wait of so many ns. */
void plan_later(struct plan *plan, bool content, int64_t wait);

/* Takes the waits away, and begins anew: nothing has been yielded yet. */
void plan_hurry(struct plan *plan);

/* How long the wait is that is carried out next, and how long those before it
 * were to be together; ns. */
int64_t plan_next_wait(const struct plan *plan);
int64_t plan_waited(const struct plan *plan);

/* Whether this is the act that is carried out next. */
static inline bool
plan_is_at(const struct plan *plan, enum act act)
{
	return plan->acts[plan->next] == act;
}

#endif
