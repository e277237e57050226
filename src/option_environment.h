/* option_environment: options in the environment, as containers are configured. */
#ifndef MTASYNC_OPTION_ENVIRONMENT_H
#define MTASYNC_OPTION_ENVIRONMENT_H

#include "option_values.h"

/*
 * Takes the options that MTASYNC_NAME=VALUE give, NAME being that of one of the
 * `count` rows with _ for -, and ROOT; but those that the command line has `given`,
 * by the rows' places. A value of several lines is several values; an empty one is none.
 * Lines end by NUL then, for good: options keep the strings. Returns false where it has
 * said what is wrong. Main thread, once.
 */
bool options_take_environment(struct options *options,
    const struct options_row *rows, size_t count, const bool *given,
    char **environment);

#endif
