/*
 * material: what the workers' keys are made of: the certificates and their
 * private keys, read from files or made by ourselves, and the secret of the
 * session tickets. It is the main thread's alone: a worker has keys, which
 * share nothing with it.
 */
#ifndef MTASYNC_TLS_MATERIAL_H
#define MTASYNC_TLS_MATERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/text.h"

/* The days before the end of a certificate in which that is warned of. */
#define TLS_MATERIAL_WARN_DAYS 14

/* Bytes in DER of the longest chain: with it, a server's flight fits into a
 * turn's output. */
#define TLS_CHAIN_MAX ((size_t)24 * 1024)

/* A certificate, with those above it, and its key: PEM, in one file or two. */
struct tls_files {
	const char *certificate;
	const char *key; /* NULL: in the same file */
};

/* What the operator wants. */
struct tls_config {
	const struct tls_files *files; /* the first is shown to whoever asks
					* for no name that another one has */
	size_t count;                  /* 0: we make our own */
	const char *ticket_secret; /* a file of 32 bytes or more, for several
					* servers; NULL: random */
	bool words;                /* server names may have words */
	int64_t max_sleep;         /* the longest that a word may have, ns */
};

/* A certificate as a log or metrics tell of it. */
struct tls_certificate {
	const char *file; /* or "own" */
	const char *name; /* its first, or "" */
	const char *kind; /* of its key: "EC", "RSA", "RSA-PSS", "Ed25519" */
	time_t begins;
	time_t ends;
};

/* What the operator should know. */
struct tls_notice {
	bool grave; /* clients are refused: an error, not a warning */
	bool fresh; /* since the last turn */
	char *text; /* a line, without its end */
};

struct tls_material;

/*
 * Reads all that `config` names, at `now` in s since 1970. `before`, unless it is
 * NULL, is what was read before: our own CA and random secret are taken over from
 * it, so that clients trust the former on, and resume by the latter. The config's
 * strings are copied. Returns the material; or NULL, and `fault`, which was
 * empty, says in a line which file is at fault and why; it may be empty still where
 * memory is short.
 */
struct tls_material *tls_material_read(const struct tls_config *config,
    const struct tls_material *before, time_t now, struct text *fault);

/* Wipes and frees it. NULL is allowed. Keys that were made of it live on. */
void tls_material_free(struct tls_material *material);

/*
 * Wipes the secrets of tickets that nobody needs any more, and looks anew what to
 * tell the operator at `now`: to be called each hour. Workers turn their keys by
 * themselves. Returns 0, or -1 where memory is short.
 */
int tls_material_turn(struct tls_material *material, time_t now);

/* The certificates that are shown to whoever asks for no fault, as long as the material
 * lives; and what to tell the operator of them, until the next turn. */
const struct tls_certificate *
tls_material_certificates(const struct tls_material *material, size_t *count);
const struct tls_notice *
tls_material_notices(const struct tls_material *material, size_t *count);

/*
 * Writes our own CA's certificate, in PEM, to a file, which is made anew, or
 * whose content it takes the place of. Returns 0, or -1 with errno.
 */
int tls_material_write_ca(const struct tls_material *material,
    const char *path);

#endif
