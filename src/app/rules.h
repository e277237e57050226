/*
 * rules: the operator's rules: which requests are answered how. They are read
 * once, and then constant but for their counters; a generation owns them, and
 * the one that follows it when ROOT alone is opened anew.
 *
 *     POST /api/orders   delay=120ms status=201
 *
 * A pattern is a decoded path (see http_target_decode()), with the slash that
 * begins it. One asterisk stands for any run within a segment, two for any run at
 * all. A method before it, in capitals, is one that the request has to have; GET
 * covers HEAD. Then words; a value, or a pattern, with blanks stands in double
 * quotes, in which \" and \\ are a quote and a backslash.
 *
 *     pool=db:slots=16,queue=128
 *
 * declares a pool, for all rules: see pools_add().
 */
#ifndef MTASYNC_APP_RULES_H
#define MTASYNC_APP_RULES_H

#include "app/pools.h"
#include "app/rule.h"

/* How many there may be. */
#define RULES_MAX 16384

struct rules;
struct watch;

/* Makes a set without rules and pools, with the caller as its one owner. `file:NAME` is
 * read by limits->when.read; or, where that is NULL, from the disk, NAME being
 * below the directory of the rules' own file. limits->pools are those of the set
 * that this one follows, or NULL. Returns NULL where memory is short. */
struct rules *rules_new(const struct words_limits *limits);

/* Has the files that rules name, of those that are added from now on, be noted by a watch
 * before they are read; NULL: by none any more. */
void rules_watch(struct rules *rules, struct watch *watch);

/* Adds a pool, which rules that are added later may name. Returns false with a
 * fault, of line 1. */
bool rules_add_pool(struct rules *rules, struct span text,
    struct rules_fault *fault);

/* Adds a rule behind those that are there. Returns false with a fault, of line
 * 1. May wait for the disk. */
bool rules_add(struct rules *rules, struct span text,
    struct rules_fault *fault);

/* Adds the pools of a text, and then its rules, as rules_read() does of a file. */
bool rules_parse(struct rules *rules, struct span text,
    struct rules_fault *fault);

/* Has rules_text() tell a line more, `before` and then `line`: of what has not been
 * read by rules_parse(), rules_read(). Returns false where memory is short. */
bool rules_tell(struct rules *rules, const char *before, const char *line);

/* What the rules are by: lines of text, of NULL none; and a number that tells it from
 * others. */
struct span rules_text(const struct rules *rules);
uint64_t rules_tag(const struct rules *rules);

/* Adds the pools of a file, and then its rules: one in each line, which may end in
 * CRLF; blank lines, and those that begin with `#`, are none. Returns false with a fault, after
 * which the set is to be freed. May wait for the disk. */
bool rules_read(struct rules *rules, const char *path,
    struct rules_fault *fault);

/* Readies the set for rules_find(), behind the last rule. Returns false where
 * memory is short. */
bool rules_end(struct rules *rules);

/* Adds an owner, for whom one asks; takes one away, of which the last frees the
 * set, so that no answer is found by it any more. NULL is allowed. */
struct rules *rules_hold(struct rules *rules);
void rules_release(struct rules *rules);

/* The set's pools, whose terms pools_apply() sets; NULL of NULL. */
const struct pools *rules_pools(const struct rules *rules);

/* Whether there is neither rule nor pool; whether a rule draws. NULL has none. */
bool rules_are_empty(const struct rules *rules);
bool rules_draw(const struct rules *rules);

/* Returns the first rule for a method and a decoded path, without its first
 * slash; or NULL. No part of the functions that are `flatten`, which serve most
 * requests without any rule. Any thread. */
struct rule *rules_find(struct rules *rules, enum http_method method,
    struct span path) __attribute__((noinline));

#endif
