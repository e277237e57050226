/* Reads the operator's rules; the main thread. */
#include "config.h"

#include "rulebook.h"

#include <stdio.h>

#include "app/drawn.h"
#include "app/rule_times.h"
#include "base/log.h"

/* Adds the rules of --rule. Returns false, and has said what is wrong. */
static bool
rulebook_add_texts(struct rules *rules, const struct options *options)
{
	struct rules_fault fault;

	for (unsigned i = 0; i < options->rule_count; i++) {
		const char *text = options->rule_texts[i];

		if (rules_add(rules, span_of(text), &fault))
			continue;
		log_error("--rule='%.200s': column %u: %s", text, fault.column,
		    fault.why);
		return false;
	}
	return true;
}

/* Adds the rules of the file, where there is one. Returns false, and has said what
 * is wrong. */
static bool
rulebook_add_file(struct rules *rules, const char *path)
{
	struct rules_fault fault;

	if (path == NULL || rules_read(rules, path, &fault))
		return true;
	if (fault.line == 0)
		log_error("can't read the rules of %.200s: %s", path,
		    fault.why);
	else
		log_error("%.200s:%u:%u: %s", path, fault.line, fault.column,
		    fault.why);
	return false;
}

/* Stands for all files of times that rules may name. */
static struct when_times *
rulebook_read_no_times(struct span name, void *arg, struct complaint *why)
{
	(void)name;
	(void)arg;
	return when_times_parse(SPAN("0"), 0, why);
}

bool
rulebook_check(const struct options *options)
{
	const struct words_limits limits = { { options->max_sleep,
						 rulebook_read_no_times, NULL },
		options->max_size };
	struct rules *rules = rules_new(&limits);
	bool fine = rules == NULL || rulebook_add_texts(rules, options);

	rules_release(rules);
	return fine; /* without memory, rulebook_read() fails */
}

int
rulebook_read(const struct options *options, const struct words_limits *limits,
    struct rules **rules)
{
	struct rules *all = rules_new(limits);
	bool read = all != NULL && rulebook_add_texts(all, options) &&
		    rulebook_add_file(all, options->rules);

	if (all == NULL || (read && !rules_end(all))) {
		log_error("no memory for the rules");
		read = false;
	}
	*rules = NULL;
	if (read && !rules_are_empty(all))
		*rules = rules_hold(all);
	rules_release(all);
	return read ? 0 : -1;
}

int
rulebook_print_draws(const struct options *options,
    const struct app_config *config)
{
	struct rule_times times = { SPAN(""), config->limits.when.most };
	const struct words_limits limits = {
		{ times.most, rule_times_read, &times }, config->limits.max_size
	};
	struct rules_fault fault;
	struct rule *rule = rule_new_of_words(span_of(options->draw), &limits,
	    &fault);
	struct roll roll = { config->seed, 0 };

	if (rule == NULL) {
		log_error("--draw='%.200s': column %u: %s", options->draw,
		    fault.column, fault.why);
		return -1;
	}
	if (behaviour_says(&rule->behaviour, WORD_SEED))
		roll.seed = rule->behaviour.seed;
	for (int64_t i = 0; i < options->draws; i++) {
		struct drawn drawn;
		char text[DRAWN_TEXT_MAX];

		roll.n++;
		drawn_make(&drawn, &rule->behaviour, &roll, times.most);
		printf("%.*s\n", (int)drawn_write(&drawn, text), text);
	}
	rule_free(rule);
	return 0;
}
