/* Tells the rules in force, and has others take their place; the thread that
 * answers. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/answers.h"
#include "admin/draft.h"
#include "app/rules.h"
#include "base/clock.h"
#include "http/fields.h"
#include "server/petition.h"

/* How often one looks what has become of a petition; and how long. */
#define RULES_LOOK     (2 * CLOCK_MS)
#define RULES_PATIENCE (15 * CLOCK_S)

/* Room for an ETag, quotes and NUL included. */
#define RULES_TAG_MAX 20

/* Rules that are being put. */
struct putting {
	struct source source;
	struct admin *admin;
	struct petition *petition; /* owned */
	bool asked;
	int64_t until; /* when it is answered anyhow; 0: not all has come */
	char *text;    /* so far; owned until it is asked */
	size_t size, room;
	bool failed; /* memory was short */
};

static void
rules_write_tag(char text[RULES_TAG_MAX], uint64_t tag)
{
	snprintf(text, RULES_TAG_MAX, "\"%016" PRIx64 "\"", tag);
}

/* Has the answer carry an ETag. */
static void
rules_carry_tag(struct message *message, uint64_t tag)
{
	char text[RULES_TAG_MAX];
	struct decision *decision;

	rules_write_tag(text, tag);
	decision = decision_new_field("ETag", text);
	if (decision != NULL)
		message_set_decision(message, decision);
}

/* Takes the next bytes of the rules; a DELETE's content says nothing. */
static void
rules_hear(struct source *source, struct span content)
{
	struct putting *putting = (struct putting *)source;

	if (putting->failed || putting->text == NULL)
		return;
	if (putting->size + content.size > putting->room) {
		size_t room = 2 * putting->room + content.size;
		char *text = realloc(putting->text, room);

		if (text == NULL) {
			putting->failed = true;
			return;
		}
		putting->text = text;
		putting->room = room;
	}
	memcpy(putting->text + putting->size, content.data, content.size);
	putting->size += content.size;
}

/* Makes the message what has come of the petition; that frees the putting. */
static void
rules_conclude(const struct putting *putting, struct message *message)
{
	const struct petition *petition = putting->petition;
	const struct rules_fault *fault = &petition->fault;
	struct draft draft;
	uint64_t tag = petition->tag;

	switch (petition_state(petition)) {
	case PETITION_ASKED:
		return;
	case PETITION_DONE:
		message_set(message, 204, NULL);
		rules_carry_tag(message, tag);
		return;
	case PETITION_FAULTY:
		draft_begin(&draft, "text/plain; charset=utf-8");
		draft_add(&draft, "%u:%u: %s\n", fault->line, fault->column,
		    fault->why);
		if (draft.document == NULL)
			break;
		message_set_document(message, draft_end(&draft));
		message->status = 400;
		return;
	case PETITION_STALE:
		message_set(message, 412,
		    "other rules are in force by now: If-Match has to be their "
		    "ETag");
		return;
	case PETITION_OVERTAKEN:
		message_set(message, 409,
		    "a reload has put those of the command line in their "
		    "place");
		return;
	case PETITION_REFUSED:
		message_set(message, 503, petition->why);
		return;
	}
	message_set(message, 503, "no memory for it just now");
}

/* Tells somebody who has waited long enough. */
static void
rules_give_up(const struct putting *putting, struct message *message)
{
	message_set(message, 503,
	    putting->asked ? "not all workers serve by these rules yet: "
			     "/healthz may tell who does not turn"
			   : "other rules are still on their way: nothing has "
			     "changed");
}

static int64_t
rules_settle(struct source *source, struct message *message, int64_t now)
{
	struct putting *putting = (struct putting *)source;

	if (putting->failed) {
		message_set(message, 503, "no memory for it just now");
		return 0;
	}
	if (!putting->asked) {
		putting->petition->text = putting->text;
		putting->petition->size = putting->size;
		putting->asked = server_ask(putting->admin->server,
		    putting->petition);
		if (putting->asked)
			putting->text = NULL;
		else
			putting->petition->text = NULL;
	}
	if (putting->until == 0)
		putting->until = now + RULES_PATIENCE;
	if (!putting->asked ||
	    petition_state(putting->petition) == PETITION_ASKED) {
		if (now < putting->until)
			return now + RULES_LOOK;
		rules_give_up(putting, message);
		return 0;
	}
	rules_conclude(putting, message);
	return 0;
}

static void
rules_free(struct source *source)
{
	struct putting *putting = (struct putting *)source;

	petition_release(putting->petition);
	free(putting->text);
	free(putting);
}

static const struct source_kind rules_kind = { .type = "text/plain",
	.hear = rules_hear,
	.settle = rules_settle,
	.free = rules_free };

/* Reads If-Match (RFC 9110 13.1.1). Returns false where none of its tags is that of the
 * rules in force. */
static bool
rules_expect(struct petition *petition, const struct app_request *request)
{
	const struct http_request *http = request->http;
	char tag[RULES_TAG_MAX];
	bool listed = false;

	if ((http->present & HTTP_FIELD_BIT(HTTP_FIELD_IF_MATCH)) == 0 ||
	    span_equal(http_request_field(http, HTTP_FIELD_IF_MATCH),
		SPAN("*")))
		return true;
	petition->expects = true;
	petition->expected = rules_tag(request->app->rules);
	rules_write_tag(tag, petition->expected);
	for (unsigned i = 0; i < http->field_count; i++)
		listed |= http->fields[i].id == HTTP_FIELD_IF_MATCH &&
			  http_etag_listed(http->fields[i].value, span_of(tag),
			      false);
	return listed;
}

static void
rules_show(const struct app_request *request, struct answer *answer)
{
	struct span text = rules_text(request->app->rules);
	struct draft draft;

	draft_begin(&draft, "text/plain; charset=utf-8");
	draft_add_span(&draft, text);
	answers_use(answer, draft_end(&draft));
	rules_carry_tag(&answer->message, rules_tag(request->app->rules));
}

void
answers_rules(struct admin *admin, const struct app_request *request,
    struct answer *answer)
{
	struct putting *putting;

	if (request->http->method == HTTP_GET ||
	    request->http->method == HTTP_HEAD) {
		rules_show(request, answer);
		return;
	}
	putting = calloc(1, sizeof(*putting));
	if (putting != NULL)
		putting->petition = petition_new(NULL, 0);
	if (putting == NULL || putting->petition == NULL) {
		free(putting);
		answers_use(answer, NULL);
		return;
	}
	putting->source.kind = &rules_kind;
	putting->admin = admin;
	if (request->http->method == HTTP_PUT)
		putting->text = calloc(1, putting->room = 1);
	putting->failed = request->http->method == HTTP_PUT &&
			  putting->text == NULL;
	if (!rules_expect(putting->petition, request)) {
		rules_free(&putting->source);
		message_set(&answer->message, 412,
		    "If-Match has to be the ETag of the rules in force");
		return;
	}
	message_set_source(&answer->message, &putting->source);
}
