/*
 * rule_text: the text of a rule as a row of values with blanks between, each as
 * it is or in double quotes, in which \" and \\ are a quote and a backslash. Any
 * thread.
 */
#ifndef MTASYNC_APP_RULE_TEXT_H
#define MTASYNC_APP_RULE_TEXT_H

#include "app/complaint.h"

struct rule_text {
	struct span rest; /* what has not been read */
	char *room;       /* for values: as many bytes as the text has */
};

/* A value, or a word: `NAME=VALUE`. */
struct rule_token {
	struct span name;  /* of a word; in the text */
	struct span value; /* without its quotes; in the room */
	const char *place; /* where in the text the value begins */
	bool quoted;       /* with a quote */
};

/* Whether there is more than blanks; removes these. */
bool rule_text_goes_on(struct rule_text *text);

/* Takes a value, or a word, where the text goes on. Returns false with a
 * complaint, whose `at` lies in the text. */
bool rule_text_take_value(struct rule_text *text, struct rule_token *token,
    struct complaint *why);
bool rule_text_take_word(struct rule_text *text, struct rule_token *token,
    struct complaint *why);

/* Returns where in the text a byte of a token is, whose name or value `at` lies
 * in, or ends. */
const char *rule_text_find(const struct rule_token *token, const char *at);

#endif
