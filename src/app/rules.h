/*
 * rules: the operator's rules: which requests are answered how. They are read
 * once, and then constant but for their counters; a generation owns them.
 *
 *     POST /api/orders   delay=120ms status=201
 *
 * A pattern is a decoded path (see http_target_decode()), with the slash that
 * begins it. One asterisk stands for any run within a segment, two for any run at
 * all. A method before it, in capitals, is one that the request has to have; GET
 * covers HEAD. Then words; a value, or a pattern, with blanks stands in double
 * quotes, in which \" and \\ are a quote and a backslash.
 */
#ifndef MTASYNC_APP_RULES_H
#define MTASYNC_APP_RULES_H

#include "app/words.h"
#include "http/request.h"

struct rule {
	struct behaviour behaviour; /* its spans lie in the rule's own text */
	_Atomic uint64_t drawn;     /* requests for which it has drawn */
};

struct rules;

/* Why a rule is refused. */
struct rules_fault {
	unsigned line;   /* from 1 on; 0: the file itself */
	unsigned column; /* likewise, in bytes */
	char why[256];   /* the word and its value, what would be right, an
			  * example; or why the file can't be read */
};

/* Makes a set without rules; `limits` outlives the calls of rules_add() and
 * rules_read(). Returns NULL where memory is short. */
struct rules *rules_new(const struct words_limits *limits);

/* Adds a rule behind those that are there. Returns false with a fault, of line
 * 1. */
bool rules_add(struct rules *rules, struct span text,
    struct rules_fault *fault);

/* Adds the rules of a file: one in each line; blank lines, and those that begin
 * with `#`, are none. Returns false with a fault, after which the set is to be
 * freed. May wait for the disk. */
bool rules_read(struct rules *rules, const char *path,
    struct rules_fault *fault);

/* Readies the set for rules_find(), behind the last rule. Returns false where
 * memory is short. */
bool rules_end(struct rules *rules);

/* Frees the set; NULL is allowed. No answer is found by it any more. */
void rules_free(struct rules *rules);

/* Whether there is no rule; whether one of them draws. */
bool rules_are_empty(const struct rules *rules);
bool rules_draw(const struct rules *rules);

/* Returns the first rule for a method and a decoded path, without its first
 * slash; or NULL. Any thread. */
struct rule *rules_find(struct rules *rules, enum http_method method,
    struct span path);

#endif
