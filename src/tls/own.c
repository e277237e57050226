/* Makes certificates; the main thread. */
#include "config.h"

#include "tls/own.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "tls/inside.h"

#define OWN_DAY ((time_t)24 * 3600)

/* The CA's clients may keep it for long: its key is gone with the process. */
#define OWN_CA_DAYS 365

/* Clocks may differ so much. */
#define OWN_SKEW ((time_t)3600)

static const char own_wrong_name[] = "DNS:wrong-name.invalid";

/* Who signs a certificate. */
enum own_issuer {
	OWN_BY_CA,
	OWN_BY_ITSELF,
	OWN_BY_UNKNOWN_CA
};

/* A row for each certificate: when it begins and ends, from now on; its issuer. */
static const struct own_row {
	time_t from;
	time_t to;
	enum own_issuer issuer;
} own_rows[TLS_SHOWNS] = {
	[TLS_SHOWN_RIGHT] = { -OWN_SKEW, OWN_DAY, OWN_BY_CA },
	[TLS_SHOWN_EXPIRED] = { -2 * OWN_DAY, -OWN_DAY, OWN_BY_CA },
	[TLS_SHOWN_NOT_YET] = { OWN_DAY, 2 * OWN_DAY, OWN_BY_CA },
	[TLS_SHOWN_WRONG_NAME] = { -OWN_SKEW, OWN_DAY, OWN_BY_CA },
	[TLS_SHOWN_SELF_SIGNED] = { -OWN_SKEW, OWN_DAY, OWN_BY_ITSELF },
	[TLS_SHOWN_UNKNOWN_CA] = { -OWN_SKEW, OWN_DAY, OWN_BY_UNKNOWN_CA },
};

/* What a certificate says, and who says so: `issuer` is NULL of one that signs
 * itself. */
struct own_plan {
	OSSL_LIB_CTX *ctx;
	const char *subject;
	const char *names; /* NULL: it is a CA */
	time_t from, to;
	X509 *issuer;
	EVP_PKEY *signer;
};

static bool
own_add_extension(X509 *x509, X509V3_CTX *context, int kind, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, kind,
	    value);
	bool good = extension != NULL && X509_add_ext(x509, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return good;
}

/* Adds what RFC 5280 4.2.1 wants of a CA, or of a server. */
static bool
own_add_extensions(X509 *x509, X509 *issuer, const char *names)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	if (!own_add_extension(x509, &context, NID_subject_key_identifier,
		"hash"))
		return false;
	if (names == NULL)
		return own_add_extension(x509, &context, NID_basic_constraints,
			   "critical,CA:TRUE,pathlen:0") &&
		       own_add_extension(x509, &context, NID_key_usage,
			   "critical,keyCertSign,cRLSign");
	return own_add_extension(x509, &context, NID_authority_key_identifier,
		   "keyid") &&
	       own_add_extension(x509, &context, NID_basic_constraints,
		   "critical,CA:FALSE") &&
	       own_add_extension(x509, &context, NID_key_usage,
		   "critical,digitalSignature") &&
	       own_add_extension(x509, &context, NID_ext_key_usage,
		   "serverAuth") &&
	       own_add_extension(x509, &context, NID_subject_alt_name, names);
}

static bool
own_set_subject(X509 *x509, const char *subject)
{
	X509_NAME *name = X509_get_subject_name(x509);

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
		   (const unsigned char *)"mtasync", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		   (const unsigned char *)subject, -1, -1, 0) == 1;
}

/* The numbers of two servers' certificates are not to be the same. */
static bool
own_set_serial(X509 *x509, OSSL_LIB_CTX *ctx)
{
	unsigned char bytes[16];
	BIGNUM *number = NULL;
	bool good;

	if (RAND_bytes_ex(ctx, bytes, sizeof(bytes), 0) != 1)
		return false;
	bytes[0] &= 0x7f;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = number != NULL &&
	       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
	BN_free(number);
	return good;
}

/* Makes a certificate of `key`; NULL where OpenSSL fails. */
static X509 *
own_make_x509(const struct own_plan *plan, EVP_PKEY *key)
{
	X509 *x509 = X509_new_ex(plan->ctx, NULL);
	X509 *issuer = plan->issuer == NULL ? x509 : plan->issuer;

	if (x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1 &&
	    own_set_serial(x509, plan->ctx) &&
	    own_set_subject(x509, plan->subject) &&
	    X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(x509), plan->from) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x509), plan->to) != NULL &&
	    X509_set_pubkey(x509, key) == 1 &&
	    own_add_extensions(x509, issuer, plan->names) &&
	    X509_sign(x509, plan->signer, EVP_sha256()) > 0)
		return x509;
	X509_free(x509);
	return NULL;
}

X509 *
tls_own_sign(const struct tls_signers *signers, enum tls_shown shown,
    const char *names, time_t now)
{
	const struct own_row *row = &own_rows[shown];
	bool wrong = shown == TLS_SHOWN_WRONG_NAME;
	struct own_plan plan = {
		.ctx = signers->ctx,
		.subject = wrong ? "wrong-name.invalid" : "localhost",
		.names = wrong ? own_wrong_name : names,
		.from = now + row->from,
		.to = now + row->to,
		.signer = signers->key,
	};

	switch (row->issuer) {
	case OWN_BY_CA:
		plan.issuer = signers->ca;
		plan.signer = signers->ca_key;
		break;
	case OWN_BY_UNKNOWN_CA:
		plan.issuer = signers->unknown_ca;
		plan.signer = signers->unknown_ca_key;
		break;
	case OWN_BY_ITSELF:
		break;
	}
	return own_make_x509(&plan, signers->key);
}

