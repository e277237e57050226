/*
 * ratchet: the keys of session tickets, by time. Who has the secret of an hour
 * can compute those of all hours after it and of none before; so all workers,
 * and all servers with the same file, have the same keys without a word, and
 * nobody can open the tickets of yesterday's connections.
 *
 *   secret(0)      HKDF-Extract("mtasync tickets", the file)
 *   secret(e + 1)  HKDF-Expand(secret(e), "mtasync ticket next", 32)
 *   keys(e)        HKDF-Expand(secret(e), "mtasync ticket keys", 80): name,
 *                  cipher's key, MAC's key
 *
 * (RFC 5869, with SHA-256). Epoch 0 begins with 2026 (UTC), and each lasts an
 * hour. A random secret takes the place of that of the epoch in which it is
 * made. It turns when it is asked, not by itself: what old keys are still there
 * in a thread that nobody asks is wiped at its next handshake.
 *
 * Any thread, of which one at a time uses a ratchet.
 */
#ifndef MTASYNC_TLS_RATCHET_H
#define MTASYNC_TLS_RATCHET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* In s since 1970: the beginning of epoch 0; and how long each is. */
#define TLS_RATCHET_START ((int64_t)1767225600)
#define TLS_RATCHET_EPOCH ((int64_t)3600)

/* Epochs whose keys open tickets: this one, and those of two before it. A ticket
 * is good for at least two hours, which is its lifetime. */
#define TLS_RATCHET_KEPT     3
#define TLS_RATCHET_LIFETIME (2 * TLS_RATCHET_EPOCH)

#define TLS_RATCHET_SECRET 32
#define TLS_RATCHET_NAME   16

struct tls_ticket_key {
	unsigned char name[TLS_RATCHET_NAME];
	unsigned char cipher[32];
	unsigned char mac[32];
};

struct tls_ratchet {
	int64_t epoch; /* of `secret` and keys[0] */
	unsigned char secret[TLS_RATCHET_SECRET];
	struct tls_ticket_key keys[TLS_RATCHET_KEPT]; /* the newest first */
	unsigned kept;                                /* of `keys` */
};

/*
 * Begins with the bytes of a file, at `now` in s since 1970, with the keys of the
 * two epochs before: whoever starts anew opens the tickets that it gave. Returns
 * 0, or -1 where OpenSSL fails.
 */
int tls_ratchet_init(struct tls_ratchet *ratchet, struct span file,
    int64_t now);

/* Begins with this secret in the epoch of `now`. Returns as above. */
int tls_ratchet_init_random(struct tls_ratchet *ratchet,
    const unsigned char secret[TLS_RATCHET_SECRET], int64_t now);

/*
 * Turns to the epoch of `now`, and wipes what is not kept. A clock that went
 * back turns nothing. Returns 0; or -1 where OpenSSL fails: an hour may have no
 * keys then.
 */
int tls_ratchet_turn(struct tls_ratchet *ratchet, int64_t now);

/* Returns the key of this name, which is keys[0] if it is that of the newest epoch
 * that has one; NULL: there is none such. */
const struct tls_ticket_key *tls_ratchet_find(const struct tls_ratchet *ratchet,
    const unsigned char name[TLS_RATCHET_NAME]);

/* Wipes it. */
void tls_ratchet_fini(struct tls_ratchet *ratchet);

#endif
