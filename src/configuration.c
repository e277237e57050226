/* Writes the configuration; the main thread. */
#include "config.h"

#include "configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "app/document.h"
#include "app/json_text.h"
#include "loop/library.h"
#include "tls/built.h"

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

static void
configuration_put_command(struct json_text *json, char **argv)
{
	json_text_open_array(json, "command");
	for (; *argv != NULL; argv++)
		json_text_put_string(json, NULL, span_of(*argv));
	json_text_close_array(json);
}

static void
configuration_put_addresses(struct json_text *json,
    const struct listeners *listeners)
{
	json_text_open_array(json, "listen");
	for (unsigned i = 0; i < listeners->count; i++) {
		char address[LISTENER_TEXT_MAX];
		char text[LISTENER_TEXT_MAX + sizeof(",tls")];

		listener_format(address, &listeners->list[i].address);
		snprintf(text, sizeof(text), "%s%s", address,
		    listeners->entrances[i].tls ? ",tls" : "");
		json_text_put_string(json, NULL, span_of(text));
	}
	json_text_close_array(json);
}

/* Writes what the options came to. */
static void
configuration_put_outcome(struct json_text *json, const struct options *options,
    const struct server_config *config)
{
	static const char *const logs[] = { [RECORD_OFF] = "off",
		[RECORD_COMBINED] = "combined",
		[RECORD_JSON] = "json" };

	json_text_put_string(json, "root", span_of(options->root));
	json_text_put_string(json, "model", span_of(options->model->name));
	json_text_put_number(json, "workers", config->workers);
	if (options->model->threads == MODEL_HANDS)
		json_text_put_number(json, "threads", config->threads);
	json_text_put_number(json, "max_conns", config->max_conns);
	json_text_put_string(json, "log", span_of(logs[config->log_format]));
	json_text_put_string(json, "sandbox",
	    span_of(sandbox_describe(&config->sandbox)));
	json_text_put_number(json, "seed", (uint64_t)config->app.seed);
}

char *
configuration_write(const struct options *options,
    const struct server_config *config, const struct listeners *listeners)
{
	struct json_text json;
	struct document *document;
	char libevent[128], openssl[64], *text = NULL;

	library_describe(libevent, sizeof(libevent));
	tls_describe_library(openssl, sizeof(openssl));
	json_text_begin(&json);
	json_text_put_string(&json, "version", span_of(PACKAGE_VERSION));
	json_text_put_string(&json, "libevent", span_of(libevent));
	json_text_put_string(&json, "openssl", span_of(openssl));
	configuration_put_command(&json, options->argv);
	json_text_open_object(&json, "options");
	options_tell(options, configuration_put_option, &json);
	json_text_close_object(&json);
	configuration_put_addresses(&json, listeners);
	configuration_put_outcome(&json, options, config);
	configuration_put_system(&json);
	document = json_text_end(&json);
	if (document != NULL)
		text = strndup(document->data, document->size);
	free(document);
	return text;
}
