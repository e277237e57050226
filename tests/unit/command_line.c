/* Parses command lines, and listens. */
#include "config.h"

#include "command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"

static enum options_result
parse_both(struct options *options, const struct line *line, char **environment)
{
	char program[] = "mtasync", *argv[ARGUMENTS_MAX + 2] = { program };
	enum options_result result;
	int argc = 1;

	for (size_t i = 0; line->arguments[i] != NULL; i++)
		argv[argc++] = (char *)line->arguments[i];
	result = options_parse(options, argc, argv, environment);
	return result == OPTIONS_RUN ? options_resolve(options) : result;
}

enum options_result
parse(struct options *options, const struct line *line)
{
	char *none[] = { NULL };

	return parse_both(options, line, none);
}

const char *
parse_with(struct options *options, const struct line *line, char **environment,
    enum options_result expected)
{
	static struct capture capture;
	enum options_result result;

	capture_begin(&capture, STDERR_FILENO);
	result = parse_both(options, line, environment);
	capture_end(&capture);
	if (result != expected)
		fail_msg("%s: %d: %s", line->arguments[0], (int)result,
		    capture.text);
	return capture.text;
}

const char *
parse_and_listen(struct options *options, const struct line *line,
    enum options_result expected)
{
	char *none[] = { NULL };

	return parse_with(options, line, none, expected);
}
