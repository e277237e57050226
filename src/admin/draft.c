/* Writes documents; any thread, each its own. */
#include "config.h"

#include "admin/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAFT_ROOM 8192 /* bytes, at first */

void
draft_begin(struct draft *draft, const char *type)
{
	draft->room = DRAFT_ROOM;
	draft->document = malloc(sizeof(*draft->document) + draft->room);
	if (draft->document == NULL)
		return;
	draft->document->type = type;
	draft->document->size = 0;
}

/* Makes room for so many bytes more. */
static void
draft_grow(struct draft *draft, size_t more)
{
	size_t room = 2 * draft->room + more;
	struct document *grown = realloc(draft->document,
	    sizeof(*grown) + room);

	if (grown == NULL)
		free(draft->document);
	draft->document = grown;
	draft->room = room;
}

void
draft_add_span(struct draft *draft, struct span bytes)
{
	struct document *document;

	if (draft->document != NULL &&
	    bytes.size > draft->room - draft->document->size)
		draft_grow(draft, bytes.size);
	document = draft->document;
	if (document == NULL || bytes.size == 0)
		return;
	memcpy(document->data + document->size, bytes.data, bytes.size);
	document->size += bytes.size;
}

void
draft_add(struct draft *draft, const char *format, ...)
{
	for (int tries = 0; draft->document != NULL && tries < 2; tries++) {
		struct document *document = draft->document;
		size_t left = draft->room - document->size;
		va_list arguments;
		int size;

		va_start(arguments, format);
		size = vsnprintf(document->data + document->size, left, format,
		    arguments);
		va_end(arguments);
		if (size >= 0 && (size_t)size < left) {
			document->size += (size_t)size;
			return;
		}
		draft_grow(draft, size > 0 ? (size_t)size : 0);
	}
}

struct document *
draft_end(struct draft *draft)
{
	return draft->document;
}
