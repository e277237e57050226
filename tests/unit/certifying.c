/* certifying: writes certificates by OpenSSL. */
#include "config.h"

#include "certifying.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

#define DAY (24L * 3600)

static void
certifying_extend(X509 *x509, int kind, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, kind, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Fills a certificate with so many bytes that mean nothing. */
static void
certifying_pad(X509 *x509, int size)
{
	char *comment = malloc((size_t)size + 1);

	assert_non_null(comment);
	memset(comment, 'x', (size_t)size);
	comment[size] = '\0';
	certifying_extend(x509, NID_netscape_comment, comment);
	free(comment);
}

static X509 *
certifying_make(const struct certifying *wanted, EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	int begins = wanted->ends < 0 ? wanted->ends - 2 : -2;

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)wanted->common, -1, -1, 0);
	X509_set_issuer_name(x509, name);
	X509_gmtime_adj(X509_getm_notBefore(x509), begins * DAY);
	X509_gmtime_adj(X509_getm_notAfter(x509), wanted->ends * DAY);
	X509_set_pubkey(x509, key);
	if (wanted->names != NULL)
		certifying_extend(x509, NID_subject_alt_name, wanted->names);
	if (wanted->padding > 0)
		certifying_pad(x509, wanted->padding);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	return x509;
}

void
certifying_write(const struct certifying *wanted)
{
	EVP_PKEY *key = wanted->bits == 0 ? EVP_EC_gen("P-256")
					  : EVP_RSA_gen((unsigned)wanted->bits);
	X509 *x509 = certifying_make(wanted, key);
	FILE *file = fopen(wanted->file, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x509), 1);
	if (wanted->key != NULL) {
		fclose(file);
		file = fopen(wanted->key, "w");
		assert_non_null(file);
	}
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL,
			     NULL),
	    1);
	fclose(file);
	X509_free(x509);
	EVP_PKEY_free(key);
}

void
certifying_append(const char *file, const char *other)
{
	char bytes[65536];
	FILE *from = fopen(other, "r"), *to = fopen(file, "a");
	size_t size;

	assert_true(from != NULL && to != NULL);
	size = fread(bytes, 1, sizeof(bytes), from);
	assert_int_equal(fwrite(bytes, 1, size, to), size);
	fclose(from);
	fclose(to);
}
