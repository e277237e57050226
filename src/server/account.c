/* Tells of exchanges that end; the thread that serves. */
#include "config.h"

#include "server/account.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/combined.h"
#include "http/json.h"
#include "http/json_line.h"
#include "server/journal.h"
#include "tls/tls.h"

/* Bytes of a server name that are told. */
#define ACCOUNT_NAME_MAX ((size_t)255)

_Static_assert(6 * ACCOUNT_NAME_MAX + 256 <= RECORD_TLS_MAX,
    "the longest name fits, escaped");

/* The statuses in the log of a client that left before its answer, and of one that
 * gets none, on purpose. */
#define ACCOUNT_LEFT      499
#define ACCOUNT_NO_ANSWER 444

/* Returns how many bytes of the content have been sent, or are to be with the
 * next send. */
static uint64_t
account_content(const struct exchange *exchange)
{
	uint64_t content = exchange->answer.message.yielded, left;

	if (!exchange->sending)
		return content;
	left = exchange->piece.kind == PIECE_FILE ? exchange->piece.file.size
						  : exchange->piece.bytes.size;
	return content > left ? content - left : 0;
}

/* Returns the status for the log: the answer's, or why it never began. */
static unsigned
account_status(const struct exchange *exchange)
{
	const struct plan *plan = &exchange->answer.plan;

	if (exchange->begun && exchange_fault(exchange) != FAULT_GARBAGE)
		return exchange->answer.message.status;
	if (exchange_fault(exchange) != -1 && !plan_is_at(plan, ACT_WAIT) &&
	    !plan_is_at(plan, ACT_POOL))
		return ACCOUNT_NO_ANSWER;
	return exchange->cut ? 503 : ACCOUNT_LEFT;
}

/* Whether the answer is not whole because the client has left, and not because the
 * server has broken it off. */
static bool
account_has_left(const struct exchange *exchange, const struct visitor *visitor)
{
	bool whole = plan_is_at(&exchange->answer.plan, ACT_END) &&
		     !exchange->sending;

	return !whole && (visitor == NULL || !visitor->broken);
}

/* Tells how long the answer slept, or was to sleep where it has not ended, and how
 * late it was then. Nothing where no wait has begun, or the server's stop has put
 * a 503 in its place. */
static void
account_tell_sleep(const struct exchange *exchange, struct outcome *outcome)
{
	const struct decision *decision = exchange->answer.message.decision;
	const struct plan *plan = &exchange->answer.plan;

	if (plan->due == 0)
		return;
	outcome->sleep = plan_waited(plan);
	if (plan->waiting)
		outcome->sleep += plan_next_wait(plan);
	if (decision != NULL) /* not a hang behind the delay */
		outcome->sleep = decision->drawn.delay;
	if (exchange->record->late != RECORD_NOT_AWAKE)
		outcome->late = exchange->record->late * CLOCK_US;
}

/* Returns how long the answer queued for a slot, or RECORD_NO_TIME. */
static int64_t
account_queued(const struct exchange *exchange)
{
	const struct decision *decision = exchange->answer.message.decision;

	if (decision == NULL || decision->ticket == NULL)
		return RECORD_NO_TIME;
	return plan_is_at(&exchange->answer.plan, ACT_POOL)
		   ? clock_now() - decision->ticket->came
		   : decision->ticket->waited;
}

/* Writes what words had done to the answer; returns it. */
static struct span
account_did(const struct exchange *exchange, char did[DRAWN_TEXT_MAX])
{
	const struct decision *decision = exchange->answer.message.decision;
	struct drawn_names names;

	if (decision == NULL)
		return SPAN("");
	names = decision_names(decision);
	return (struct span){ did,
		drawn_write_json(&decision->drawn, &names, did) };
}

/* Writes how the client's connection is secured; returns it. */
static struct span
account_tls(const struct visitor *visitor, char text[RECORD_TLS_MAX])
{
	struct tls_facts facts;
	char *out = text;

	if (visitor == NULL || !visitor->secured)
		return SPAN("");
	tls_tell(visitor_tls(visitor), &facts);
	out += sprintf(out, "{\"protocol\":\"%s\",\"cipher\":\"%s\"",
	    facts.protocol, facts.cipher);
	if (facts.name != NULL) {
		out = stpcpy(out, ",\"name\":\"");
		for (size_t i = 0;
		     i < ACCOUNT_NAME_MAX && facts.name[i] != '\0'; i++)
			out = json_put_character(out,
			    (unsigned char)facts.name[i]);
		*out++ = '"';
	}
	out = stpcpy(out,
	    facts.resumed ? ",\"resumed\":true}" : ",\"resumed\":false}");
	return (struct span){ text, (size_t)(out - text) };
}

/* Who did what the lines tell of. */
struct account {
	const struct exchange_host *host;
	const struct visitor *visitor; /* or NULL */
	bool in_journal;
};

