/* Decides on answers; the thread that began them. */
#include "config.h"

#include "app/decision.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/answer.h"
#include "base/clock.h"

/* The words for which an answer needs a flow. */
#define DECISION_FLOW                                                   \
 ((BEHAVIOUR_BODY & ~WORD_FLAG(WORD_TYPE)) | WORD_FLAG(WORD_HEADRATE) | \
     WORD_FLAG(WORD_INTERIM))

/* What is decided about, while that is done. */
struct decision_work {
	const struct behaviour *behaviour;
	const struct http_request *request;
	struct answer *answer;
	struct decision *decision;
	bool content; /* some of it goes out */
};

static bool
decision_says(const struct decision_work *work, enum word word)
{
	return behaviour_says(work->behaviour, word);
}

static bool
decision_has(const struct decision_work *work, enum word word)
{
	return drawn_has(&work->decision->drawn, word);
}

/* ---- the text: type and fields ---- */

/* Returns the room that the fields take, CRLF and Retry-After included. */
static size_t
decision_fields_room(const struct behaviour *behaviour)
{
	size_t room = 0;

	if (behaviour_says(behaviour, WORD_RETRY_AFTER))
		room = sizeof("Retry-After: 18446744073709551615\r\n");
	for (unsigned i = 0; i < behaviour->header_count; i++)
		room += behaviour->headers[i].size + sizeof(": \r\n");
	return room;
}

/* Writes a field, said as `Name:value`. */
static char *
decision_write_field(char *out, struct span field)
{
	const char *colon = memchr(field.data, ':', field.size);
	size_t name = (size_t)(colon + 1 - field.data);
	const char *end = field.data + field.size;

	out = mempcpy(out, field.data, name);
	*out++ = ' ';
	for (colon++; colon < end && (*colon == ' ' || *colon == '\t');)
		colon++;
	out = mempcpy(out, colon, (size_t)(end - colon));
	return mempcpy(out, "\r\n", 2);
}

/* Whether a header begins with a name and its colon. */
static bool
decision_has_header(const struct behaviour *behaviour, struct span name)
{
	for (unsigned i = 0; i < behaviour->header_count; i++)
		if (behaviour->headers[i].size >= name.size &&
		    strncasecmp(behaviour->headers[i].data, name.data,
			name.size) == 0)
			return true;
	return false;
}

static bool
decision_may_retry(unsigned status)
{
	return (status >= 300 && status <= 399) || status == 429 ||
	       status == 503;
}

/* Writes Retry-After, in whole seconds; or until when an outage lasts. */
static char *
decision_write_retry(char *out, const struct behaviour *behaviour, int64_t wall)
{
	int64_t retry = behaviour->retry_after == BEHAVIOUR_AUTO
			    ? drawn_outage(behaviour, wall)
			    : behaviour->retry_after;

	return out + sprintf(out, "Retry-After: %" PRId64 "\r\n",
			 (retry + CLOCK_S - 1) / CLOCK_S);
}

/* Writes the type, the fields and the key behind the decision, which has room for
 * them. */
static void
decision_write_text(const struct decision_work *work, struct span key,
    int64_t wall)
{
	const struct behaviour *behaviour = work->behaviour;
	struct decision *decision = work->decision;
	char *out = decision->text;

	if (decision_says(work, WORD_TYPE)) {
		out = mempcpy(out, behaviour->type.data, behaviour->type.size);
		decision->type_size = (uint16_t)behaviour->type.size;
	}
	for (unsigned i = 0; i < behaviour->header_count; i++)
		out = decision_write_field(out, behaviour->headers[i]);
	if (decision_says(work, WORD_RETRY_AFTER) &&
	    !decision_has_header(behaviour, SPAN("Retry-After:")) &&
	    decision_has(work, WORD_STATUS) &&
	    decision_may_retry(decision->drawn.status))
		out = decision_write_retry(out, behaviour, wall);
	decision->fields_size = (uint16_t)(out - decision->text -
					   decision->type_size);
	if (key.size > 0)
		memcpy(out, key.data, key.size);
	decision->key_size = (uint8_t)key.size;
}

/* ---- the flow ---- */

