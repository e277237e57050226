/* Tells who is asleep or queues; the thread that answers. */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "admin/answers.h"
#include "admin/parameters.h"
#include "app/json_text.h"
#include "base/clock.h"
#include "base/wire.h"
#include "server/census.h"
#include "server/side.h"

/* How often one looks who has told; and how long. */
#define SLEEPERS_LOOK     (2 * CLOCK_MS)
#define SLEEPERS_PATIENCE CLOCK_S

#define SLEEPERS_MOST 10000

struct sleepers {
	struct source source;
	const struct side *side;
	struct census *census; /* owned */
	int64_t until;
	unsigned most; /* of all together */
};

/* Writes a time of clock_now() as one since 1970, or null. */
static void
sleepers_put_time(struct json_text *json, const char *name, int64_t time)
{
	if (time != 0)
		json_text_put_time(json, name,
		    clock_wall() + time - clock_now());
	else
		json_text_put_string(json, name, (struct span){ NULL, 0 });
}

static void
sleepers_put(struct json_text *json, unsigned worker,
    const struct census_sleeper *sleeper)
{
	const struct span none = { NULL, 0 };
	char peer[WIRE_NAME_MAX];

	if (sleeper->name[0] == '\0')
		wire_name_peer(&sleeper->peer, peer);
	else
		memcpy(peer, sleeper->name, sizeof(peer));
	json_text_open_object(json, NULL);
	json_text_put_number(json, "worker", worker);
	json_text_put_string(json, "peer", span_of(peer));
	json_text_put_string(json, "target",
	    (struct span){ sleeper->target, sleeper->target_size });
	sleepers_put_time(json, "since", sleeper->since);
	sleepers_put_time(json, "due", sleeper->due);
	json_text_put_string(json, "pool",
	    sleeper->pool_size > 0
		? (struct span){ sleeper->pool, sleeper->pool_size }
		: none);
	json_text_close_object(json);
}

/* Writes what has been told. Of who has not, as a thread that serves somebody itself
 * can't, it is known how many. */
static struct document *
sleepers_write(const struct sleepers *sleepers)
{
	const struct census *census = sleepers->census;
	struct json_text json;
	uint64_t count = 0;
	unsigned shown = 0;

	json_text_begin(&json);
	json_text_put_time(&json, "now", clock_wall());
	json_text_open_array(&json, "sleepers");
	for (unsigned w = 0; w < census->count; w++) {
		const struct census_part *part = &census->parts[w];

		if (!atomic_load(&part->told)) {
			count += stats_read(
			    &sleepers->side->totals.stats[w]->asleep);
			continue;
		}
		count += part->count;
		for (unsigned i = 0; i < part->shown && shown < sleepers->most;
		     i++, shown++)
			sleepers_put(&json, w, &part->sleepers[i]);
	}
	json_text_close_array(&json);
	json_text_put_number(&json, "count", count);
	json_text_put_number(&json, "shown", shown);
	return json_text_end(&json);
}

/* Whether all have told who have somebody to tell of: a worker that has ended never
 * does. */
static bool
sleepers_are_told(const struct sleepers *sleepers)
{
	const struct totals *totals = &sleepers->side->totals;

	for (unsigned w = 0; w < sleepers->census->count; w++)
		if (!atomic_load(&sleepers->census->parts[w].told) &&
		    stats_read(&totals->stats[w]->asleep) > 0)
			return false;
	return true;
}

static int64_t
sleepers_settle(struct source *source, struct message *message, int64_t now)
{
	struct sleepers *sleepers = (struct sleepers *)source;
	struct document *document;

	side_ask(sleepers->side, sleepers->census);
	if (now < sleepers->until && !sleepers_are_told(sleepers))
		return now + SLEEPERS_LOOK;
	document = sleepers_write(sleepers);
	if (document != NULL)
		message_fill(message, document);
	else
		message_set(message, 503, "no memory for it just now");
	return 0;
}

static void
sleepers_free(struct source *source)
{
	struct sleepers *sleepers = (struct sleepers *)source;

	census_release(sleepers->census);
	free(sleepers);
}

/* Makes a census of a side, in which each worker tells of its share of `most`: of all
 * where so many are asleep at most, else as many of these as it has of all. Returns
 * NULL where memory is short. */
static struct census *
sleepers_begin(const struct side *side, uint64_t most)
{
	struct census *census = census_new(side->worker_count);
	uint64_t all = 0;

	if (census == NULL)
		return NULL;
	for (unsigned w = 0; w < census->count; w++)
		all += stats_read(&side->totals.stats[w]->asleep);
	for (unsigned w = 0; w < census->count; w++) {
		uint64_t own = stats_read(&side->totals.stats[w]->asleep);

		census->parts[w].most = (unsigned)(all <= most
						       ? most
						       : most * own / all + 1);
	}
	return census;
}

static const struct source_kind sleepers_kind = { .type = "application/json",
	.settle = sleepers_settle,
	.free = sleepers_free };

void
answers_sleepers(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	const struct side *side = server_clients(admin->server);
	static const char *const names[] = { "limit", NULL };
	struct sleepers *sleepers;
	int64_t limit = 1000;
	char *fault;

	if (!parameters_check(request->http->query, names, &fault)) {
		route_refuse_words(answer, fault);
		return;
	}
	if (!parameters_number(request->http->query, "limit", 1, SLEEPERS_MOST,
		&limit)) {
		message_set(&answer->message, 400,
		    "limit has to be a number from 1 to 10000");
		return;
	}
	sleepers = calloc(1, sizeof(*sleepers));
	if (sleepers != NULL)
		sleepers->census = sleepers_begin(side, (uint64_t)limit);
	if (sleepers == NULL || sleepers->census == NULL) {
		free(sleepers);
		answers_use(answer, NULL);
		return;
	}
	sleepers->source.kind = &sleepers_kind;
	sleepers->side = side;
	sleepers->until = clock_now() + SLEEPERS_PATIENCE;
	sleepers->most = (unsigned)limit;
	message_set_source(&answer->message, &sleepers->source);
}
