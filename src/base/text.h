/*
 * text: bytes that grow at their end, in memory. Where that is short, all that
 * follows is left out, and `failed` says so. Any thread.
 */
#ifndef MTASYNC_BASE_TEXT_H
#define MTASYNC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Zeroed at first. */
struct text {
	char *data; /* owned; NUL behind `size`; NULL: nothing yet */
	size_t size;
	size_t room;
	bool failed;
};

void text_add(struct text *text, struct span bytes);

/* The same of a string, and by printf's formatting. */
void text_put(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct span
text_span(const struct text *text)
{
	return (struct span){ text->data, text->size };
}

/* Gives the bytes away, to be freed by free(), with a NUL behind them; or NULL
 * where memory was short, or there are none. */
char *text_take(struct text *text);

void text_fini(struct text *text);

#endif