static bool
decision_needs_flow(const struct decision *decision,
    const struct behaviour *behaviour)
{
	int fault = decision_fault(decision);

	return (decision->drawn.words & DECISION_FLOW) != 0 ||
	       fault == FAULT_TRUNCATE || fault == FAULT_CHUNK ||
	       (fault != -1 && behaviour_says(behaviour, WORD_AFTER)) ||
	       (behaviour_says(behaviour, WORD_AT) && behaviour->at == AT_END);
}

/* Sets the pace of the content. Returns false where memory is short. */
static bool
decision_set_pace(const struct decision_work *work, struct pace *pace)
{
	const struct behaviour *behaviour = work->behaviour;

	if (decision_has(work, WORD_OVER)) {
		pace->kind = PACE_OVER;
		pace->value = behaviour->over;
	} else if (decision_has(work, WORD_RATE)) {
		pace->kind = PACE_RATE;
		pace->value = behaviour->rate;
	} else if (decision_has(work, WORD_EVERY)) {
		size_t size = when_size(&behaviour->every);

		pace->every = malloc(size);
		if (pace->every == NULL)
			return false;
		memcpy(pace->every, &behaviour->every, size);
		when_hold(pace->every);
		pace->kind = PACE_EVERY;
		pace->roll = &work->decision->drawn.roll;
		pace->value = decision_says(work, WORD_CHUNK) ? behaviour->chunk
							      : 1;
	}
	return true;
}

static void
decision_set_made(const struct decision_work *work, struct made *made)
{
	const struct behaviour *behaviour = work->behaviour;

	if (decision_has(work, WORD_SIZE)) {
		made->kind = decision_says(work, WORD_FILL) ? MADE_NOISE
							    : MADE_LETTERS;
		made->count = (uint64_t)work->decision->drawn.size;
		made->seed = behaviour->fill;
	} else if (decision_has(work, WORD_EVENTS)) {
		made->kind = MADE_EVENTS;
		made->count = (uint64_t)behaviour->events;
	} else if (decision_has(work, WORD_LINES)) {
		made->kind = MADE_LINES;
		made->count = (uint64_t)behaviour->lines;
	}
}

/* Makes the flow, where the answer needs one. Returns false where memory is
 * short. */
static bool
decision_make_flow(const struct decision_work *work)
{
	const struct behaviour *behaviour = work->behaviour;
	struct decision *decision = work->decision;
	struct flow *flow;

	if (!decision_needs_flow(decision, behaviour))
		return true;
	flow = decision->flow = calloc(1, sizeof(*flow));
	if (flow == NULL || !decision_set_pace(work, &flow->pace))
		return false;
	decision_set_made(work, &flow->made);
	flow->limit = UINT64_MAX;
	if (decision_has(work, WORD_FAULT) && decision_says(work, WORD_AFTER))
		flow->limit = (uint64_t)behaviour->after;
	flow->chunk_is_none = decision_fault(decision) == FAULT_CHUNK;
	if (decision_has(work, WORD_HEADRATE))
		flow->headrate = behaviour->headrate;
	if (decision_has(work, WORD_INTERIM))
		flow->interim_count = (uint8_t)behaviour->interim_count;
	for (unsigned i = 0; i < flow->interim_count; i++)
		flow->interims[i] = (uint8_t)behaviour->interims[i];
	return true;
}

/* ---- what can be applied, and how ---- */

/* Whether a fault can't be applied to this answer. */
static bool
decision_is_void(const struct decision_work *work, enum fault fault)
{
	switch (fault) {
	case FAULT_TRUNCATE:
		return !work->content;
	case FAULT_CHUNK: /* HTTP/1.0 has no chunks */
		return !work->content || work->request->minor == 0;
	case FAULT_LENGTH:
		return !message_allows_content(&work->answer->message);
	case FAULT_CLOSE:
	case FAULT_RESET:
	case FAULT_HANG:
	case FAULT_GARBAGE:
		break;
	}
	return false;
}

