/*
 * channel_saved: bytes of one connection that wait for a later turn, in memory of its
 * own. Known to channel and secure alone. The worker's thread.
 */
#ifndef MTASYNC_LOOP_CHANNEL_SAVED_H
#define MTASYNC_LOOP_CHANNEL_SAVED_H

#include <stdlib.h>

#include "base/span.h"

struct channel_saved {
	size_t start;
	size_t end;
	char data[];
};

/* Copies them into *saved, which is NULL; nothing where there are none. Returns 0, or -1
 * where memory is short. */
static inline int
channel_keep(struct channel_saved **saved, struct span bytes)
{
	if (bytes.size == 0)
		return 0;
	*saved = malloc(sizeof(**saved) + bytes.size);
	if (*saved == NULL)
		return -1;
	(*saved)->start = 0;
	(*saved)->end = bytes.size;
	memcpy((*saved)->data, bytes.data, bytes.size);
	return 0;
}

/* Copies them back, to where there is room, and frees them. Returns how many there
 * were. */
static inline size_t
channel_bring_back(struct channel_saved **saved, char *room)
{
	size_t size = 0;

	if (*saved != NULL) {
		size = (*saved)->end;
		memcpy(room, (*saved)->data, size);
	}
	free(*saved);
	*saved = NULL;
	return size;
}

#endif
