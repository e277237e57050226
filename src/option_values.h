/*
 * option_values: what the options take, each kind by a function of its own, and
 * the rows of the table that say which. Main thread.
 */
#ifndef MTASYNC_OPTION_VALUES_H
#define MTASYNC_OPTION_VALUES_H

#include "base/units.h"
#include "options.h"

/* How a value that is refused is shown: enough of it to know it by. */
#define OPTIONS_REFUSED "--%s=%.200s: "

/* A kind of number: how it is read, shown, and told of. */
struct options_kind {
	const char *what, *example;
	enum units_result (*parse)(struct span text, int64_t *value);
	void (*format)(char text[UNITS_TEXT_MAX], int64_t value);
};

struct options_row {
	const char *name;
	const char *value; /* what --help calls it; NULL: takes none; one in
			    * brackets, as `[=NAME]`, may be left out */
	const char *help;
	const char *initial; /* the default, as one would write it */
	const char *origin;  /* or, where the system decides, what from */
	const char *group;   /* heading before this row in --help */
	/* Takes the value, or says what is wrong with it and returns false. */
	bool (*set)(const struct options_row *row, struct options *options,
	    const char *text);
	size_t field; /* offset in struct options */
	const struct options_kind *kind;
	const char *path; /* what a path has to name */
	int64_t minimum, maximum;
	char letter;                /* 0: there is only the long form */
	enum options_result result; /* other than OPTIONS_RUN: ends it all */
};

extern const struct options_kind options_count, options_time, options_size;

/* Each takes a value, into row->field where that says; or says what is wrong
 * with it, by --NAME=VALUE, and returns false. */
bool options_set_number(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_header(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_name(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_index(const struct options_row *row, struct options *options,
    const char *text);
bool options_add_text(const struct options_row *row, struct options *options,
    const char *text);
bool options_add_cert(const struct options_row *row, struct options *options,
    const char *text);
bool options_add_host(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_balance(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_forwarded(const struct options_row *row,
    struct options *options, const char *text);
bool options_add_trust(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_fields(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_extensions(const struct options_row *row,
    struct options *options, const char *text);
bool options_set_log(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_model(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_sandbox(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_user(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_plan(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_path(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_text(const struct options_row *row, struct options *options,
    const char *text);

/* These take none. */
bool options_set_level(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_flag(const struct options_row *row, struct options *options,
    const char *text);
bool options_set_routes(const struct options_row *row, struct options *options,
    const char *text);

#endif
