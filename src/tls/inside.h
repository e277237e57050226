/*
 * inside: what the files of tls/ know of each other, and of OpenSSL, which no
 * other header names.
 */
#ifndef MTASYNC_TLS_INSIDE_H
#define MTASYNC_TLS_INSIDE_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "tls/keys.h"
#include "tls/library.h"
#include "tls/material.h"
#include "tls/names.h"
#include "tls/own.h"
#include "tls/ratchet.h"
#include "tls/tls.h"

/* The length of what is in front of a record (RFC 8446 5.1). */
#define TLS_HEAD_SIZE ((size_t)5)

struct tls_library {
	OSSL_LIB_CTX *ctx;
};

/* A certificate with those above it, and its key, as PEM. */
struct tls_chain {
	char *certificate; /* NUL-terminated; owned */
	char *key;         /* likewise */
	char *names;       /* all of its, sorted, a line each; owned */
	size_t set;        /* those of the same names are shown together */
};

struct tls_material {
	struct tls_chain *chains;
	struct tls_certificate
	    *certificates; /* the same, as they are told of */
	size_t count;      /* of both */
	size_t sets;
	struct tls_names names; /* whose owners are sets */
	struct tls_own own;     /* empty where nobody needs it */
	struct tls_ratchet ratchet;
	bool random; /* the ratchet began with no file */
	struct tls_notice *notices;
	size_t notice_count;
	time_t made;    /* s since 1970 */
	bool own_shown; /* the right certificate is our own */
	bool words;
	int64_t max_sleep;
};

/* Who signs certificates of our own, in a library context. */
struct tls_signers {
	OSSL_LIB_CTX *ctx;
	X509 *ca;
	EVP_PKEY *ca_key;
	X509 *unknown_ca;
	EVP_PKEY *unknown_ca_key;
	EVP_PKEY *key; /* of all that they sign */
};

/* The longest ClientHello that is taken: of a client that offers all there is,
 * post-quantum shares and a ticket, it has 4 KiB. OpenSSL would hold one of 128
 * KiB, for which it takes the memory when it has seen no more than the length. */
#define TLS_HELLO_MAX ((uint32_t)16 * 1024)

/* What OpenSSL reads from and writes to, in one call of tls_...(). */
struct tls_gate {
	BIO *bio; /* of all connections of the keys */
	struct tls *tls;
	struct tls_turn *turn;
	size_t left;   /* bytes to come of the record that is being read */
	bool refused;  /* nothing more is to be read in this call */
	bool is_false; /* what is read next is no record */
};

/* How many certificates that were signed for a name are kept. */
#define TLS_SIGNED_MAX 8

/* Names that are in all of our own certificates. */
#define TLS_OWN_NAMES "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"

/* One of them. */
struct tls_signed {
	X509 *x509; /* owned; or NULL */
	enum tls_shown shown;
	time_t since;
	char name[TLS_NAME_MAX + 1];
};

struct tls_keys {
	_Atomic unsigned owners;
	struct tls_library *library;
	SSL_CTX **sets; /* the first is the default */
	size_t count;
	SSL_CTX *shown[TLS_SHOWNS]; /* those that are wrong on purpose */
	struct tls_signers signers; /* of them; empty where there are none */
	bool own;                   /* they sign the right one, too */
	time_t made;                /* when those that are there were */
	struct tls_signed known[TLS_SIGNED_MAX];
	size_t known_next; /* whose place the next one takes */
	struct tls_names names;
	struct tls_certificate *certificates; /* as they are told of; owned */
	size_t certificate_count;
	struct tls_ratchet ratchet;
	BIO_METHOD *method;
	struct tls_gate gate;
	EVP_MD *sha256;
	EVP_CIPHER *ticket_cipher;
	bool words;
	int64_t max_sleep;
};

