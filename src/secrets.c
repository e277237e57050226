/* Reads certificates and their keys; the main thread. */
#include "config.h"

#include "secrets.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "base/clock.h"
#include "base/log.h"

int
secrets_open(struct secrets *secrets, const struct options *options,
    unsigned workers)
{
	secrets->options = options;
	secrets->libraries = calloc(workers, sizeof(struct tls_library *));
	if (secrets->libraries == NULL) {
		log_error("no memory for TLS");
		return -1;
	}
	for (; secrets->count < workers; secrets->count++) {
		struct tls_library *library = tls_library_new();

		if (library == NULL) {
			log_error("OpenSSL can't begin");
			return -1;
		}
		secrets->libraries[secrets->count] = library;
	}
	return 0;
}

void
secrets_close(struct secrets *secrets)
{
	for (unsigned i = 0; i < secrets->count; i++)
		tls_library_free(secrets->libraries[i]);
	free(secrets->libraries);
	*secrets = (struct secrets){ 0 };
}

/* Splits each FILE[,KEYFILE], in memory that has been allocated for all. Returns NULL
 * where that is short. */
static struct tls_files *
secrets_split(const struct options_texts *texts)
{
	size_t size = texts->count * sizeof(struct tls_files);
	struct tls_files *files;
	char *text;

	for (unsigned i = 0; i < texts->count; i++)
		size += strlen(texts->texts[i]) + 1;
	files = malloc(size + 1);
	if (files == NULL)
		return NULL;
	text = (char *)(files + texts->count);
	for (unsigned i = 0; i < texts->count; i++) {
		char *comma;

		files[i] = (struct tls_files){ .certificate = text };
		text = stpcpy(text, texts->texts[i]) + 1;
		comma = strchr(files[i].certificate, ',');
		if (comma == NULL)
			continue;
		*comma = '\0';
		files[i].key = comma + 1;
	}
	return files;
}

static void
secrets_complain(const struct text *fault)
{
	struct span why = text_span(fault);

	if (why.size > 0)
		log_error("%.*s", (int)why.size, why.data);
	else
		log_error("no memory for TLS");
}

/* Notes all that is about to be read. */
static void
secrets_note(const struct secrets *secrets, const struct tls_files *files)
{
	const struct options *options = secrets->options;

	for (unsigned i = 0; i < options->certs.count; i++) {
		watch_note(secrets->watch, files[i].certificate);
		if (files[i].key != NULL)
			watch_note(secrets->watch, files[i].key);
	}
	if (options->ticket_secret != NULL)
		watch_note(secrets->watch, options->ticket_secret);
}

static struct tls_material *
secrets_read_material(const struct secrets *secrets,
    const struct secrets_read *before)
{
	const struct options *options = secrets->options;
	struct tls_files *files = secrets_split(&options->certs);
	struct tls_config config = { files, options->certs.count,
		options->ticket_secret, options->routes != app_file_routes,
		options->max_sleep };
	struct tls_material *material = NULL;
	struct text fault = { 0 };

	if (files != NULL) {
		secrets_note(secrets, files);
		material = tls_material_read(&config, before->material,
		    time(NULL), &fault);
	}
	if (material == NULL)
		secrets_complain(&fault);
	text_fini(&fault);
	free(files);
	return material;
}

/* Makes the keys of each worker. Returns 0, or -1 and has said why. */
static int
secrets_make_keys(const struct secrets *secrets, struct secrets_read *read)
{
	struct text fault = { 0 };

	read->keys = calloc(secrets->count, sizeof(struct tls_keys *));
	while (read->keys != NULL && read->count < secrets->count) {
		struct tls_keys *keys =
		    tls_keys_new(secrets->libraries[read->count],
			read->material, &fault);

		if (keys == NULL)
			break;
		read->keys[read->count++] = keys;
	}
	if (read->count < secrets->count)
		secrets_complain(&fault);
	text_fini(&fault);
	return read->count == secrets->count ? 0 : -1;
}

/* Says what the operator has not been told yet. */
static void
secrets_tell(const struct tls_material *material)
{
	size_t count;
	const struct tls_notice *notices = tls_material_notices(material,
	    &count);

	for (size_t i = 0; i < count; i++)
		if (notices[i].fresh)
			log_error("%s", notices[i].text);
}

int
secrets_read(const struct secrets *secrets, const struct secrets_read *before,
    struct secrets_read *read)
{
	if (secrets->count == 0)
		return 0;
	read->material = secrets_read_material(secrets, before);
	if (read->material == NULL || secrets_make_keys(secrets, read) == -1)
		return -1;
	secrets_tell(read->material);
	return 0;
}

int
secrets_write_ca(const struct secrets *secrets, const struct secrets_read *read)
{
	const char *path = secrets->count > 0 ? secrets->options->write_ca
					      : NULL;

	if (path == NULL || tls_material_write_ca(read->material, path) == 0)
		return 0;
	log_error("--write-ca=%.200s: the CA can't be written there: %m", path);
	return -1;
}

void
secrets_turn(struct secrets_read *read)
{
	if (tls_material_turn(read->material,
		(time_t)(clock_wall() / CLOCK_S)) == -1)
		log_error("no memory to forget the secrets of TLS");
	secrets_tell(read->material);
}

void
secrets_drop(struct secrets_read *read)
{
	for (unsigned i = 0; i < read->count; i++)
		tls_keys_release(read->keys[i]);
	free(read->keys);
	tls_material_free(read->material);
	*read = (struct secrets_read){ 0 };
}
