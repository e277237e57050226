/* Makes sets of rules, and asks them. */
#include "config.h"

#include "ruling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static const struct words_limits limits = { .when = { 600 * CLOCK_S, NULL,
						NULL },
	.max_size = 1 << 30 };

struct rules *
new_rules(void)
{
	struct rules *rules = rules_new(&limits);

	assert_non_null(rules);
	return rules;
}

void
add(struct rules *rules, const char *text)
{
	struct rules_fault fault;

	if (!rules_add(rules, span_of(text), &fault))
		fail_msg("%s: %u: %s", text, fault.column, fault.why);
}

int64_t
number(struct rules *rules, enum http_method method, const char *path)
{
	struct rule *rule = rules_find(rules, method, span_of(path));

	return rule != NULL ? rule->behaviour.seed : 0;
}
