/* ruling: sets of rules, for tests; the seed of each rule tells it from others. */
#ifndef MTASYNC_TESTS_UNIT_RULING_H
#define MTASYNC_TESTS_UNIT_RULING_H

#include "app/rules.h"

struct rules *new_rules(void);

void add(struct rules *rules, const char *text);

/* The number of the rule for a path, by its seed; 0: there is none. */
int64_t number(struct rules *rules, enum http_method method, const char *path);

#endif
