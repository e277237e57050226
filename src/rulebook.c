/* Reads the operator's rules; the main thread. */
#include "config.h"

#include "rulebook.h"

#include <stdio.h>

#include "app/drawn.h"
#include "app/key.h"
#include "app/rule_times.h"
#include "base/clock.h"
#include "base/log.h"

/* Adds the pools of --pool, or the rules of --rule. Returns false, and has said what
 * is wrong. */
static bool
rulebook_add_each(struct rules *rules, const struct options_texts *texts,
    const char *option, const char *before,
    bool (
	*add)(struct rules *rules, struct span text, struct rules_fault *fault))
{
	struct rules_fault fault;

	for (unsigned i = 0; i < texts->count; i++) {
		const char *text = texts->texts[i];

		if (add(rules, span_of(text), &fault) &&
		    rules_tell(rules, before, text))
			continue;
		log_error("--%s='%.200s': column %u: %s", option, text,
		    fault.column, fault.why);
		return false;
	}
	return true;
}

/* Adds what the options declare: the pools first, which the rules may name. */
static bool
rulebook_add_texts(struct rules *rules, const struct options *options)
{
	return rulebook_add_each(rules, &options->pools, "pool",
		   "pool=", rules_add_pool) &&
	       rulebook_add_each(rules, &options->rule_texts, "rule", "",
		   rules_add);
}

/* Adds the rules of the file, where there is one. Returns false, and has said what
 * is wrong. */
static bool
rulebook_add_file(struct rules *rules, const char *path, struct watch *watch)
{
	struct rules_fault fault;

	if (path == NULL)
		return true;
	watch_note(watch, path);
	if (rules_read(rules, path, &fault))
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
		options->max_size, NULL };
	struct rules *rules = rules_new(&limits);
	bool fine = rules == NULL || rulebook_add_texts(rules, options);

	rules_release(rules);
	return fine; /* without memory, rulebook_read() fails */
}

int
rulebook_read(const struct options *options, const struct words_limits *limits,
    const struct rules *before, struct watch *watch, struct rules **rules)
{
	const struct words_limits of_all = { limits->when, limits->max_size,
		rules_pools(before) };
	struct rules *all = rules_new(&of_all);
	bool read;

	if (all != NULL)
		rules_watch(all, watch);
	read = all != NULL && rulebook_add_texts(all, options) &&
	       rulebook_add_file(all, options->rules, watch);
	if (all == NULL || (read && !rules_end(all))) {
		log_error("no memory for the rules");
		read = false;
	}
	*rules = NULL;
	if (all != NULL)
		rules_watch(all, NULL);
	if (read && !rules_are_empty(all))
		*rules = rules_hold(all);
	rules_release(all);
	return read ? 0 : -1;
}

/* Prints what a rule's words draw, so many times. */
static void
rulebook_print(const struct rule *rule, int64_t count,
    struct drawn_source *source)
{
	const struct behaviour *behaviour = &rule->behaviour;
	struct drawn_names names = { SPAN(""), SPAN("") };
	struct key key;

	if (behaviour_says(behaviour, WORD_KEY)) {
		key_find(&key, behaviour, NULL, NULL);
		names.key = key_text(&key);
		source->roll.key = roll_key(names.key);
	}
	if (behaviour_says(behaviour, WORD_POOL))
		names.pool = pool_name(behaviour->pool);
	if (behaviour_says(behaviour, WORD_SEED))
		source->roll.seed = behaviour->seed;
	for (int64_t i = 0; i < count; i++) {
		struct drawn drawn;
		char text[DRAWN_TEXT_MAX];

		source->roll.n++;
		drawn_make(&drawn, behaviour, source);
		printf("%.*s\n", (int)drawn_write(&drawn, &names, text), text);
	}
}

/* Refuses files of times: who puts rules from afar reads no files here. */
static struct when_times *
rulebook_read_no_file(struct span name, void *arg, struct complaint *why)
{
	(void)arg;
	(void)complain(why, name.data, "delay=250ms",
	    "no file: that is for rules of --rule and --rules");
	return NULL;
}

struct rules *
rulebook_parse(struct span text, const struct words_limits *limits,
    const struct rules *before, struct rules_fault *fault)
{
	const struct words_limits of_all = { { limits->when.most,
						 rulebook_read_no_file, NULL },
		limits->max_size, rules_pools(before) };
	struct rules *rules = rules_new(&of_all);

	*fault = (struct rules_fault){ 1, 1, "no memory for it" };
	if (rules != NULL && rules_parse(rules, text, fault) &&
	    rules_end(rules))
		return rules;
	rules_release(rules);
	return NULL;
}

int
rulebook_print_draws(const struct options *options,
    const struct app_config *config)
{
	struct rule_times times = { .directory = SPAN(""),
		.most = config->limits.when.most };
	struct rules *rules = rules_new(&config->limits);
	struct words_limits limits = { { times.most, rule_times_read, &times },
		config->limits.max_size, rules_pools(rules) };
	struct drawn_source source = { .roll = { .seed = config->seed },
		.most = times.most,
		.wall = clock_wall() };
	struct rules_fault fault = { 0 };
	struct rule *rule = NULL;

	if (rules != NULL && rulebook_add_texts(rules, options))
		rule = rule_new_of_words(span_of(options->draw), &limits,
		    &fault);
	if (rule != NULL)
		rulebook_print(rule, options->draws, &source);
	else if (fault.line != 0)
		log_error("--draw='%.200s': column %u: %s", options->draw,
		    fault.column, fault.why);
	rule_free(rule);
	rules_release(rules);
	return rule != NULL ? 0 : -1;
}
