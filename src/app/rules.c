/* rules: finds none yet. */
#include "app/rules.h"
#include "config.h"
struct rule *
rules_find(struct rules *rules, enum http_method method, struct span path)
{
	(void)rules;
	(void)method;
	(void)path;
	return NULL;
}
