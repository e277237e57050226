/* Reads certificates, keys and the tickets' secret; the main thread. */
#include "config.h"

#include "tls/material.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/text_file.h"
#include "tls/inside.h"

/* Says why text_file_read() has failed, by errno. */
static void
material_complain_of_file(const char *path, struct text *fault)
{
	if (errno == EINVAL)
		text_printf(fault, "%s: it is no regular file", path);
	else
		text_printf(fault, "%s: %m", path);
}

/* Reads a file, as a string; or returns NULL and says why. */
static char *
material_read_file(const char *path, struct text *fault)
{
	size_t size = 0;
	char *text = text_file_read(path, &size);
	char *string = text == NULL ? NULL : strndup(text, size);

	if (string == NULL)
		material_complain_of_file(path, fault);
	if (text != NULL)
		OPENSSL_cleanse(text, size);
	free(text);
	return string;
}

/* Writes names, sorted, a line each, without those that are there twice; NULL
 * where memory is short. */
static char *
material_join(const struct tls_names *names)
{
	struct text text = { 0 };

	text_put(&text, "\n");
	for (size_t i = 0; i < names->size; i++)
		if (i == 0 ||
		    strcmp(names->list[i].text, names->list[i - 1].text) != 0)
			text_printf(&text, "%s\n", names->list[i].text);
	return text_take(&text);
}

static bool
material_set_has(const struct tls_material *material, size_t set,
    const char *kind)
{
	for (size_t i = 0; i < material->count; i++)
		if (material->chains[i].set == set &&
		    strcmp(material->certificates[i].kind, kind) == 0)
			return true;
	return false;
}

/* Returns the set of those that have these names, and not yet a key of this kind;
 * or that of none. */
static size_t
material_find_set(const struct tls_material *material, const char *names,
    const char *kind)
{
	for (size_t i = 0; i < material->count; i++) {
		size_t set = material->chains[i].set;

		if (strcmp(material->chains[i].names, names) == 0 &&
		    !material_set_has(material, set, kind))
			return set;
	}
	return material->sets;
}

/* Adds names to those of all, as a set's. */
static int
material_add_names(struct tls_material *material, const struct tls_names *names,
    size_t set)
{
	for (size_t i = 0; i < names->size; i++)
		if (tls_names_add(&material->names,
			span_of(names->list[i].text), set) == -1)
			return -1;
	return 0;
}

static void
material_free_chain(struct tls_chain *chain, struct tls_certificate *told)
{
	tls_chain_forget(chain->certificate);
	tls_chain_forget(chain->key);
	free(chain->names);
	free((char *)told->file);
	free((char *)told->name);
}

/* Puts a chain, whose texts are there, behind those before it: room has been
 * made. Returns 0, or -1 where memory is short. */
static int
material_add_chain(struct tls_material *material, struct tls_chain *chain,
    struct tls_certificate *told)
{
	struct tls_names names = { 0 };
	int result = tls_certificate_read(chain->certificate, told, &names);

	tls_names_sort(&names);
	chain->names = material_join(&names);
	if (result == 0 && chain->names != NULL) {
		chain->set = material_find_set(material, chain->names,
		    told->kind);
		result = material_add_names(material, &names, chain->set);
	} else
		result = -1;
	tls_names_fini(&names);
	if (result == -1)
		return -1;
	material->chains[material->count] = *chain;
	material->certificates[material->count++] = *told;
	material->sets += chain->set == material->sets;
	return 0;
}

/* Whether a handshake can be made of a chain; it says why not. */
static bool
material_try(const struct tls_chain *chain, const struct tls_files *files,
    struct text *fault)
{
	SSL_CTX *ssl_ctx = tls_protocol_new(NULL);
	const char *why = "memory is short";
	bool good = ssl_ctx != NULL &&
		    tls_chain_use(ssl_ctx, NULL, chain, &why) == 0;

	SSL_CTX_free(ssl_ctx);
	if (good)
		return true;
	if (files->key == NULL)
		text_printf(fault, "%s: %s", files->certificate, why);
	else
		text_printf(fault, "%s, with the key in %s: %s",
		    files->certificate, files->key, why);
	return false;
}

/* Reads one certificate and its key. Returns 0; or -1, and says why. */
static int
material_read_one(struct tls_material *material, const struct tls_files *files,
    struct text *fault)
{
	struct tls_chain chain = { 0 };
	struct tls_certificate told = { 0 };
	const char *key = files->key == NULL ? files->certificate : files->key;

