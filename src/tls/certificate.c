/* Reads what a certificate says of itself; the main thread. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/inside.h"

/* Adds a name that can be asked for; others are no fault. */
static int
certificate_add_name(struct tls_names *names, const ASN1_STRING *string)
{
	struct span name = {
		(const char *)ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string),
	};

	return tls_name_is_valid(name) ? tls_names_add(names, name, 0) : 0;
}

static int
certificate_add_alternatives(struct tls_names *names,
    const GENERAL_NAMES *alternatives)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(alternatives,
		    i);

		if (one->type == GEN_DNS &&
		    certificate_add_name(names, one->d.dNSName) == -1)
			return -1;
	}
	return 0;
}

/* The common name counts where there are no others, as it once did. */
static int
certificate_add_common_name(struct tls_names *names, const X509 *x509)
{
	const X509_NAME *subject = X509_get_subject_name(x509);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at < 0 ? 0
		      : certificate_add_name(names,
			    X509_NAME_ENTRY_get_data(
				X509_NAME_get_entry(subject, at)));
}

static int
certificate_read_names(const X509 *x509, struct tls_names *names)
{
	GENERAL_NAMES *alternatives = X509_get_ext_d2i(x509,
	    NID_subject_alt_name, NULL, NULL);
	int result;

	if (alternatives == NULL)
		return certificate_add_common_name(names, x509);
	result = certificate_add_alternatives(names, alternatives);
	GENERAL_NAMES_free(alternatives);
	return result;
}

/* Returns a time in s since 1970, or -1 where there is none. */
static time_t
certificate_time(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : (time_t)-1;
}

/* The name of a key's kind. */
static const char *
certificate_kind(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return "EC";
	case EVP_PKEY_RSA:
		return "RSA";
	case EVP_PKEY_RSA_PSS:
		return "RSA-PSS";
	case EVP_PKEY_ED25519:
		return "Ed25519";
	default:
		return "other";
	}
}

int
tls_certificate_read(const char *text, struct tls_certificate *told,
    struct tls_names *names)
{
	X509 *x509 = tls_chain_first(text, NULL);
	const EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
	int result = key == NULL ? -1 : certificate_read_names(x509, names);

	if (result == 0) {
		told->kind = certificate_kind(key);
		told->begins = certificate_time(X509_get0_notBefore(x509));
		told->ends = certificate_time(X509_get0_notAfter(x509));
		told->name = strdup(
		    names->size == 0 ? "" : names->list[0].text);
		result = told->name == NULL ? -1 : 0;
	}
	X509_free(x509);
	return result;
}
