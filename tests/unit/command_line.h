/* command_line: a command line that is parsed, and what is said of it; for tests. */
#ifndef MTASYNC_TESTS_UNIT_COMMAND_LINE_H
#define MTASYNC_TESTS_UNIT_COMMAND_LINE_H

#include "options.h"

#define ARGUMENTS_MAX 28

/* A command line without its program, NULL at the end. */
struct line {
	const char *arguments[ARGUMENTS_MAX];
};

enum options_result parse(struct options *options, const struct line *line);

/* Parses, with an environment that it may change, NULL at the end, and returns all that
 * was said on standard error. */
const char *parse_with(struct options *options, const struct line *line,
    char **environment, enum options_result expected);

/* The same without one. */
const char *parse_and_listen(struct options *options, const struct line *line,
    enum options_result expected);

#endif
