/*
 * own: certificates that we make ourselves: of a CA that lives as long as the
 * process, for `localhost`, `*.localhost`, 127.0.0.1, ::1 and names that the
 * caller adds, for a day; and those that are wrong on purpose. EC P-256.
 *
 * Many clients take no `*.` in front of a single label, OpenSSL's for one, nor in
 * the place of several labels. So a worker signs a certificate of the very name
 * that it is asked for, which costs about as much as a handshake, and keeps the
 * last few (signed.c); what is made here is for the start, and for who asks for
 * none.
 *
 * Main thread.
 */
#ifndef MTASYNC_TLS_OWN_H
#define MTASYNC_TLS_OWN_H

#include <time.h>

#include "tls/names.h"
#include "tls/words.h"

/* In PEM, with a NUL; owned. */
struct tls_own {
	char *ca;                       /* the CA's certificate */
	char *ca_key;                   /* and its key */
	char *unknown_ca;               /* of the CA that nobody is told of */
	char *unknown_ca_key;           /* likewise */
	char *key;                      /* of all that they sign */
	char *certificates[TLS_SHOWNS]; /* each with those above it, but the
					 * CA's; the right one, too */
};

/*
 * Makes them all of a zeroed `own`, valid from `now` on where they are; by the CAs
 * of `before`, where it is not NULL. `names`, each valid as tls_name_is_valid()
 * has it, are added to all but that for the wrong name; and with `*.` in front,
 * where they have none. Returns 0, or -1 where OpenSSL fails; tls_own_fini() is
 * right in both cases.
 */
int tls_own_make(struct tls_own *own, const struct tls_own *before,
    const struct tls_names *names, time_t now);

/* Wipes and frees them. */
void tls_own_fini(struct tls_own *own);

#endif
