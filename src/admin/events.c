/* Streams snapshots as server-sent events; the thread that answers. */
#include "config.h"

#include <stdlib.h>

#include "admin/answers.h"
#include "admin/parameters.h"
#include "admin/snapshot.h"
#include "app/rules.h"
#include "base/clock.h"

/* How many may watch at once: others are to find room beside them. */
#define EVENTS_WATCHERS 32

struct events {
	struct source source;
	struct admin *admin;
	struct app *app; /* of which the generation is in force */
	struct snapshot snapshot;
	int64_t every, due;       /* ns; as clock_now() */
	struct document *current; /* what is being sent; or NULL */
};

static int64_t
events_settle(struct source *source, struct message *message, int64_t now)
{
	(void)source;
	(void)message;
	(void)now;
	return 0;
}

static void
events_next(struct source *source, int64_t now, struct piece *piece)
{
	struct events *events = (struct events *)source;

	free(events->current);
	events->current = NULL;
	if (now < events->due) {
		piece->kind = PIECE_UNTIL;
		piece->until = events->due;
		return;
	}
	events->due = now + events->every;
	events->current = snapshot_take(&events->snapshot,
	    rules_pools(events->app->rules), "data: ", "\n\n");
	piece->kind = events->current != NULL ? PIECE_LENT : PIECE_END;
	if (events->current != NULL)
		piece->bytes = (struct span){ events->current->data,
			events->current->size };
}

static void
events_free(struct source *source)
{
	struct events *events = (struct events *)source;

	events->admin->watchers--;
	free(events->current);
	snapshot_end(&events->snapshot);
	free(events);
}

static const struct source_kind events_kind = { .type = "text/event-stream",
	.settle = events_settle,
	.next = events_next,
	.free = events_free };

void
answers_events(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	static const char *const names[] = { "every", NULL };
	struct events *events;
	struct decision *decision;
	int64_t every = CLOCK_S;
	char *fault;

	if (!parameters_check(request->http->query, names, &fault)) {
		route_refuse_words(answer, fault);
		return;
	}
	if (!parameters_time(request->http->query, "every", 100 * CLOCK_MS,
		60 * CLOCK_S, &every)) {
		message_set(&answer->message, 400,
		    "every has to be a time from 100ms to 1m");
		return;
	}
	if (admin->watchers >= EVENTS_WATCHERS) {
		message_set(&answer->message, 503,
		    "32 watch already, as many as may");
		return;
	}
	events = calloc(1, sizeof(*events));
	decision = decision_new_framing(FRAMING_CLOSE);
	if (events == NULL || decision == NULL ||
	    !snapshot_begin(&events->snapshot, admin)) {
		free(events);
		decision_free(decision);
		answers_use(answer, NULL);
		return;
	}
	events->source.kind = &events_kind;
	events->admin = admin;
	admin->watchers++;
	events->app = request->app;
	events->every = every;
	message_set_source(&answer->message, &events->source);
	message_set_decision(&answer->message, decision);
}