	chain.certificate = material_read_file(files->certificate, fault);
	if (chain.certificate != NULL)
		chain.key = material_read_file(key, fault);
	if (chain.key != NULL && material_try(&chain, files, fault)) {
		told.file = strdup(files->certificate);
		if (told.file != NULL &&
		    material_add_chain(material, &chain, &told) == 0)
			return 0;
		text_printf(fault, "%s: memory is short", files->certificate);
	}
	material_free_chain(&chain, &told);
	return -1;
}

/* Shows our own certificate. Returns 0, or -1 where memory is short. */
static int
material_show_own(struct tls_material *material)
{
	const struct tls_own *own = &material->own;
	struct tls_chain chain = { 0 };
	struct tls_certificate told = { .file = strdup("own") };

	if (own->certificates[TLS_SHOWN_RIGHT] != NULL && own->key != NULL) {
		chain.certificate = strdup(own->certificates[TLS_SHOWN_RIGHT]);
		chain.key = strdup(own->key);
	}

	if (chain.certificate != NULL && chain.key != NULL &&
	    told.file != NULL &&
	    material_add_chain(material, &chain, &told) == 0)
		return 0;
	material_free_chain(&chain, &told);
	return -1;
}

/* Reads all that is named, and makes what is not. Returns 0; or -1, and says
 * why. */
static int
material_fill(struct tls_material *material, const struct tls_config *config,
    const struct tls_material *before, time_t now, struct text *fault)
{
	size_t room = config->count > 0 ? config->count : 1;

	material->chains = calloc(room, sizeof(material->chains[0]));
	material->certificates = calloc(room,
	    sizeof(material->certificates[0]));
	if (material->chains == NULL || material->certificates == NULL)
		return -1;
	for (size_t i = 0; i < config->count; i++)
		if (material_read_one(material, &config->files[i], fault) == -1)
			return -1;
	if ((config->count == 0 || config->words) &&
	    tls_own_make(&material->own, before == NULL ? NULL : &before->own,
		&material->names, now) == -1)
		return -1;
	if (config->count == 0 && material_show_own(material) == -1)
		return -1;
	tls_names_sort(&material->names);
	return 0;
}

/* Begins the ratchet with the bytes of a file. Returns 0; or -1, and says why. */
static int
material_read_secret(struct tls_material *material, const char *path,
    time_t now, struct text *fault)
{
	struct span file = { NULL, 0 };
	char *text = text_file_read(path, &file.size);
	int result = -1;

	file.data = text;
	if (text == NULL)
		material_complain_of_file(path, fault);
	else if (file.size < TLS_RATCHET_SECRET)
		text_printf(fault,
		    "%s: a secret of tickets has 32 bytes or more", path);
	else
		result = tls_ratchet_init(&material->ratchet, file, now);
	if (text != NULL)
		OPENSSL_cleanse(text, file.size);
	free(text);
	return result;
}

/* Begins the ratchet: with a file, as it was, or by chance. Returns 0; or -1, and
 * may say why. */
static int
material_begin_ratchet(struct tls_material *material,
    const struct tls_config *config, const struct tls_material *before,
    time_t now, struct text *fault)
{
	unsigned char secret[TLS_RATCHET_SECRET];
	int result = -1;

	if (config->ticket_secret != NULL)
		return material_read_secret(material, config->ticket_secret,
		    now, fault);
	material->random = true;
	if (before != NULL && before->random) {
		material->ratchet = before->ratchet;
		return tls_ratchet_turn(&material->ratchet, now);
	}
	if (RAND_priv_bytes(secret, sizeof(secret)) == 1)
		result = tls_ratchet_init_random(&material->ratchet, secret,
		    now);
	OPENSSL_cleanse(secret, sizeof(secret));
	return result;
}

