/* rulebook: the operator's rules and pools, of --rule, --pool and --rules. Main thread. */
#ifndef MTASYNC_RULEBOOK_H
#define MTASYNC_RULEBOOK_H

#include "app/app.h"
#include "app/rules.h"
#include "base/watch.h"
#include "options.h"

/* Whether each --pool and --rule is one, as far as that is known without a look at the files
 * of times that it names; false: has said what is wrong. */
bool rulebook_check(const struct options *options);

/*
 * Reads the pools and rules: those of the options, and behind them those of the
 * file. A pool of `before`, which may be NULL, goes on where it is declared again.
 * What is read is noted by `watch`, which may be NULL. Returns 0 and sets *rules,
 * which the caller owns; NULL: there are none. Or returns -1, and has said why. May
 * wait for the disk.
 */
int rulebook_read(const struct options *options,
    const struct words_limits *limits, const struct rules *before,
    struct watch *watch, struct rules **rules);

/* Makes rules of a text, as of a file, but without files of times. Returns them, the
 * caller's; or NULL with a fault. */
struct rules *rulebook_parse(struct span text,
    const struct words_limits *limits, const struct rules *before,
    struct rules_fault *fault);

/*
 * Prints what the words of --draw would draw for the first --draws requests, with
 * the settings' seed, on standard output: a line each, as the field Mtasync has
 * it. Returns 0; or -1, and has said what is wrong with the words.
 */
int rulebook_print_draws(const struct options *options,
    const struct app_config *config);

#endif
