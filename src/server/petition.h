/*
 * petition: what the operator's side asks of the main thread: to serve by other rules.
 * It is owned by who asks and by the server, and ends with its last owner, so that who
 * asks may leave.
 */
#ifndef MTASYNC_SERVER_PETITION_H
#define MTASYNC_SERVER_PETITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/rule.h"

enum petition_state {
	PETITION_ASKED,
	PETITION_DONE,   /* all workers serve by the rules */
	PETITION_FAULTY, /* the rules are: see `fault` */
	PETITION_STALE,  /* the rules in force are not those that it expected */
	PETITION_OVERTAKEN, /* by a reload, whose rules are in force */
	PETITION_REFUSED,   /* not now: see `why` */
};

struct petition {
	_Atomic unsigned owners;
	_Atomic int state; /* enum petition_state */
	char *text; /* owned: the rules; NULL: those of the command line */
	size_t size;
	bool expects;      /* `expected` are to be in force */
	uint64_t expected; /* rules_tag() */
	uint64_t tag;      /* PETITION_DONE: of those in force now */
	const char *why;   /* PETITION_REFUSED: a constant */
	struct rules_fault fault;
};

/* Makes one, with the caller as its one owner, who owns `text` no more. Returns NULL,
 * and has freed the text, where memory is short. Any thread. */
struct petition *petition_new(char *text, size_t size);

/* Adds an owner, for whom another one asks; takes one away. NULL is allowed. Any
 * thread. */
struct petition *petition_hold(struct petition *petition);
void petition_release(struct petition *petition);

/* Says what has become of it. The main thread. */
void petition_end(struct petition *petition, enum petition_state state);

/* Returns that: what else it says is there once it is not PETITION_ASKED. Any
 * thread. */
enum petition_state petition_state(const struct petition *petition);

#endif
