/* Makes visitors; the thread that serves them. */
#include "config.h"

#include "server/visitor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void
visitor_init(struct visitor *visitor, uint64_t connection,
    const struct sockaddr_storage *peer)
{
	visitor->connection = connection;
	visitor->requests = 0;
	visitor->broken = false;
	visitor->tls = NULL;
	wire_name_peer(peer, visitor->peer);
}

struct visitor *
visitor_new(uint64_t connection, const struct sockaddr_storage *peer)
{
	struct visitor visitor, *copy;
	size_t size;

	visitor_init(&visitor, connection, peer);
	size = offsetof(struct visitor, peer) + strlen(visitor.peer) + 1;
	copy = malloc(size);
	if (copy != NULL)
		memcpy(copy, &visitor, size);
	return copy;
}
