/* Writes the configuration; the main thread. */
#include "config.h"

#include "configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "app/document.h"
#include "app/json_text.h"
#include "loop/loop.h"

static void
configuration_put_option(void *arg, const char *name, const char *value)
{
	json_text_put_string(arg, name, span_of(value));
}

/* Writes a number that the kernel tells in a file; nothing where it does not. */
static void
configuration_put_kernel(struct json_text *json, const char *name,
    const char *path)
{
	FILE *file = fopen(path, "re");
	char line[32], *end;

	if (file == NULL)
		return;
	if (fgets(line, sizeof(line), file) != NULL) {
		uint64_t number = strtoull(line, &end, 10);

		if (end != line)
			json_text_put_number(json, name, number);
	}
	fclose(file);
}

static void
configuration_put_system(struct json_text *json)
{
	struct utsname system;

	json_text_open_object(json, "kernel");
	if (uname(&system) == 0)
		json_text_put_string(json, "release", span_of(system.release));
	configuration_put_kernel(json, "somaxconn",
	    "/proc/sys/net/core/somaxconn");
	configuration_put_kernel(json, "tcp_migrate_req",
	    "/proc/sys/net/ipv4/tcp_migrate_req");
	json_text_close_object(json);
}

char *
configuration_write(const struct options *options,
    const struct server_config *config, char **argv)
{
	struct json_text json;
	struct document *document;
	char library[128], *text = NULL;

	loop_describe_library(library, sizeof(library));
	json_text_begin(&json);
	json_text_put_string(&json, "version", span_of(PACKAGE_VERSION));
	json_text_put_string(&json, "libevent", span_of(library));
	json_text_open_array(&json, "command");
	for (; *argv != NULL; argv++)
		json_text_put_string(&json, NULL, span_of(*argv));
	json_text_close_array(&json);
	json_text_open_object(&json, "options");
	options_tell(options, configuration_put_option, &json);
	json_text_close_object(&json);
	json_text_put_number(&json, "workers", config->workers);
	json_text_put_number(&json, "seed", (uint64_t)config->app.seed);
	configuration_put_system(&json);
	document = json_text_end(&json);
	if (document != NULL)
		text = strndup(document->data, document->size);
	free(document);
	return text;
}
