/*
 * secrets: certificates, their keys and the secret of tickets, as each worker has them.
 * They are read at the start, with the rights that the program was started with, and
 * by a reload. Main thread.
 */
#ifndef MTASYNC_SECRETS_H
#define MTASYNC_SECRETS_H

#include "base/watch.h"
#include "options.h"
#include "tls/keys.h"

/* What lives from the start to the end. */
struct secrets {
	const struct options *options;
	struct tls_library **libraries; /* one for each worker */
	unsigned count;                 /* of workers; 0: no TLS */
	struct watch *watch; /* notes what is read; NULL: nobody watches */
};

/* What a reload replaces; zeroed: nothing yet. */
struct secrets_read {
	struct tls_material *material;
	struct tls_keys **keys; /* one for each worker */
	unsigned count;         /* of keys */
};

/* Has OpenSSL begin, for so many workers, in a struct that is zeroed but for `watch`,
 * before the process is confined. Returns 0, or -1 and has said why; secrets_close() is right in both
 * cases. */
int secrets_open(struct secrets *secrets, const struct options *options,
    unsigned workers);

/* Frees that; what was read has been dropped, and the workers have ended. */
void secrets_close(struct secrets *secrets);

/* Reads all anew, into a zeroed `read`, and says what the operator should know of it;
 * `before` is what was read before, or zeroed. Returns 0, or -1 and has said why;
 * secrets_drop() is right in both cases. May wait for the disk. */
int secrets_read(const struct secrets *secrets,
    const struct secrets_read *before, struct secrets_read *read);

/* Writes the CA of our own certificate to the file of --write-ca, where one is named.
 * Returns 0, or -1 and has said why. */
int secrets_write_ca(const struct secrets *secrets,
    const struct secrets_read *read);

/* To be called each hour: wipes the secrets of the hours before, so that who gets at the
 * memory of the process can't open what was said then; and says what the operator
 * should know by now of certificates. */
void secrets_turn(struct secrets_read *read);

/* Lets go of what was read. */
void secrets_drop(struct secrets_read *read);

#endif