/* Writes the line of a format; returns it. */
static struct span
account_write_line(const struct exchange *exchange,
    const struct account *account, enum record_format format,
    char line[RECORD_LINE_MAX])
{
	struct outcome outcome = { .peer = visitor_peer(account->visitor),
		.status = account_status(exchange),
		.bytes = account_content(exchange),
		.sleep = RECORD_NO_TIME,
		.late = RECORD_NO_TIME,
		.queued = RECORD_NO_TIME };
	const struct visitor *visitor = account->visitor;
	char did[DRAWN_TEXT_MAX], tls[RECORD_TLS_MAX];

	if (format != RECORD_JSON)
		return combined_write(exchange->record, &outcome, line);
	outcome.lasted = clock_now() - exchange->record->begun;
	outcome.left = account_has_left(exchange, visitor);
	outcome.worker = account->host->worker;
	if (visitor != NULL) {
		outcome.connection = visitor->connection;
		outcome.request = visitor->requests;
	}
	account_tell_sleep(exchange, &outcome);
	outcome.queued = account_queued(exchange);
	outcome.did = account_did(exchange, did);
	outcome.tls = account_tls(visitor, tls);
	if (account->in_journal)
		outcome.shown = record_shown(exchange->record);
	return json_line_write(exchange->record, &outcome, line);
}

/* Adds a line of its own to the journal, which may show what the log does not. */
static void
account_add_to_journal(const struct exchange *exchange, struct account *account)
{
	char line[RECORD_LINE_MAX];

	account->in_journal = true;
	journal_add(account->host->config->journal, exchange->record,
	    account_status(exchange),
	    account_write_line(exchange, account, RECORD_JSON, line));
}

/* Appends the line to the log; returns it. */
static struct span
account_add_to_log(const struct exchange *exchange,
    const struct account *account, char line[RECORD_LINE_MAX])
{
	const struct exchange_host *host = account->host;
	struct span told = account_write_line(exchange, account,
	    host->config->log_format, line);

	(void)access_log_append(host->config->log, host->worker, told);
	return told;
}

/* Appends the line to the log, where there is one, and to the journal likewise, the same
 * one where both are alike; or counts it as dropped where memory is short. */
void
account_tell(const struct exchange *exchange, const struct exchange_host *host,
    const struct visitor *visitor)
{
	const struct server_config *config = host->config;
	bool logged = config->log != NULL;
	struct account account = { host, visitor, false };
	char line[RECORD_LINE_MAX];
	struct span told;

	if (exchange->record == NULL && logged)
		access_log_drop(config->log, host->worker);
	if (exchange->record == NULL)
		return;
	told = logged ? account_add_to_log(exchange, &account, line) : SPAN("");
	if (config->journal != NULL && logged &&
	    config->log_format == RECORD_JSON && config->shown_fields == NULL)
		journal_add(config->journal, exchange->record,
		    account_status(exchange), told);
	else if (config->journal != NULL)
		account_add_to_journal(exchange, &account);
	free(exchange->record);
}

/* The statuses of refusals that are counted each; the last one stands for others. */
static const uint16_t account_refused[STATS_REFUSALS] = { 400, 408, 411, 413,
	414, 417, 431, 501, 505 };

/* Returns where refusals with a status are counted. */
static _Atomic uint64_t *
account_refusals(struct stats *stats, unsigned status)
{
	unsigned i = 0;

	while (account_refused[i] != status && account_refused[i] != 0)
		i++;
	return &stats->refusals[i];
}

/* Returns how long, of the time up to `now`, the answer slept as it was to. */
static int64_t
account_slept(const struct plan *plan, int64_t now)
{
	int64_t slept = plan_waited(plan);

	if (plan->waiting && plan_is_at(plan, ACT_WAIT)) {
		int64_t began = plan->due - plan_next_wait(plan);

		slept += now > began ? now - began : 0;
	}
	return slept;
}

/* Counts a request that is not one of the many: see account_count(). */
__attribute__((noinline)) void
account_count_other(const struct exchange *exchange,
    const struct exchange_host *host)
{
	const struct message *message = &exchange->answer.message;
	unsigned class = exchange->begun ? message->status / 100 : 0;
	int fault = exchange_fault(exchange);

	if (!host->config->recorded) /* it was for who asks after sleepers */
		free(exchange->record);
	stats_add(&host->stats->requests[message->handler][class], 1);
	if (fault != -1)
		stats_add(&host->stats->faults[fault], 1);
	if (message->handler == HANDLER_NONE)
		stats_add(account_refusals(host->stats, message->status), 1);
	histogram_add(&host->stats->duration,
	    message_age(message, host->moment->now) -
		account_slept(&exchange->answer.plan, host->moment->now));
}
