/* Makes a worker's keys; the main thread. */
#include "config.h"

#include "tls/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tls/inside.h"

/* Makes a set of certificates, whose first is `chain`. Returns NULL, and *why says
 * why. */
static SSL_CTX *
keys_make_set(struct tls_keys *keys, const struct tls_chain *chain,
    const char **why)
{
	OSSL_LIB_CTX *ctx = keys->library->ctx;
	SSL_CTX *ssl_ctx = tls_protocol_new(ctx);

	if (ssl_ctx == NULL)
		*why = tls_last_reason();
	else if (tls_chain_use(ssl_ctx, ctx, chain, why) == 0) {
		SSL_CTX_set_app_data(ssl_ctx, keys);
		SSL_CTX_set_client_hello_cb(ssl_ctx, tls_hello_on_client, keys);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl_ctx,
		    tls_tickets_on_key);
		return ssl_ctx;
	}
	SSL_CTX_free(ssl_ctx);
	return NULL;
}

/* Makes the sets; each begins with its first chain. */
static int
keys_make_sets(struct tls_keys *keys, const struct tls_material *material,
    const char **why)
{
	keys->sets = calloc(material->sets, sizeof(SSL_CTX *));
	if (keys->sets == NULL)
		return -1;
	keys->count = material->sets;
	for (size_t i = 0; i < material->count; i++) {
		const struct tls_chain *chain = &material->chains[i];
		SSL_CTX **set = &keys->sets[chain->set];

		if (*set != NULL) {
			if (tls_chain_use(*set, keys->library->ctx, chain,
				why) == -1)
				return -1;
		} else if ((*set = keys_make_set(keys, chain, why)) == NULL)
			return -1;
	}
	return 0;
}

/* Makes those that are wrong on purpose. */
static int
keys_make_shown(struct tls_keys *keys, const struct tls_own *own,
    const char **why)
{
	for (int i = TLS_SHOWN_RIGHT + 1; i < TLS_SHOWNS; i++) {
		const struct tls_chain chain = {
			.certificate = own->certificates[i],
			.key = own->key,
		};

		keys->shown[i] = keys_make_set(keys, &chain, why);
		if (keys->shown[i] == NULL)
			return -1;
	}
	return 0;
}

static int
keys_copy_names(struct tls_keys *keys, const struct tls_names *names)
{
	for (size_t i = 0; i < names->size; i++)
		if (tls_names_add(&keys->names, span_of(names->list[i].text),
			names->list[i].owner) == -1)
			return -1;
	tls_names_sort(&keys->names);
	return 0;
}

static int
keys_copy_certificates(struct tls_keys *keys,
    const struct tls_material *material)
{
	keys->certificates = calloc(material->count,
	    sizeof(keys->certificates[0]));
	if (keys->certificates == NULL)
		return -1;
	for (; keys->certificate_count < material->count;
	     keys->certificate_count++) {
		size_t i = keys->certificate_count;
		struct tls_certificate told = material->certificates[i];

		told.file = strdup(told.file);
		told.name = strdup(told.name);
		keys->certificates[i] = told;
		if (told.file == NULL || told.name == NULL) {
			keys->certificate_count++;
			return -1;
		}
	}
	return 0;
}

static int
keys_make(struct tls_keys *keys, const struct tls_material *material,
    const char **why)
{
	OSSL_LIB_CTX *ctx = keys->library->ctx;

	keys->method = tls_gate_method();
	keys->sha256 = EVP_MD_fetch(ctx, "SHA256", NULL);
	keys->ticket_cipher = EVP_CIPHER_fetch(ctx, "AES-256-CBC", NULL);
	if (keys->method == NULL || keys->sha256 == NULL ||
	    keys->ticket_cipher == NULL ||
	    tls_gate_open(&keys->gate, ctx, keys->method) == -1 ||
	    keys_copy_names(keys, &material->names) == -1 ||
	    keys_copy_certificates(keys, material) == -1 ||
	    keys_make_sets(keys, material, why) == -1)
		return -1;
	if (material->own.ca == NULL)
		return 0;
	keys->own = material->own_shown;
	keys->made = material->made;
	if (tls_signers_read(&keys->signers, &material->own, ctx) == -1)
		return -1;
	return keys_make_shown(keys, &material->own, why);
}

struct tls_keys *
tls_keys_new(struct tls_library *library, const struct tls_material *material,
    struct text *fault)
{
	struct tls_keys *keys = calloc(1, sizeof(*keys));
	const char *why = "memory is short";
	int result = -1;

	ERR_clear_error();
	if (keys != NULL) {
		atomic_init(&keys->owners, 1);
		keys->library = library;
		keys->ratchet = material->ratchet;
		keys->words = material->words;
		keys->max_sleep = material->max_sleep;
		result = keys_make(keys, material, &why);
	}
	/* this thread's part of the library ends before the library does */
	OPENSSL_thread_stop_ex(library->ctx);
	if (result == 0)
		return keys;
	text_put(fault, why);
	tls_keys_release(keys);
	return NULL;
}

bool
tls_keys_tell(const struct tls_keys *keys, size_t number, time_t now,
    struct tls_certificate *told)
{
	if (number >= keys->certificate_count)
		return false;
	*told = keys->certificates[number];
	if (keys->own)
		told->ends = tls_signed_end(told->ends, now);
	return true;
}

struct tls_keys *
tls_keys_hold(struct tls_keys *keys)
{
	atomic_fetch_add(&keys->owners, 1);
	return keys;
}

void
tls_keys_release(struct tls_keys *keys)
{
	if (keys == NULL || atomic_fetch_sub(&keys->owners, 1) > 1)
		return;
	for (size_t i = 0; i < keys->count; i++)
		SSL_CTX_free(keys->sets[i]);
	free(keys->sets);
	for (size_t i = 0; i < TLS_SHOWNS; i++)
		SSL_CTX_free(keys->shown[i]);
	tls_signed_fini(keys);
	tls_signers_fini(&keys->signers);
	BIO_free(keys->gate.bio);
	BIO_meth_free(keys->method);
	EVP_MD_free(keys->sha256);
	EVP_CIPHER_free(keys->ticket_cipher);
	tls_names_fini(&keys->names);
	for (size_t i = 0; i < keys->certificate_count; i++) {
		free((char *)keys->certificates[i].file);
		free((char *)keys->certificates[i].name);
	}
	free(keys->certificates);
	tls_ratchet_fini(&keys->ratchet);
	free(keys);
}
