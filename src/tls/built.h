/*
 * built: whether this build speaks TLS at all. Without OpenSSL all functions of
 * tls/ are there, so that whoever calls them needs no #if; but
 * tls_material_read() fails and says what to install, and without a material
 * nobody comes to the others.
 */
#ifndef MTASYNC_TLS_BUILT_H
#define MTASYNC_TLS_BUILT_H

#include <stdbool.h>
#include <stddef.h>

/* What to do where TLS is not built: half a sentence. */
#define TLS_MISSING                                                         \
 "it takes a build with OpenSSL (Debian: apt-get install libssl-dev; then " \
 "./configure and make again)"

/* Whether TLS is built. Any thread. */
bool tls_is_built(void);

/* Writes the versions of OpenSSL that run, and that it was built with; "none" where TLS
 * is not built. Any thread. */
void tls_describe_library(char *text, size_t room);

#endif
