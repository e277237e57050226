/* certifying: files with certificates and keys, for tests of src/tls/. */
#ifndef MTASYNC_TESTS_CERTIFYING_H
#define MTASYNC_TESTS_CERTIFYING_H

/* What a certificate is to be, signed by itself. */
struct certifying {
	const char *file;  /* gets the certificate */
	const char *key;   /* gets the key; NULL: the same file, behind it */
	int bits;          /* of an RSA key; 0: EC P-256 */
	const char *names; /* as "DNS:a,DNS:*.b"; NULL: none but `common` */
	const char *common;
	int ends; /* days from now; it begins two days before now, or its end */
	int padding; /* bytes of a comment in it */
};

/* Writes the files; the test fails where it cannot. */
void certifying_write(const struct certifying *wanted);

/* Appends one file to another. */
void certifying_append(const char *file, const char *other);

#endif
