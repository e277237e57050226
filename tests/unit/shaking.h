/* shaking: a connection of src/tls/ with OpenSSL's own client, in memory. */
#ifndef MTASYNC_TESTS_SHAKING_H
#define MTASYNC_TESTS_SHAKING_H

#include <openssl/ssl.h>

#include "tls/keys.h"
#include "tls/library.h"
#include "tls/material.h"
#include "tls/tls.h"

/* As long as any sleep. */
#define SHAKING_MAX_SLEEP (INT64_C(3600) * 1000000000)

/* Where piece sizes are asked for: all at once. */
#define SHAKING_WHOLE ((size_t)1 << 20)

/* A server's side, and the connection that it has. */
struct shaking {
	struct tls_library *library;
	struct tls_material *material;
	struct tls_keys *keys;
	struct tls_turn turn;
	struct tls *tls;
	SSL_CTX *rules; /* the client's */
	SSL *client;
	SSL_SESSION *session; /* the last one that the client was given */
	unsigned tickets;     /* that it was given, of this connection */
	unsigned slept;       /* TLS_SLEEPs of it */
};

/* What a client wants; zeroed: 1.3, no name, no ALPN, no session. */
struct shaking_client {
	const char *name;
	const char *alpn; /* as on the wire */
	SSL_SESSION *session;
	int version;        /* TLS1_2_VERSION: no later one */
	const char *groups; /* NULL: OpenSSL's */
	bool verify;        /* by our CA, and the name */
};

/* Makes keys with our own certificates, or of `config`; the test fails where it
 * cannot. */
void shaking_open(struct shaking *s, const struct tls_config *config);
void shaking_close(struct shaking *s);

/* Begins a connection; ends the one before. */
void shaking_begin(struct shaking *s, const struct shaking_client *client,
    const struct tls_act *act);

/* Puts bytes behind what the server has received. */
void shaking_receive(struct shaking *s, struct span bytes);

/* Takes what the client has to say: to `bytes`, of which it returns how many; or
 * all, to the server. */
size_t shaking_take(struct shaking *s, char *bytes, size_t room);
void shaking_receive_all(struct shaking *s);

/* Moves what the server has to say to the client. */
void shaking_send(struct shaking *s);

/*
 * Shakes hands: the server gets the client's bytes in pieces of so many. Goes on
 * until its result is none of TLS_MORE and TLS_SLEEP, or the client has no more
 * to say. Returns that result.
 */
enum tls_result shaking_shake(struct shaking *s, size_t piece);

/* One round of it. False: no other is to follow; *result is as it was where there
 * was not even this one. */
bool shaking_round(struct shaking *s, size_t piece, enum tls_result *result);

/* Shakes hands, and both sides have to be done. */
void shaking_shake_well(struct shaking *s, size_t piece);

/* The client says `text`, and the server opens all of it; and the other way.
 * False: it did not get there. */
bool shaking_say(struct shaking *s, const char *text);
bool shaking_hear(struct shaking *s, const char *text);

/* Has the client read what the server has to say, a byte of data at most; returns
 * SSL_get_error(3). */
int shaking_read(struct shaking *s);

/* The last alert that the client got; or -1. */
int shaking_alert(void);

/* Whether `out` is one alert in clear, of this description. */
bool shaking_has_alert(const struct shaking *s, int alert);

#endif
