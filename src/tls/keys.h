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

/*
 * Says what there is to know of a certificate, by its number from 0 on: of those that are
 * shown at `now`, in s since 1970, to whoever asks for no fault. Of our own, which are
 * made anew before, `ends` is the soonest end of any that is shown. Strings live as
 * long as the keys. Returns false where there are no more. Any thread, of an owner.
 */
bool tls_keys_tell(const struct tls_keys *keys, size_t number, time_t now,
    struct tls_certificate *told);

/* Adds an owner, for whom the caller, an owner too, asks. Returns the keys. Any
 * thread. */
struct tls_keys *tls_keys_hold(struct tls_keys *keys);

/* Takes an owner away; the last one wipes and frees them. NULL is allowed. Any
 * thread. */
void tls_keys_release(struct tls_keys *keys);

#endif