/* Notes which words can't be applied to this answer. */
static void
decision_skip(const struct decision_work *work)
{
	struct drawn *drawn = &work->decision->drawn;
	int fault = decision_fault(work->decision);

	if (!message_may_have_content(&work->answer->message))
		drawn->skipped |= drawn->words & BEHAVIOUR_BODY;
	if (!work->content)
		drawn->skipped |= drawn->words & BEHAVIOUR_PACE;
	if (work->request->minor == 0)
		drawn->skipped |= drawn->words & WORD_FLAG(WORD_INTERIM);
	if (fault != -1 && decision_is_void(work, (enum fault)fault))
		drawn->skipped |= WORD_FLAG(WORD_FAULT);
	fault = decision_fault(work->decision);
	work->decision->headless = (fault == FAULT_CLOSE ||
				       fault == FAULT_RESET ||
				       fault == FAULT_HANG) &&
				   !decision_says(work, WORD_AFTER);
}

/* Returns how the body's end is told: as the fault breaks it, as has been said,
 * or as suits the content. HTTP/1.0 knows no chunks. */
static enum framing
decision_choose_framing(const struct decision_work *work)
{
	int fault = decision_fault(work->decision);
	enum framing framing = FRAMING_LENGTH;

	if (decision_has(work, WORD_FRAMING))
		framing = (enum framing)work->behaviour->framing;
	else if (decision_has(work, WORD_EVENTS) ||
		 decision_has(work, WORD_LINES))
		framing = FRAMING_CHUNKED;
	if (fault == FAULT_LENGTH)
		framing = FRAMING_LENGTH;
	if (fault == FAULT_CHUNK)
		framing = FRAMING_CHUNKED;
	if (framing == FRAMING_CHUNKED && work->request->minor == 0)
		framing = FRAMING_CLOSE;
	return framing;
}

/* ---- the plan ---- */

/* Adds how the answer ends: by its fault, where it has one. */
static void
decision_plan_end(const struct decision_work *work, struct plan *plan)
{
	int fault = decision_fault(work->decision);

	if (fault == FAULT_HANG)
		plan_add_hang(plan, decision_says(work, WORD_FOR)
					? work->behaviour->hang
					: work->decision->most);
	else
		plan_add(plan, fault == FAULT_RESET ? ACT_RESET : ACT_END);
}

/* Notes the paces of a plan: of the content, where some of it goes out, and of the
 * head. */
static void
decision_plan_paces(const struct decision *decision, struct plan *plan,
    bool content)
{
	const struct flow *flow = decision->flow;

	if (flow == NULL)
		return;
	if (content && flow->pace.kind != PACE_NONE)
		plan_add_pace(plan);
	if (!decision->headless && flow->headrate > 0)
		plan_add_pace(plan);
}

/* Makes the plan. Without a body, a delay within it falls before the head; and so does
 * what a pool makes of none. */
static void
decision_plan(const struct decision_work *work)
{
	const struct decision *decision = work->decision;
	struct plan *plan = &work->answer->plan;
	bool content = work->content && !decision->headless &&
		       decision_fault(decision) != FAULT_GARBAGE;
	bool delayed = decision_has(work, WORD_DELAY);
	enum at at = content && delayed && decision_says(work, WORD_AT)
			 ? (enum at)work->behaviour->at
			 : AT_HEAD;

	*plan = (struct plan){ .content = work->request->method != HTTP_HEAD };
	if (decision->ticket != NULL)
		plan_add_pool(plan);
	if (at == AT_HEAD && (delayed || decision->ticket != NULL))
		plan_add_wait(plan, decision->drawn.delay);
	if (!decision->headless)
		plan_add(plan, ACT_HEAD);
	if (at == AT_BODY)
		plan_add_wait(plan, decision->drawn.delay);
	if (at == AT_END) {
		plan_add(plan, ACT_MOST);
		plan_add_wait(plan, decision->drawn.delay);
	}
	if (content)
		plan_add(plan, ACT_CONTENT);
	decision_plan_end(work, plan);
	decision_plan_paces(decision, plan, content);
}

/* ---- all of it ---- */

