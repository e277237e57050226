/*
 * The certificates that we have signed for the names that clients asked for, the
 * last few of them; the worker's thread.
 */
#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "tls/inside.h"

/* For how long one is shown, in s: half of its day. So ours never end, however
 * long the process runs. */
#define SIGNED_LIFE ((time_t)12 * 3600)

/* Returns the place of one of this kind and name, that is young enough; or NULL. */
static const struct tls_signed *
signed_search(const struct tls_keys *keys, enum tls_shown shown,
    struct span name, time_t now)
{
	for (size_t i = 0; i < TLS_SIGNED_MAX; i++) {
		const struct tls_signed *one = &keys->known[i];

		if (one->x509 != NULL && one->shown == shown &&
		    now - one->since < SIGNED_LIFE && now >= one->since &&
		    span_equal_nocase(span_of(one->name), name))
			return one;
	}
	return NULL;
}

/* Signs one, in the place of the one that has been there longest. */
static X509 *
signed_make(struct tls_keys *keys, enum tls_shown shown, struct span name,
    time_t now)
{
	struct tls_signed *one = &keys->known[keys->known_next];
	char names[sizeof(TLS_OWN_NAMES ",DNS:") + TLS_NAME_MAX];
	X509 *x509;

	snprintf(names, sizeof(names), "%s%s%.*s", TLS_OWN_NAMES,
	    name.size > 0 ? ",DNS:" : "", (int)name.size, name.data);
	x509 = tls_own_sign(&keys->signers, shown, names, now);
	if (x509 == NULL)
		return NULL;
	X509_free(one->x509);
	one->x509 = x509;
	one->shown = shown;
	one->since = now;
	snprintf(one->name, sizeof(one->name), "%.*s", (int)name.size,
	    name.data);
	keys->known_next = (keys->known_next + 1) % TLS_SIGNED_MAX;
	return x509;
}

int
tls_signed_show(struct tls_keys *keys, SSL *ssl, enum tls_shown shown,
    struct span name)
{
	time_t now = (time_t)(clock_wall() / CLOCK_S);
	const struct tls_signed *one;
	X509 *x509;

	/* what the SSL has already does for most, at no cost */
	if ((name.size == 0 || span_equal_nocase(name, SPAN("localhost"))) &&
	    now - keys->made < SIGNED_LIFE && now >= keys->made)
		return 0;
	one = signed_search(keys, shown, name, now);
	x509 = one != NULL ? one->x509 : signed_make(keys, shown, name, now);
	return x509 != NULL && SSL_use_certificate(ssl, x509) == 1 ? 0 : -1;
}

time_t
tls_signed_end(time_t ends, time_t now)
{
	return ends > now + SIGNED_LIFE ? ends : now + SIGNED_LIFE;
}

void
tls_signed_fini(struct tls_keys *keys)
{
	for (size_t i = 0; i < TLS_SIGNED_MAX; i++)
		X509_free(keys->known[i].x509);
}
