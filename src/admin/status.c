/* Tells whether the server is well, and what its workers do; the thread that
 * answers. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin/answers.h"
#include "admin/draft.h"
#include "app/json_text.h"
#include "base/clock.h"
#include "server/side.h"

/* How long a worker may not have turned, and still be well. */
#define STATUS_STUCK (2 * CLOCK_S)

void
answers_use(struct answer *answer, struct document *document)
{
	if (document != NULL)
		message_set_document(&answer->message, document);
	else
		message_set(&answer->message, 503, "no memory for it just now");
	answer->message.handler = HANDLER_ADMIN;
}

/* Returns how long ago a worker's last tick was, ns; 0 of one that has none. */
static int64_t
status_since_tick(const struct stats *stats, int64_t now)
{
	int64_t turned = atomic_load_explicit(&stats->turned,
	    memory_order_relaxed);

	return turned != 0 && now > turned ? now - turned : 0;
}

/* Answers with a status and a line of text. */
static void
status_tell(struct answer *answer, unsigned status, struct draft *draft)
{
	answers_use(answer, draft_end(draft));
	answer->message.status = (uint16_t)status;
}

void
answers_healthz(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	const struct totals *totals = &server_clients(admin->server)->totals;
	int64_t now = clock_now();
	struct draft draft;
	bool stuck = false;

	(void)request;
	draft_begin(&draft, "text/plain; charset=utf-8");
	for (unsigned w = 0; w < totals->count; w++) {
		int64_t since = status_since_tick(totals->stats[w], now);

		if (since <= STATUS_STUCK)
			continue;
		draft_add(&draft,
		    "worker %u has not turned for %" PRId64 ".%03" PRId64
		    " s\n",
		    w, since / CLOCK_S, since % CLOCK_S / CLOCK_MS);
		stuck = true;
	}
	if (!stuck)
		draft_add(&draft, "ok\n");
	status_tell(answer, stuck ? 503 : 200, &draft);
}

void
answers_readyz(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	static const char *const phases[] = { [SERVER_STARTING] = "starting",
		[SERVER_SERVING] = "ok",
		[SERVER_DRAINING] = "draining" };
	enum server_phase phase = server_phase(admin->server);
	struct draft draft;

	(void)request;
	draft_begin(&draft, "text/plain; charset=utf-8");
	draft_add(&draft, "%s\n", phases[phase]);
	status_tell(answer, phase == SERVER_SERVING ? 200 : 503, &draft);
}

/* Writes a worker's numbers; those of its loop are 0 where it has none. */
static void
status_put_worker(struct json_text *json, unsigned worker,
    const struct stats *stats, int64_t now)
{
	const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{ "worker", worker },
		{ "accepted", stats_read(&stats->accepted) },
		{ "connections", stats_open(stats) },
		{ "served", stats_read(&stats->served) },
		{ "cut", stats_read(&stats->cut) },
		{ "asleep", stats_read(&stats->asleep) },
		{ "received", stats_read(&stats->received) },
		{ "sent", stats_read(&stats->sent) },
		{ "queued_to_accept", stats_read(&stats->backlog) },
		{ "cpu_ms", stats_read(&stats->cpu) / CLOCK_MS },
		{ "turned_ms",
		    (uint64_t)(status_since_tick(stats, now) / CLOCK_MS) },
	};

	json_text_open_object(json, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_text_put_number(json, rows[i].name, rows[i].number);
	json_text_close_object(json);
}

void
answers_workers(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	const struct totals *totals = &server_clients(admin->server)->totals;
	int64_t now = clock_now();
	struct json_text json;

	(void)request;
	json_text_begin(&json);
	json_text_open_array(&json, "workers");
	for (unsigned w = 0; w < totals->count; w++)
		status_put_worker(&json, w, totals->stats[w], now);
	json_text_close_array(&json);
	answers_use(answer, json_text_end(&json));
}
