/*
 * draft: a document that is written line by line, and grows as it needs. The thread
 * that answers.
 */
#ifndef MTASYNC_ADMIN_DRAFT_H
#define MTASYNC_ADMIN_DRAFT_H

#include "app/document.h"
#include "base/span.h"

struct draft {
	struct document *document; /* so far; NULL: memory was short */
	size_t room;
};

/* Begins one, of a type that is a constant. */
void draft_begin(struct draft *draft, const char *type);

/* Adds what printf() would print. */
void draft_add(struct draft *draft, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds bytes as they are. */
void draft_add_span(struct draft *draft, struct span bytes);

/* Returns the document, the caller's to free; or NULL, where memory was short. */
struct document *draft_end(struct draft *draft);

#endif
