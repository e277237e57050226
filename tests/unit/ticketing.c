/* Has tickets of a pool follow scripts. */
#include "config.h"

#include "ticketing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_clock.h"

#define START   (1000 * CLOCK_S)
#define TICKETS 26

struct waker {
	struct pool_waker waker;
	int rings;
};

struct run {
	struct pool *pool;
	struct pool_terms terms;
	struct pool_ticket *tickets[TICKETS];
	struct waker wakers[2];
	int64_t now; /* ns, since the start */
	const char *script, *step;
};

static void
ticketing_ring(struct pool_waker *waker)
{
	((struct waker *)waker)->rings++;
}

/* Fails at the step that is at hand. */
static void
check(const struct run *run, int64_t value, int64_t wanted)
{
	if (value != wanted)
		fail_msg("%s: at %.8s: %jd", run->script, run->step,
		    (intmax_t)value);
}

/* The ticket of the step's letter. */
static struct pool_ticket **
ticketing_ticket(struct run *run)
{
	return &run->tickets[run->step[1] - 'a'];
}

static struct waker *
ticketing_waker(struct run *run)
{
	return &run->wakers[run->step[1] > 'm'];
}

static void
ticketing_enter(struct run *run, enum pool_state wanted)
{
	struct pool_ticket **ticket = ticketing_ticket(run);

	assert_null(*ticket);
	*ticket = pool_ticket_new(run->pool);
	assert_non_null(*ticket);
	assert_int_equal((*ticket)->state, POOL_OUT);
	assert_null((*ticket)->waker);
	check(run,
	    pool_enter(*ticket, &ticketing_waker(run)->waker, (void *)ticket),
	    wanted);
	assert_ptr_equal((*ticket)->owner, ticket);
}

/* The next one that a waker tells of is the ticket of the step, or none. */
static void
ticketing_wake(struct run *run, struct waker *waker)
{
	struct pool_ticket *ticket = pool_next_woken(&waker->waker);

	check(run,
	    ticket != NULL ? (struct pool_ticket **)ticket->owner - run->tickets
			   : -1,
	    run->step[1] == '-' ? -1 : run->step[1] - 'a');
	if (ticket != NULL)
		assert_int_equal(ticket->state, POOL_IN);
}

static void
ticketing_leave(struct run *run)
{
	struct pool_ticket **ticket = ticketing_ticket(run);

	assert_non_null(*ticket);
	pool_ticket_free(*ticket);
	*ticket = NULL;
}

/* A step that asks for what a ticket knows, in ms. */
static void
ticketing_know(struct run *run)
{
	const struct pool_ticket *ticket = *ticketing_ticket(run);
	int64_t number = strtoll(run->step + 2, NULL, 10);

	switch (*run->step) {
	case 'W':
		check(run, ticket->waited, number * CLOCK_MS);
		break;
	case 'S':
		check(run, ticket->slower,
		    number < 0 ? INT64_MAX : number * CLOCK_MS);
		break;
	case 'R':
		check(run, ticket->retry, number * CLOCK_MS);
		break;
	case 'V':
		check(run, ticket->overflow, number);
		break;
	case 'U':
		check(run, ticket->until,
		    number < 0 ? POOL_FOREVER : START + number * CLOCK_MS);
		break;
	default:
		fail_msg("%s: what is %.8s?", run->script, run->step);
	}
}

/* A step of the pool, or of all. */
static void
ticketing_change(struct run *run)
{
	int64_t number = strtoll(run->step + 1, NULL, 10);

	switch (*run->step) {
	case 't':
		run->now += number * CLOCK_MS;
		fake_clock_set(START + run->now);
		break;
	case 's':
		run->terms.slots = (uint32_t)number;
		pool_set_terms(run->pool, &run->terms);
		break;
	case 'n':
		check(run, run->wakers[0].rings, number);
		break;
	case 'm':
		check(run, run->wakers[1].rings, number);
		break;
	default:
		ticketing_know(run);
	}
}

static void
ticketing_step(struct run *run)
{
	static const char states[] = {
		[POOL_OUT] = 'o',
		[POOL_QUEUED] = 'q',
		[POOL_IN] = 'i',
	};
	char step = *run->step;
	const char *state = memchr(states, step | ' ', sizeof(states));

	if (state != NULL && *state == step)
		ticketing_enter(run, (enum pool_state)(state - states));
	else if (state != NULL)
		check(run, pool_look(*ticketing_ticket(run)), state - states);
	else if (step == 'x')
		ticketing_leave(run);
	else if (step == 'w' || step == 'v')
		ticketing_wake(run, &run->wakers[step == 'v']);
	else
		ticketing_change(run);
}

void
ticketing_run(struct pool *pool, const struct pool_terms *terms,
    const char *script)
{
	struct run run = { .pool = pool, .script = script, .step = script };

	if (terms != NULL)
		run.terms = *terms;
	for (int i = 0; i < 2; i++)
		pool_waker_init(&run.wakers[i].waker, ticketing_ring);
	fake_clock_set(START);
	while (*run.step != '\0') {
		ticketing_step(&run);
		run.step += strcspn(run.step, " ");
		run.step += strspn(run.step, " ");
	}
	for (int i = 0; i < TICKETS; i++)
		pool_ticket_free(run.tickets[i]);
	for (int i = 0; i < 2; i++) {
		assert_null(pool_next_woken(&run.wakers[i].waker));
		pool_waker_fini(&run.wakers[i].waker);
	}
	fake_clock_set(0);
}
