/* Begins OpenSSL, and gives each worker a part of it; the main thread. */
#include "config.h"

#include "tls/library.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/rand.h>

#include "tls/built.h"
#include "tls/inside.h"

bool
tls_is_built(void)
{
	return true;
}

void
tls_describe_library(char *text, size_t room)
{
	snprintf(text, room, "%s (built with %s)",
	    OpenSSL_version(OPENSSL_FULL_VERSION_STRING),
	    OPENSSL_FULL_VERSION_STR);
}

/* At exit, workers that are stuck may still be in OpenSSL: it frees nothing. */
void
tls_library_begin(void)
{
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT,
	    NULL);
}

/* Has the random numbers seeded, and drops what this thread has of them. */
static int
library_seed(OSSL_LIB_CTX *ctx)
{
	unsigned char bytes[16];
	bool good = RAND_bytes_ex(ctx, bytes, sizeof(bytes), 0) == 1 &&
		    RAND_priv_bytes_ex(ctx, bytes, sizeof(bytes), 0) == 1;

	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_thread_stop_ex(ctx);
	return good ? 0 : -1;
}

struct tls_library *
tls_library_new(void)
{
	struct tls_library *library = malloc(sizeof(*library));

	tls_library_begin();
	if (library == NULL)
		return NULL;
	library->ctx = OSSL_LIB_CTX_new();
	if (library->ctx != NULL && library_seed(library->ctx) == 0)
		return library;
	tls_library_free(library);
	return NULL;
}

void
tls_library_free(struct tls_library *library)
{
	if (library == NULL)
		return;
	OSSL_LIB_CTX_free(library->ctx);
	free(library);
}
