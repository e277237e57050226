/* Takes the options that the environment gives; the main thread, before all else. */
#include "config.h"

#include "option_environment.h"

#include <ctype.h>
#include <string.h>

#include "option_values.h"

#define ENVIRONMENT_PREFIX "MTASYNC_"

/* What Kubernetes says of a Service called mtasync to all containers beside it, and
 * docker of a container that is linked: none of it is an option. */
static bool
environment_is_foreign(const char *name)
{
	return strncmp(name, "SERVICE_", 8) == 0 ||
	       strncmp(name, "PORT=", 5) == 0 ||
	       strncmp(name, "PORT_", 5) == 0 || strncmp(name, "NAME=", 5) == 0;
}

/* Whether a variable, without its prefix, is that of an option: MAX_CONNS=... is
 * that of max-conns. */
static bool
environment_is_for(const char *variable, const char *name)
{
	for (; *name != '\0'; variable++, name++)
		if (*variable != (*name == '-' ? '_' : toupper(*name)))
			return false;
	return *variable == '=';
}

static const struct options_row *
environment_find(const char *variable, const struct options_row *rows,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].result == OPTIONS_RUN &&
		    environment_is_for(variable, rows[i].name))
			return &rows[i];
	return NULL;
}

/* Takes an option that has no value, or may have none: 1 gives it, 0 does not. */
static bool
environment_take_flag(const struct options_row *row, struct options *options,
    const char *text)
{
	if (strcmp(text, "0") == 0)
		return true;
	if (strcmp(text, "1") == 0)
		return row->set(row, options, NULL);
	if (row->value != NULL)
		return row->set(row, options, text);
	log_error("%.200s: must be 1 or 0", text);
	return false;
}

/* Takes a value, and where it has several lines, each as one. */
static bool
environment_take(const struct options_row *row, struct options *options,
    char *text)
{
	bool valued = row->value != NULL && row->value[0] != '[';
	char *rest = text;

	while ((text = strsep(&rest, "\n")) != NULL) {
		bool taken = text[0] == '\0' ||
			     (valued ? row->set(row, options, text)
				     : environment_take_flag(row, options,
					   text));

		if (!taken)
			return false;
	}
	return true;
}

bool
options_take_environment(struct options *options,
    const struct options_row *rows, size_t count, const bool *given,
    char **environment)
{
	static const size_t size = sizeof(ENVIRONMENT_PREFIX) - 1;

	for (; *environment != NULL; environment++) {
		char *name = *environment + size, *value;
		const struct options_row *row;

		if (strncmp(*environment, ENVIRONMENT_PREFIX, size) != 0 ||
		    environment_is_foreign(name))
			continue;
		value = name + strcspn(name, "=");
		if (*value == '\0')
			continue;
		value++;
		row = environment_find(name, rows, count);
		if (environment_is_for(name, "root")) {
			options->root = value;
		} else if (row == NULL) {
			log_error("%.200s: no such option, in the environment"
				  " (see mtasync --help)",
			    *environment);
			return false;
		} else if (!given[row - rows] &&
			   !environment_take(row, options, value)) {
			log_error("so says %.*s, in the environment",
			    (int)(value - 1 - *environment), *environment);
			return false;
		}
	}
	return true;
}