/* Takes the text out of a BIO, which it frees; NULL where memory is short. */
static char *
own_take_text(BIO *bio, int written)
{
	char *bytes, *text = NULL;
	long size;

	if (bio != NULL && written == 1 &&
	    (size = BIO_get_mem_data(bio, &bytes)) > 0)
		text = strndup(bytes, (size_t)size);
	BIO_free(bio);
	return text;
}

static char *
own_write_x509(X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return own_take_text(bio,
	    bio != NULL && x509 != NULL ? PEM_write_bio_X509(bio, x509) : 0);
}

static char *
own_write_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return own_take_text(bio, bio == NULL
				      ? 0
				      : PEM_write_bio_PrivateKey(bio, key, NULL,
					    NULL, 0, NULL, NULL));
}

/* Makes a CA's certificate; NULL where OpenSSL fails. */
static X509 *
own_make_ca(EVP_PKEY *key, const char *subject, time_t now)
{
	const struct own_plan plan = {
		.subject = subject,
		.from = now - OWN_SKEW,
		.to = now + OWN_CA_DAYS * OWN_DAY,
		.signer = key,
	};

	return key == NULL ? NULL : own_make_x509(&plan, key);
}

int
tls_signers_read(struct tls_signers *signers, const struct tls_own *own,
    OSSL_LIB_CTX *ctx)
{
	signers->ctx = ctx;
	signers->ca = tls_chain_first(own->ca, ctx);
	signers->ca_key = tls_chain_key(own->ca_key, ctx);
	signers->unknown_ca = tls_chain_first(own->unknown_ca, ctx);
	signers->unknown_ca_key = tls_chain_key(own->unknown_ca_key, ctx);
	signers->key = tls_chain_key(own->key, ctx);
	return signers->ca != NULL && signers->ca_key != NULL &&
		       signers->unknown_ca != NULL &&
		       signers->unknown_ca_key != NULL && signers->key != NULL
		   ? 0
		   : -1;
}

/* Makes all that signs. */
static int
own_make_signers(struct tls_signers *signers, time_t now)
{
	signers->ca_key = EVP_EC_gen("P-256");
	signers->unknown_ca_key = EVP_EC_gen("P-256");
	signers->key = EVP_EC_gen("P-256");
	signers->ca = own_make_ca(signers->ca_key, "mtasync's own CA", now);
	signers->unknown_ca = own_make_ca(signers->unknown_ca_key,
	    "a CA that nobody knows", now);
	return signers->ca != NULL && signers->unknown_ca != NULL &&
		       signers->key != NULL
		   ? 0
		   : -1;
}

void
tls_signers_fini(struct tls_signers *signers)
{
	X509_free(signers->ca);
	X509_free(signers->unknown_ca);
	EVP_PKEY_free(signers->ca_key);
	EVP_PKEY_free(signers->unknown_ca_key);
	EVP_PKEY_free(signers->key);
	*signers = (struct tls_signers){ 0 };
}

/* Writes down who signs. */
static int
own_write_signers(struct tls_own *own, const struct tls_signers *signers)
{
	own->ca = own_write_x509(signers->ca);
	own->ca_key = own_write_key(signers->ca_key);
	own->unknown_ca = own_write_x509(signers->unknown_ca);
	own->unknown_ca_key = own_write_key(signers->unknown_ca_key);
	own->key = own_write_key(signers->key);
	return own->ca != NULL && own->ca_key != NULL &&
		       own->unknown_ca != NULL && own->unknown_ca_key != NULL &&
		       own->key != NULL
		   ? 0
		   : -1;
}

/* Makes all certificates. */
static int
own_write_all(struct tls_own *own, const struct tls_signers *signers,
    const char *names, time_t now)
{
	for (int i = 0; i < TLS_SHOWNS; i++) {
		X509 *x509 = tls_own_sign(signers, (enum tls_shown)i, names,
		    now);

		own->certificates[i] = own_write_x509(x509);
		X509_free(x509);
		if (own->certificates[i] == NULL)
			return -1;
	}
	return own_write_signers(own, signers);
}

/* All names, as X509V3_EXT_nconf_nid() takes them. */
static char *
own_name_text(const struct tls_names *names)
{
	struct text text = { 0 };

	text_put(&text, TLS_OWN_NAMES);
	for (size_t i = 0; i < names->size; i++) {
		const char *name = names->list[i].text;

		text_printf(&text, ",DNS:%s", name);
		if (name[0] != '*')
			text_printf(&text, ",DNS:*.%s", name);
	}
	return text_take(&text);
}

int
tls_own_make(struct tls_own *own, const struct tls_own *before,
    const struct tls_names *names, time_t now)
{
	struct tls_signers signers = { 0 };
	char *text;
	int result;

	tls_library_begin();
	text = own_name_text(names);
	if (before != NULL && before->ca != NULL)
		result = tls_signers_read(&signers, before, NULL);
	else
		result = own_make_signers(&signers, now);
	if (result == 0)
		result = text == NULL ? -1
				      : own_write_all(own, &signers, text, now);
	tls_signers_fini(&signers);
	free(text);
	return result;
}

void
tls_own_fini(struct tls_own *own)
{
	for (int i = 0; i < TLS_SHOWNS; i++)
		free(own->certificates[i]);
	free(own->ca);
	free(own->unknown_ca);
	tls_chain_forget(own->ca_key);
	tls_chain_forget(own->unknown_ca_key);
	tls_chain_forget(own->key);
	*own = (struct tls_own){ 0 };
}
