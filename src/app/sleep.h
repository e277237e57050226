/*
 * sleep: what /sleep, /sleep/WHEN and their queries ask for: the words of one
 * behaviour. Any thread.
 */
#ifndef MTASYNC_APP_SLEEP_H
#define MTASYNC_APP_SLEEP_H

#include "app/words.h"
#include "base/clock.h"
#include "http/request.h"

#define SLEEP_DEFAULT (5 * CLOCK_S)

/* Room for the texts in which a behaviour's spans lie. */
#define SLEEP_TEXT_MAX HTTP_TARGET_MAX

/* What a request asks for. */
struct sleep_wish {
	struct span rest;  /* its decoded path behind "sleep": "" or "/WHEN" */
	struct span path;  /* as sent, */
	struct span query; /* likewise; data NULL: none */
};

/*
 * Reads the words of a wish into a zeroed behaviour, with the path's WHEN as its
 * delay; a parameter without `=` is no word. `text` has SLEEP_TEXT_MAX bytes, and
 * lives as long as the behaviour, which is to be released in any case. Returns
 * false where something is wrong: *fault is what, to be freed by free(); or NULL
 * where memory is short.
 */
bool sleep_parse(const struct sleep_wish *wish,
    const struct words_limits *limits, char *text, struct behaviour *behaviour,
    char **fault);

/* Looks whether the words of a behaviour suit each other. `asked` is the set, of
 * WORD_FLAG(), of those that the client said: any other, of a rule, that does not
 * suit them gives way. Returns as sleep_parse(). */
bool sleep_suit(struct behaviour *behaviour, uint32_t asked,
    const struct words_limits *limits, char **fault);

/* The same, of a behaviour that waits for SLEEP_DEFAULT where it says no delay. */
bool sleep_complete(struct behaviour *behaviour, uint32_t asked,
    const struct words_limits *limits, char **fault);

/* Whether a query asks for help: it has a parameter `help` without `=`. */
bool sleep_wants_help(struct span query);

#endif