static struct decision *
decision_new(const struct decision_source *source)
{
	const struct behaviour *behaviour = source->behaviour;
	size_t room = source->key.size + decision_fields_room(behaviour) +
		      (behaviour_says(behaviour, WORD_TYPE)
			      ? behaviour->type.size
			      : 0);
	struct decision *decision = malloc(sizeof(*decision) + room);

	if (decision == NULL)
		return NULL;
	*decision = (struct decision){ .most = source->draw.most };
	drawn_make(&decision->drawn, behaviour, &source->draw);
	if (!behaviour_says(behaviour, WORD_POOL))
		return decision;
	decision->ticket = pool_ticket_new(behaviour->pool);
	if (decision->ticket != NULL)
		return decision;
	free(decision);
	return NULL;
}

bool
decision_apply(const struct decision_source *source,
    const struct http_request *request, struct answer *answer)
{
	struct decision_work work = { source->behaviour, request, answer,
		decision_new(source), false };

	if (work.decision == NULL)
		return false;
	if (decision_has(&work, WORD_STATUS))
		message_set_status(&answer->message,
		    work.decision->drawn.status);
	work.content = request->method != HTTP_HEAD &&
		       message_may_have_content(&answer->message);
	decision_skip(&work);
	work.decision->framing = (uint8_t)decision_choose_framing(&work);
	if (!decision_make_flow(&work)) {
		decision_free(work.decision);
		return false;
	}
	decision_write_text(&work, source->key, source->draw.wall);
	message_set_decision(&answer->message, work.decision);
	decision_plan(&work);
	return true;
}

/* Brings a rate up to where the content ends within the limit, behind the
 * delay. */
static void
decision_limit_rate(struct decision *decision, uint64_t length)
{
	struct pace *pace = &decision->flow->pace;
	int64_t left = decision->most - decision->drawn.delay;
	__int128 least;

	if (pace->kind != PACE_RATE || length == 0)
		return;
	left = left > 0 ? left : 1;
	least = ((__int128)(length - 1) * CLOCK_S + left - 1) / left;
	if (least <= pace->value)
		return;
	pace->value = least > INT64_MAX ? INT64_MAX : (int64_t)least;
	decision->drawn.limited |= WORD_FLAG(WORD_RATE);
}

void
decision_settle(struct decision *decision, uint64_t length)
{
	struct flow *flow = decision->flow;

	if (flow == NULL)
		return;
	flow->total = length;
	if (length == 0)
		decision->drawn.skipped |= decision->drawn.words &
					   BEHAVIOUR_PACE;
	decision_limit_rate(decision, length);
	if (decision_fault(decision) == FAULT_TRUNCATE) {
		if (flow->limit == UINT64_MAX)
			flow->limit = length / 2;
		if (flow->limit >= length &&
		    decision->framing != FRAMING_CHUNKED)
			decision->drawn.skipped |= WORD_FLAG(WORD_FAULT);
	}
	if (flow->limit > length)
		flow->limit = length;
}

struct decision *
decision_new_refusal(struct decision *refused)
{
	const size_t room = sizeof("Retry-After: 18446744073709551615\r\n");
	const struct pool_ticket *ticket = refused->ticket;
	struct span key = decision_names(refused).key;
	int64_t retry = (ticket->retry + CLOCK_S - 1) / CLOCK_S;
	struct decision *decision = malloc(sizeof(*decision) + room + key.size);

	if (decision == NULL)
		return NULL;
	*decision = (struct decision){ .drawn = refused->drawn,
		.ticket = refused->ticket,
		.most = refused->most,
		.headless = ticket->overflow == 0,
		.key_size = (uint8_t)key.size };
	refused->ticket = NULL;
	decision->drawn.words &= WORD_FLAG(WORD_POOL) | WORD_FLAG(WORD_KEY);
	decision->drawn.skipped = decision->drawn.limited = 0;
	decision->drawn.chance = false;
	decision->drawn.refused = true;
	if (decision->headless) {
		decision->drawn.words |= WORD_FLAG(WORD_FAULT);
		decision->drawn.fault = FAULT_CLOSE;
	}
	decision->fields_size = (uint16_t)sprintf(decision->text,
	    "Retry-After: %" PRId64 "\r\n", retry > 0 ? retry : 1);
	memcpy(decision->text + decision->fields_size, key.data, key.size);
	return decision;
}

void
decision_free(struct decision *decision)
{
	if (decision == NULL)
		return;
	flow_free(decision->flow);
	pool_ticket_free(decision->ticket);
	free(decision);
}
