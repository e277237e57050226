/*
 * library: OpenSSL as one worker uses it: what it looks up, its locks, its
 * random numbers (an OSSL_LIB_CTX, about 320 kB). Workers that share one pay 5 to
 * 16 % more for a handshake. It lives from the start to the end, so that a reload
 * makes nothing anew of it.
 */
#ifndef MTASYNC_TLS_LIBRARY_H
#define MTASYNC_TLS_LIBRARY_H

struct tls_library;

/*
 * Makes one, and has it do all for which it might open a file. OpenSSL's
 * configuration (openssl.cnf) is not read: what we offer is our own affair.
 * Returns NULL where OpenSSL fails. Main thread, before it is confined.
 */
struct tls_library *tls_library_new(void);

/* Frees it. NULL is allowed. Main thread, after the worker's thread has ended and
 * the last keys of it have been released. */
void tls_library_free(struct tls_library *library);

#endif
