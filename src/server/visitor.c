/* Makes visitors; the thread that serves them. */
#include "config.h"

#include "server/visitor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Where what few have lies behind the text is aligned for it: for the time to end, and
 * behind that for the pointer to TLS. */
#define VISITOR_ALIGNMENT sizeof(int64_t)
#define VISITOR_POINTER   sizeof(void *)

void
visitor_init(struct visitor *visitor, uint64_t connection,
    const struct sockaddr_storage *peer)
{
	visitor->connection = connection;
	visitor->requests = 0;
	visitor->broken = visitor->secured = visitor->aged = false;
	visitor->renamed = false;
	wire_name_peer(peer, visitor->peer);
}

/* Returns the name of the connection's own peer: behind the other name, where there is
 * one. */
static const char *
visitor_own_name(const struct visitor *visitor)
{
	return visitor->peer +
	       (visitor->renamed ? strlen(visitor->peer) + 1 : 0);
}

/* Returns where the time to end lies behind a visitor from visitor_new(). */
static size_t
visitor_until_offset(const struct visitor *visitor)
{
	const char *own = visitor_own_name(visitor);

	return ((size_t)(own - (const char *)visitor) + strlen(own) +
		   VISITOR_ALIGNMENT) /
	       VISITOR_ALIGNMENT * VISITOR_ALIGNMENT;
}

/* Returns the same of the pointer to its TLS. */
static size_t
visitor_tls_offset(const struct visitor *visitor)
{
	return visitor_until_offset(visitor) +
	       (visitor->aged ? sizeof(int64_t) : 0);
}

/* Returns a visitor like another one, by this name, where the connection's own peer has that
 * one; with `behind` bytes for what few have, and no more memory than it takes. NULL where
 * that is short. */
static struct visitor *
visitor_make(const struct visitor *like, const char *name, const char *own,
    size_t behind)
{
	bool renamed = strcmp(name, own) != 0;
	const size_t name_size = strlen(name) + 1;
	const size_t own_size = renamed ? strlen(own) + 1 : 0;
	size_t size = offsetof(struct visitor, peer) + name_size + own_size;
	struct visitor *visitor;

	if (behind > 0)
		size = (size + VISITOR_ALIGNMENT - 1) / VISITOR_ALIGNMENT *
			   VISITOR_ALIGNMENT +
		       behind;
	visitor = malloc(size);
	if (visitor == NULL)
		return NULL;
	memcpy(visitor, like, offsetof(struct visitor, peer));
	visitor->renamed = renamed;
	memcpy(visitor->peer, name, name_size);
	memcpy(visitor->peer + name_size, own, own_size);
	return visitor;
}

struct visitor *
visitor_new(uint64_t connection, const struct sockaddr_storage *peer,
    bool secured, int64_t until)
{
	struct visitor like, *visitor;

	visitor_init(&like, connection, peer);
	like.aged = until != INT64_MAX;
	visitor = visitor_make(&like, like.peer, like.peer,
	    (like.aged ? sizeof(until) : 0) + (secured ? VISITOR_POINTER : 0));
	if (visitor != NULL && visitor->aged)
		memcpy((char *)visitor + visitor_until_offset(visitor), &until,
		    sizeof(until));
	return visitor;
}

struct visitor *
visitor_rename(struct visitor *old, const struct sockaddr_storage *peer)
{
	const char *own = visitor_own_name(old);
	const size_t behind = (old->aged ? sizeof(int64_t) : 0) +
			      (old->secured ? VISITOR_POINTER : 0);
	struct visitor *visitor;
	char name[WIRE_NAME_MAX];

	memcpy(name, own, strlen(own) + 1);
	if (peer != NULL)
		wire_name_peer(peer, name);
	if (strcmp(name, old->peer) == 0)
		return old;
	visitor = visitor_make(old, name, own, behind);
	if (visitor == NULL)
		return NULL;
	memcpy((char *)visitor + visitor_until_offset(visitor),
	    (const char *)old + visitor_until_offset(old), behind);
	free(old);
	return visitor;
}

/* The numbers of connections that follow each other are far apart once they are
 * multiplied by the golden ratio, modulo 1 (Knuth, TAOCP 6.4). */
int64_t
visitor_end(uint64_t connection, int64_t age, int64_t now)
{
	uint32_t part = (uint32_t)connection * UINT32_C(2654435769);

	if (age == 0)
		return INT64_MAX;
	return now + age - age / 10 +
	       (int64_t)((double)age / 5 * (double)part / 0x1p32);
}

bool
visitor_is_old(const struct visitor *visitor, int64_t now)
{
	int64_t until;

	if (!visitor->aged)
		return false;
	memcpy(&until, (const char *)visitor + visitor_until_offset(visitor),
	    sizeof(until));
	return now >= until;
}

void
visitor_note_tls(struct visitor *visitor, const struct tls *tls)
{
	memcpy((char *)visitor + visitor_tls_offset(visitor), &tls,
	    VISITOR_POINTER);
	visitor->secured = true;
}

const struct tls *
visitor_tls(const struct visitor *visitor)
{
	const struct tls *tls = NULL;

	if (visitor->secured)
		memcpy(&tls,
		    (const char *)visitor + visitor_tls_offset(visitor),
		    VISITOR_POINTER);
	return tls;
}
