/*
 * keys: what one worker shows its clients: certificates by name, ticket keys,
 * rules of the protocol. Made by the main thread of a material, used by one
 * thread, and owned together by the worker and its connections, which outlive a
 * reload so.
 */
#ifndef MTASYNC_TLS_KEYS_H
#define MTASYNC_TLS_KEYS_H

#include "base/text.h"
#include "tls/library.h"
#include "tls/material.h"

struct tls_keys;

/*
 * Makes keys, with the caller as their one owner. Returns NULL where OpenSSL
 * fails, and `fault`, which was empty, says how. Main thread; the worker may use
 * its library meanwhile.
 */
struct tls_keys *tls_keys_new(struct tls_library *library,
    const struct tls_material *material, struct text *fault);

/* Adds an owner, for whom the caller, an owner too, asks. Returns the keys. Any
 * thread. */
struct tls_keys *tls_keys_hold(struct tls_keys *keys);

/* Takes an owner away; the last one wipes and frees them. NULL is allowed. Any
 * thread. */
void tls_keys_release(struct tls_keys *keys);

#endif
