/* Seals and opens session tickets by the ratchet; the worker's thread. */
#include "config.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "tls/inside.h"

/* What OpenSSL takes for an answer (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)). */
enum {
	TICKETS_FAILED = -1,
	TICKETS_NONE = 0,
	TICKETS_GOOD = 1,
	TICKETS_RENEW = 2, /* good, and a new one is to be given */
};

static bool
tickets_set_mac(EVP_MAC_CTX *mac, const struct tls_ticket_key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
		    (void *)key->mac, sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		    0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* Where a key of this hour could not be made, no ticket is given. */
static int
tickets_seal(struct tls_keys *keys, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct tls_ticket_key *key = keys->ratchet.keys;

	if (keys->ratchet.kept == 0)
		return TICKETS_NONE;
	memcpy(name, key->name, sizeof(key->name));
	if (RAND_bytes_ex(keys->library->ctx, iv,
		(size_t)EVP_CIPHER_get_iv_length(keys->ticket_cipher),
		0) == 1 &&
	    EVP_EncryptInit_ex(cipher, keys->ticket_cipher, NULL, key->cipher,
		iv) == 1 &&
	    tickets_set_mac(mac, key))
		return TICKETS_GOOD;
	return TICKETS_FAILED;
}

/* In 1.3 a client uses each ticket once (RFC 8446 C.4), so that it gets a new one
 * for each. */
static int
tickets_open(SSL *ssl, const struct tls_ticket_key *key,
    const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct tls_keys *keys = SSL_CTX_get_app_data(
	    SSL_get_SSL_CTX(ssl));
	bool newest = key == keys->ratchet.keys;

	if (!tickets_set_mac(mac, key) ||
	    EVP_DecryptInit_ex(cipher, keys->ticket_cipher, NULL, key->cipher,
		iv) != 1)
		return TICKETS_FAILED;
	return newest && SSL_version(ssl) < TLS1_3_VERSION ? TICKETS_GOOD
							   : TICKETS_RENEW;
}

int
/* NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's */
tls_tickets_on_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct tls_ticket_key *key;

	if (tls_ratchet_turn(&keys->ratchet, clock_wall() / CLOCK_S) == -1)
		return TICKETS_NONE;
	if (seal)
		return tickets_seal(keys, name, iv, cipher, mac);
	key = tls_ratchet_find(&keys->ratchet, name);
	return key == NULL ? TICKETS_NONE
			   : tickets_open(ssl, key, iv, cipher, mac);
}
