/*
 * decision: what has been decided, by the words of a rule or of a query, about
 * the answer to one request; and how it is applied to that answer. It holds
 * nothing of the behaviour that it was made by. The thread that began the answer.
 */
#ifndef MTASYNC_APP_DECISION_H
#define MTASYNC_APP_DECISION_H

#include "app/drawn.h"
#include "app/flow.h"
#include "app/pool.h"
#include "http/request.h"

struct answer;

struct decision {
	struct drawn drawn;
	struct flow *flow;          /* owned; NULL: it is sent as it is */
	struct pool_ticket *ticket; /* with WORD_POOL: owned */
	int64_t most;     /* ns: for the delay and the pace together */
	uint8_t framing;  /* enum framing */
	bool headless;    /* the fault comes in place of the head */
	uint8_t key_size; /* with WORD_KEY */
	uint16_t type_size;
	uint16_t fields_size;
	char
	    text[]; /* the Content-Type, field lines with their CRLF, the key */
};

/* What an answer is decided by. */
struct decision_source {
	const struct behaviour *behaviour;
	struct drawn_source draw;
	struct span key; /* with WORD_KEY */
};

/*
 * Draws, and makes of the answer, of which the message is there, what has been
 * decided: of its message, and of its plan. Returns false where memory is short:
 * the answer is one to be replaced.
 */
bool decision_apply(const struct decision_source *source,
    const struct http_request *request, struct answer *answer);

/* Settles what depends on the length of the content, once that is known: how much
 * of it goes out, and which faults can't be. */
void decision_settle(struct decision *decision, uint64_t length);

/* Makes a decision that says nothing but how the end of the body is told. Returns NULL
 * where memory is short. */
struct decision *decision_new_framing(enum framing framing);

/* Makes one that says nothing but a field of the answer. Likewise. */
struct decision *decision_new_field(const char *name, const char *value);

/* Makes the decision about a refusal in the place of an answer that got no slot:
 * the other one's ticket and key, and Retry-After; or, where the pool wants that,
 * a close. Returns NULL where memory is short. */
struct decision *decision_new_refusal(struct decision *refused);

/* Frees it; NULL is allowed. */
void decision_free(struct decision *decision);

static inline struct span
decision_type(const struct decision *decision)
{
	return (struct span){ decision->text, decision->type_size };
}

static inline struct span
decision_fields(const struct decision *decision)
{
	return (struct span){ decision->text + decision->type_size,
		decision->fields_size };
}

/* The names that drawn_write() tells. */
static inline struct drawn_names
decision_names(const struct decision *decision)
{
	return (struct drawn_names){
		{ decision->text + decision->type_size + decision->fields_size,
		    decision->key_size },
		decision->ticket != NULL ? pool_name(decision->ticket->pool)
					 : SPAN(""),
	};
}

/* The fault that has been decided on and can be applied; -1: none. */
static inline int
decision_fault(const struct decision *decision)
{
	return drawn_has(&decision->drawn, WORD_FAULT) ? decision->drawn.fault
						       : -1;
}

#endif
