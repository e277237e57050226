/*
 * names: server names, and which of many has the one that is asked for: exactly,
 * or by `*.` in the place of its first label (RFC 9525 6.3). Case does not
 * matter. Constant between tls_names_sort() and tls_names_fini().
 */
#ifndef MTASYNC_TLS_NAMES_H
#define MTASYNC_TLS_NAMES_H

#include <stdbool.h>

#include "base/span.h"

/* The longest name (RFC 1035 2.3.4). */
#define TLS_NAME_MAX ((size_t)255)

struct tls_name {
	char *text;   /* in lower case, with a NUL; owned */
	size_t owner; /* what has this name: a number of the caller's */
};

/* Zeroed at first. */
struct tls_names {
	struct tls_name *list;
	size_t size;
	size_t room;
};

/* Whether it can be a name at all: letters, digits, `-`, `_` and points between
 * labels that are not empty; or that behind `*.`. */
bool tls_name_is_valid(struct span name);

/* Adds a valid name. Returns 0, or -1 with ENOMEM. */
int tls_names_add(struct tls_names *names, struct span name, size_t owner);

/* Makes it ready for the functions below; of owners of the same name, the lowest
 * number has it. */
void tls_names_sort(struct tls_names *names);

/* Sets *owner to who has exactly this name; false: nobody. */
bool tls_names_find_exact(const struct tls_names *names, struct span name,
    size_t *owner);

/* The same, or, where nobody has it, to who has it by `*.`. */
bool tls_names_find(const struct tls_names *names, struct span name,
    size_t *owner);

void tls_names_fini(struct tls_names *names);

#endif
