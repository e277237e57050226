/* rule: one of the operator's rules, as its text says it. Any thread. */
#ifndef MTASYNC_APP_RULE_H
#define MTASYNC_APP_RULE_H

#include "app/words.h"
#include "http/request.h"

/* Bytes of a rule, and of a line of a file of rules. */
#define RULE_TEXT_MAX 65536

struct rule {
	struct behaviour behaviour; /* its spans lie in the rule's own text */
	_Atomic uint64_t drawn;     /* requests for which it has drawn */
	uint64_t scope; /* tells its keys from those of others: by its text, so
			 * that a reload that leaves it as it is forgets none */
	uint32_t methods;    /* RULE_METHOD() of those it is for */
	struct span pattern; /* without the slash in front */
	char text[];
};

#define RULE_METHOD(method) (UINT32_C(1) << (method))

/* Why a rule is refused. */
struct rules_fault {
	unsigned line;   /* from 1 on; 0: the file itself */
	unsigned column; /* likewise, in bytes */
	char why[640];   /* the word and its value, what would be right, an
			  * example; or why the file can't be read */
};

/* Makes a rule of its text. Returns NULL with a fault, of line 1. */
struct rule *rule_new(struct span text, const struct words_limits *limits,
    struct rules_fault *fault);

/* Makes a rule of a text that has words alone, without a pattern. */
struct rule *rule_new_of_words(struct span text,
    const struct words_limits *limits, struct rules_fault *fault);

/* Frees a rule; NULL is allowed. */
void rule_free(struct rule *rule);

#endif
