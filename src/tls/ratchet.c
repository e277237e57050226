/* Turns the keys of session tickets; whoever owns the ratchet. */
#include "config.h"

#include "tls/ratchet.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

/* What is made of a secret: by these, and only so much as fits. */
static const struct span ratchet_next = { "mtasync ticket next", 19 };
static const struct span ratchet_keys = { "mtasync ticket keys", 19 };
static const struct span ratchet_salt = { "mtasync tickets", 15 };

_Static_assert(sizeof(struct tls_ticket_key) == 80, "has no gaps");

static OSSL_PARAM
ratchet_param(const char *key, struct span value)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)value.data,
	    value.size);
}

/* Puts HKDF's `size` bytes of `secret` into `out`: extracted by a salt, or
 * expanded by an info. Returns 0, or -1. */
static int
ratchet_derive(EVP_KDF_CTX *kdf, struct span secret, const struct span *info,
    unsigned char *out, size_t size)
{
	int mode = info == NULL ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY
				: EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
		    0),
		ratchet_param(OSSL_KDF_PARAM_KEY, secret),
		info == NULL ? ratchet_param(OSSL_KDF_PARAM_SALT, ratchet_salt)
			     : ratchet_param(OSSL_KDF_PARAM_INFO, *info),
		OSSL_PARAM_construct_end(),
	};

	EVP_KDF_CTX_reset(kdf);
	return EVP_KDF_derive(kdf, out, size, params) == 1 ? 0 : -1;
}

static EVP_KDF_CTX *
ratchet_open_kdf(void)
{
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(hkdf);

	EVP_KDF_free(hkdf);
	return kdf;
}

static struct span
ratchet_secret(const struct tls_ratchet *ratchet)
{
	return (struct span){ (const char *)ratchet->secret,
		sizeof(ratchet->secret) };
}

/* Makes the newest key, of the secret as it is; those before it move on. */
static int
ratchet_add_key(struct tls_ratchet *ratchet, EVP_KDF_CTX *kdf)
{
	struct tls_ticket_key key, *keys = ratchet->keys;

	if (ratchet_derive(kdf, ratchet_secret(ratchet), &ratchet_keys,
		(unsigned char *)&key, sizeof(key)) == -1)
		return -1;
	memmove(keys + 1, keys, (TLS_RATCHET_KEPT - 1) * sizeof(keys[0]));
	keys[0] = key;
	if (ratchet->kept < TLS_RATCHET_KEPT)
		ratchet->kept++;
	OPENSSL_cleanse(&key, sizeof(key));
	return 0;
}

/* Goes on to the next secret. */
static int
ratchet_step(struct tls_ratchet *ratchet, EVP_KDF_CTX *kdf)
{
	unsigned char next[TLS_RATCHET_SECRET];

	if (ratchet_derive(kdf, ratchet_secret(ratchet), &ratchet_next, next,
		sizeof(next)) == -1)
		return -1;
	memcpy(ratchet->secret, next, sizeof(next));
	OPENSSL_cleanse(next, sizeof(next));
	ratchet->epoch++;
	return 0;
}

static int64_t
ratchet_epoch(int64_t now)
{
	return now < TLS_RATCHET_START
		   ? 0
		   : (now - TLS_RATCHET_START) / TLS_RATCHET_EPOCH;
}

/* Goes on to an epoch, with the keys of those that are kept by then. */
static int
ratchet_turn_to(struct tls_ratchet *ratchet, EVP_KDF_CTX *kdf, int64_t epoch)
{
	while (ratchet->epoch < epoch) {
		if (ratchet_step(ratchet, kdf) == -1)
			return -1;
		if (ratchet->epoch > epoch - TLS_RATCHET_KEPT &&
		    ratchet_add_key(ratchet, kdf) == -1)
			return -1;
	}
	return 0;
}

int
tls_ratchet_init(struct tls_ratchet *ratchet, struct span file, int64_t now)
{
	EVP_KDF_CTX *kdf = ratchet_open_kdf();
	int result = -1;

	*ratchet = (struct tls_ratchet){ 0 };
	if (kdf != NULL &&
	    ratchet_derive(kdf, file, NULL, ratchet->secret,
		sizeof(ratchet->secret)) == 0 &&
	    ratchet_add_key(ratchet, kdf) == 0)
		result = ratchet_turn_to(ratchet, kdf, ratchet_epoch(now));
	EVP_KDF_CTX_free(kdf);
	return result;
}

int
tls_ratchet_init_random(struct tls_ratchet *ratchet,
    const unsigned char secret[TLS_RATCHET_SECRET], int64_t now)
{
	EVP_KDF_CTX *kdf = ratchet_open_kdf();
	int result = -1;

	*ratchet = (struct tls_ratchet){ .epoch = ratchet_epoch(now) };
	memcpy(ratchet->secret, secret, sizeof(ratchet->secret));
	if (kdf != NULL)
		result = ratchet_add_key(ratchet, kdf);
	EVP_KDF_CTX_free(kdf);
	return result;
}

int
tls_ratchet_turn(struct tls_ratchet *ratchet, int64_t now)
{
	int64_t epoch = ratchet_epoch(now);
	EVP_KDF_CTX *kdf;
	int result;

	if (epoch <= ratchet->epoch)
		return 0;
	kdf = ratchet_open_kdf();
	result = kdf == NULL ? -1 : ratchet_turn_to(ratchet, kdf, epoch);
	EVP_KDF_CTX_free(kdf);
	return result;
}

const struct tls_ticket_key *
tls_ratchet_find(const struct tls_ratchet *ratchet,
    const unsigned char name[TLS_RATCHET_NAME])
{
	for (unsigned i = 0; i < ratchet->kept; i++)
		if (memcmp(ratchet->keys[i].name, name, TLS_RATCHET_NAME) == 0)
			return &ratchet->keys[i];
	return NULL;
}

void
tls_ratchet_fini(struct tls_ratchet *ratchet)
{
	OPENSSL_cleanse(ratchet, sizeof(*ratchet));
}