struct tls {
	SSL *ssl;
	struct tls_keys *keys; /* owned together */
	struct tls_act act;
	const char *reason; /* of the last TLS_BAD; or NULL */
	uint8_t empty;      /* records without data in a row */
	uint8_t head;       /* bytes seen of the head of a message in clear, */
	uint32_t left; /* and bytes to come of the message, its length so far */
	uint8_t pending;   /* enum tls_result that a word has come to */
	bool begun : 1;    /* a record of its has been read */
	bool heard : 1;    /* the ClientHello has been looked at */
	bool slept : 1;    /* TLS_SLEEP has been returned */
	bool answered : 1; /* it has been let through to the ServerHello */
	bool shaken : 1;   /* the handshake is done */
	bool idle : 1;     /* the last read has taken nothing */
	bool over : 1;     /* it has failed */
};

_Static_assert(TLS_EMPTY_MAX < UINT8_MAX, "fits");

/* library: has OpenSSL begin, once, its own way. Any thread. */
void tls_library_begin(void);

/* chain: parses, of PEM text in a library context; NULL where it can't be. */
X509 *tls_chain_first(const char *text, OSSL_LIB_CTX *ctx);
EVP_PKEY *tls_chain_key(const char *text, OSSL_LIB_CTX *ctx);

/* Has `ssl_ctx`, which is of the library context `ctx`, show a chain, besides what
 * it shows already. Returns 0; or -1, and *why says why, in constant words. */
int tls_chain_use(SSL_CTX *ssl_ctx, OSSL_LIB_CTX *ctx,
    const struct tls_chain *chain, const char **why);

/* Wipes and frees a text. NULL is allowed. */
void tls_chain_forget(char *text);

/* certificate: what a chain's first certificate says: fills `told` in, but for the
 * file, and adds its names to `names`, of which there may be none. Returns 0; or
 * -1, and told->name may have been made. */
int tls_certificate_read(const char *text, struct tls_certificate *told,
    struct tls_names *names);

/* What OpenSSL has complained of last in this thread, in constant words. */
const char *tls_last_reason(void);

/* own: who signs, of what is written; 0, or -1, and tls_signers_fini() is right in
 * both cases. And a certificate, for names as X509V3_EXT_nconf_nid(3) has them,
 * or NULL where OpenSSL fails; by the thread that has the signers. */
int tls_signers_read(struct tls_signers *signers, const struct tls_own *own,
    OSSL_LIB_CTX *ctx);
void tls_signers_fini(struct tls_signers *signers);
X509 *tls_own_sign(const struct tls_signers *signers, enum tls_shown shown,
    const char *names, time_t now);

/* signed: has an SSL show our own certificate for a name, or for none. Returns 0,
 * or -1 where OpenSSL fails. */
int tls_signed_show(struct tls_keys *keys, SSL *ssl, enum tls_shown shown,
    struct span name);
void tls_signed_fini(struct tls_keys *keys);

/* signed: the soonest end of any of our own that may be shown at `now`, of which the
 * first ended at `ends`. */
time_t tls_signed_end(time_t ends, time_t now);

/* protocol: an SSL_CTX by our rules, but for certificates and callbacks; or
 * NULL. */
SSL_CTX *tls_protocol_new(OSSL_LIB_CTX *ctx);

/* gate: the method of all BIOs; and one of these, into gate->bio. 0, or -1. */
BIO_METHOD *tls_gate_method(void);
int tls_gate_open(struct tls_gate *gate, OSSL_LIB_CTX *ctx, BIO_METHOD *method);

/* Begins a call of this connection, with this turn. */
void tls_gate_begin(struct tls_gate *gate, struct tls *tls,
    struct tls_turn *turn);

/* Whether OpenSSL has something to read in `in`. */
bool tls_gate_has_record(const struct tls_turn *turn);

/* Puts an alert in clear into `out`, where there is room. */
void tls_gate_alert(struct tls_turn *turn, uint8_t alert);

/* hello: whether a message in clear, of which this is the next part, is short
 * enough to be read; and the callback for the ClientHello; arg: struct tls_keys. */
bool tls_hello_is_short(struct tls *tls, struct span part);
int tls_hello_on_client(SSL *ssl, int *alert, void *arg);

/* tickets: the callback for their keys. */
int tls_tickets_on_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal);

#endif
