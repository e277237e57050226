/* Reads the files of times that rules name; the main thread. */
#include "config.h"

#include "app/rule_times.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text_file.h"

#define RULE_TIMES_EXAMPLE "delay=file:times.txt"

/* Writes the path of a name; returns NULL where memory is short. */
static char *
rule_times_path(const struct rule_times *times, struct span name)
{
	struct span directory = times->directory;
	char *path;

	if (name.size > 0 && name.data[0] == '/')
		directory.size = 0;
	if (asprintf(&path, "%.*s%.*s", (int)directory.size,
		directory.size > 0 ? directory.data : "", (int)name.size,
		name.data) == -1)
		return NULL;
	return path;
}

/* Has a complaint about a byte of a file's text tell where that is. */
static void
rule_times_place(struct span name, struct span text, struct complaint *why)
{
	const struct complaint inner = *why;
	unsigned line = 1, column = 1;

	for (const char *p = text.data; p < inner.at; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	(void)complain(why, name.data, inner.example,
	    "in line %u of it, at column %u, %.100s", line, column,
	    inner.wanted);
}

struct when_times *
rule_times_read(struct span name, void *arg, struct complaint *why)
{
	const struct rule_times *files = arg;
	char *path = rule_times_path(files, name), *text = NULL;
	struct when_times *times = NULL;
	size_t size = 0;

	if (path != NULL) {
		watch_note(files->watch, path);
		text = text_file_read(path, &size);
	}
	if (text == NULL) {
		(void)complain(why, name.data, RULE_TIMES_EXAMPLE,
		    "a regular file of up to 16 MiB that can be read (%m)");
	} else {
		times = when_times_parse((struct span){ text, size },
		    files->most, why);
		if (times == NULL && why->at != NULL)
			rule_times_place(name, (struct span){ text, size },
			    why);
		why->at = name.data;
	}
	free(text);
	free(path);
	return times;
}
