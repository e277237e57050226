/* Reads certificates and keys as OpenSSL has them; the main thread. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/inside.h"

/* A password is never asked for: nobody would answer. */
static int
chain_on_password(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

const char *
tls_last_reason(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = NULL;

	if (error != 0)
		reason = ERR_SYSTEM_ERROR(error)
			     ? "a system call failed"
			     : ERR_reason_error_string(error);
	return reason == NULL ? "no reason is given" : reason;
}

/* Reads the next certificate; NULL: there is none, or memory is short. */
static X509 *
chain_next(BIO *bio, OSSL_LIB_CTX *ctx)
{
	X509 *x509 = X509_new_ex(ctx, NULL);

	if (x509 != NULL &&
	    PEM_read_bio_X509(bio, &x509, chain_on_password, NULL) != NULL)
		return x509;
	X509_free(x509);
	return NULL;
}

X509 *
tls_chain_first(const char *text, OSSL_LIB_CTX *ctx)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *x509 = bio == NULL ? NULL : chain_next(bio, ctx);

	BIO_free(bio);
	return x509;
}

EVP_PKEY *
tls_chain_key(const char *text, OSSL_LIB_CTX *ctx)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = NULL;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey_ex(bio, NULL, chain_on_password,
		    NULL, ctx, NULL);
	BIO_free(bio);
	return key;
}

/* Reads all certificates; NULL: there is none, one can't be read, or memory is
 * short. *size comes to their bytes in DER. */
static STACK_OF(X509) *
    chain_read(const char *text, OSSL_LIB_CTX *ctx, size_t *size)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *x509;
	unsigned long end;

	*size = 0;
	ERR_clear_error();
	while (bio != NULL && all != NULL &&
	       (x509 = chain_next(bio, ctx)) != NULL) {
		*size += (size_t)i2d_X509(x509, NULL);
		if (sk_X509_push(all, x509) <= 0) {
			X509_free(x509);
			break;
		}
	}
	end = ERR_peek_last_error();
	BIO_free(bio);
	if (sk_X509_num(all) > 0 && ERR_GET_REASON(end) == PEM_R_NO_START_LINE)
		return all;
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

/* Has it shown what has been parsed; takes the first one off the stack. */
static int
chain_use(SSL_CTX *ssl_ctx, STACK_OF(X509) * all, EVP_PKEY *key,
    const char **why)
{
	X509 *first = sk_X509_value(all, 0);

	if (X509_check_private_key(first, key) != 1) {
		*why = "the key is not that of the first certificate";
		return -1;
	}
	ERR_clear_error();
	first = sk_X509_shift(all);

	bool good = SSL_CTX_use_cert_and_key(ssl_ctx, first, key, all, 1) == 1;

	X509_free(first);
	if (good)
		return 0;
	*why = tls_last_reason();
	return -1;
}

int
tls_chain_use(SSL_CTX *ssl_ctx, OSSL_LIB_CTX *ctx,
    const struct tls_chain *chain, const char **why)
{
	size_t size;
	STACK_OF(X509) *all = chain_read(chain->certificate, ctx, &size);
	EVP_PKEY *key = tls_chain_key(chain->key, ctx);
	int result = -1;

	if (all == NULL)
		*why = "it has no certificate, in PEM, that can be read";
	else if (key == NULL)
		*why = "there is no key, in PEM and without a password";
	else if (size > TLS_CHAIN_MAX)
		*why = "its certificates have more than 24 KiB";
	else
		result = chain_use(ssl_ctx, all, key, why);
	sk_X509_pop_free(all, X509_free);
	EVP_PKEY_free(key);
	return result;
}

void
tls_chain_forget(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}
