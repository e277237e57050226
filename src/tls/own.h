/*
 * own: certificates that we make ourselves: of a CA that lives as long as the
 * process, for `localhost`, `*.localhost`, 127.0.0.1, ::1 and names that the
 * caller adds, for a day; and those that are wrong on purpose. EC P-256. A `*.`
 * stands for one label, so `sleep-1s.localhost` is among the names, and
 * `tls12.sleep-1s.localhost` is not: a client has to be told not to look.
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
	char *key;                      /* of all that it signs */
	char *certificates[TLS_SHOWNS]; /* each with those above it, but the
					 * CA's; the right one, too */
};

/*
 * Makes them all of a zeroed `own`, valid from `now` on where they are; by the CA
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
