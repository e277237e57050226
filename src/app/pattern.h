/*
 * pattern: which paths a rule is for, as an operator writes it: `/img/a*.png`, or
 * `/api**`. One asterisk stands for any run within a segment, two for any run at
 * all, slashes included; each run may be empty, and all else is itself. Any
 * thread.
 */
#ifndef MTASYNC_APP_PATTERN_H
#define MTASYNC_APP_PATTERN_H

#include "app/complaint.h"

/* Bytes of a pattern. */
#define PATTERN_MAX 1024

/* Whether a text is a pattern that some path of http_target_decode() may have.
 * Returns false with a complaint. */
bool pattern_check(struct span text, struct complaint *why);

/* Whether a decoded path has the pattern; both without the slash in front, or
 * without the same bytes behind that. */
bool pattern_matches(struct span pattern, struct span path);

/* Returns how many steps that takes: at most twice the product of both sizes, each
 * and one. */
size_t pattern_count_steps(struct span pattern, struct span path);

/* Returns how many bytes of a pattern, without the slash in front, paths have to
 * begin with in whole segments: up to and with the last slash before the first
 * asterisk, or all of it where there is none. */
size_t pattern_fixed_size(struct span pattern);

/* Returns how many bytes they have to end in: those behind the last asterisk. */
size_t pattern_tail_size(struct span pattern);

/* Returns how many bytes a path has at least that has the pattern. */
size_t pattern_least_size(struct span pattern);

#endif