/* Adds what the operator should know. */
static void
material_notice(struct tls_material *material, const char *text, size_t i,
    time_t when)
{
	const struct tls_certificate *told = &material->certificates[i];
	struct tls_notice *notice = &material->notices[material->notice_count];
	char date[16] = "";
	struct tm tm;

	if (when != 0 && gmtime_r(&when, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	if (asprintf(&notice->text, "%s: the certificate of %s %s%s",
		told->file, told->name[0] == '\0' ? "no name" : told->name,
		text, date) == -1) {
		notice->text = NULL;
		return;
	}
	notice->grave = when != 0 && strncmp(text, "ends", 4) != 0;
	notice->fresh = true;
	material->notice_count++;
}

/* Notes what is or will soon be wrong with certificates, at most twice for each.
 * Returns 0, or -1 where memory is short. */
static int
material_notice_all(struct tls_material *material, time_t now)
{
	const time_t soon = (time_t)TLS_MATERIAL_WARN_DAYS * 24 * 3600;

	material->notices = calloc(material->count * 2,
	    sizeof(material->notices[0]));
	if (material->notices == NULL)
		return -1;
	for (size_t i = 0; i < material->count; i++) {
		const struct tls_certificate *told = &material->certificates[i];
		size_t set = material->chains[i].set;

		if (told->ends < now)
			material_notice(material, "has ended on ", i,
			    told->ends);
		else if (told->begins > now)
			material_notice(material, "does not begin before ", i,
			    told->begins);
		else if (told->ends - now < soon)
			material_notice(material, "ends on ", i, told->ends);
		if (strcmp(told->kind, "RSA") == 0 &&
		    !material_set_has(material, set, "EC"))
			material_notice(material,
			    "has an RSA key, and there is none with an EC key, "
			    "which costs a fifteenth",
			    i, 0);
	}
	return 0;
}

struct tls_material *
tls_material_read(const struct tls_config *config,
    const struct tls_material *before, time_t now, struct text *fault)
{
	struct tls_material *material = calloc(1, sizeof(*material));

	tls_library_begin();
	ERR_clear_error();
	if (material != NULL) {
		material->made = now;
		material->own_shown = config->count == 0;
		material->words = config->words;
		material->max_sleep = config->max_sleep;
		if (material_fill(material, config, before, now, fault) == 0 &&
		    material_begin_ratchet(material, config, before, now,
			fault) == 0 &&
		    (config->count == 0 ||
			material_notice_all(material, now) == 0))
			return material;
	}
	if (fault->size == 0)
		text_printf(fault, "OpenSSL fails: %s", tls_last_reason());
	tls_material_free(material);
	return NULL;
}

static void
material_free_notices(struct tls_notice *notices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(notices[i].text);
	free(notices);
}

void
tls_material_free(struct tls_material *material)
{
	if (material == NULL)
		return;
	for (size_t i = 0; i < material->count; i++)
		material_free_chain(&material->chains[i],
		    &material->certificates[i]);
	material_free_notices(material->notices, material->notice_count);
	free(material->chains);
	free(material->certificates);
	tls_names_fini(&material->names);
	tls_own_fini(&material->own);
	tls_ratchet_fini(&material->ratchet);
	free(material);
}

/* Whether one of `count` notices has this text. */
static bool
material_has_noted(const struct tls_notice *notices, size_t count,
    const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(notices[i].text, text) == 0)
			return true;
	return false;
}

/* Notes all anew; what has been noted before is not fresh. Returns 0; or -1 where memory
 * is short, and all is as before. */
static int
material_notice_anew(struct tls_material *material, time_t now)
{
	struct tls_notice *before = material->notices;
	size_t count = material->notice_count;

	material->notice_count = 0;
	if (material_notice_all(material, now) == -1) {
		material->notices = before;
		material->notice_count = count;
		return -1;
	}
	for (size_t i = 0; i < material->notice_count; i++)
		material->notices[i].fresh = !material_has_noted(before, count,
		    material->notices[i].text);
	material_free_notices(before, count);
	return 0;
}

int
tls_material_turn(struct tls_material *material, time_t now)
{
	int result = tls_ratchet_turn(&material->ratchet, now);

	if (!material->own_shown && material_notice_anew(material, now) == -1)
		result = -1;
	return result;
}

const struct tls_certificate *
tls_material_certificates(const struct tls_material *material, size_t *count)
{
	*count = material->count;
	return material->certificates;
}

const struct tls_notice *
tls_material_notices(const struct tls_material *material, size_t *count)
{
	*count = material->notice_count;
	return material->notices;
}

/* Writes a whole string to a descriptor. Returns 0, or -1 with errno. */
static int
material_write(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(fd, text, left);

		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -1;
		text += written;
		left -= (size_t)written;
	}
	return 0;
}

int
tls_material_write_ca(const struct tls_material *material, const char *path)
{
	int fd, result;

	if (material->own.ca == NULL) {
		errno = ENOENT;
		return -1;
	}
	/* nobody may read a FIFO, for which open(2) would wait */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK,
	    0644);
	if (fd == -1)
		return -1;
	result = material_write(fd, material->own.ca);
	if (close(fd) == -1)
		result = -1;
	return result;
}
