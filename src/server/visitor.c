/* Makes visitors; the thread that serves them. */
#include "config.h"

#include "server/visitor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the pointer behind a visitor that may be secured, and its alignment. */
#define VISITOR_POINTER sizeof(void *)

void
visitor_init(struct visitor *visitor, uint64_t connection,
    const struct sockaddr_storage *peer)
{
	visitor->connection = connection;
	visitor->requests = 0;
	visitor->broken = false;
	visitor->secured = false;
	wire_name_peer(peer, visitor->peer);
}

/* Returns the size of a visitor from visitor_new(), without the pointer behind it, for
 * which it is aligned. */
static size_t
visitor_size(const struct visitor *visitor)
{
	return (offsetof(struct visitor, peer) + strlen(visitor->peer) +
		   VISITOR_POINTER) /
	       VISITOR_POINTER * VISITOR_POINTER;
}

struct visitor *
visitor_new(uint64_t connection, const struct sockaddr_storage *peer,
    bool secured)
{
	struct visitor visitor, *copy;
	size_t size;

	visitor_init(&visitor, connection, peer);
	size = offsetof(struct visitor, peer) + strlen(visitor.peer) + 1;
	copy = malloc(
	    secured ? visitor_size(&visitor) + VISITOR_POINTER : size);
	if (copy != NULL)
		memcpy(copy, &visitor, size);
	return copy;
}

void
visitor_note_tls(struct visitor *visitor, const struct tls *tls)
{
	memcpy((char *)visitor + visitor_size(visitor), &tls, VISITOR_POINTER);
	visitor->secured = true;
}

const struct tls *
visitor_tls(const struct visitor *visitor)
{
	const struct tls *tls = NULL;

	if (visitor->secured)
		memcpy(&tls, (const char *)visitor + visitor_size(visitor),
		    VISITOR_POINTER);
	return tls;
}
