/* span: a run of bytes that somebody else owns; not NUL-terminated. */
#ifndef MTASYNC_BASE_SPAN_H
#define MTASYNC_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *data;
	size_t size; /* bytes; of none, `data` may be anything */
};

/* A span over a string literal, without its NUL. */
#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

static inline struct span
span_of(const char *string)
{
	return (struct span){ string, strlen(string) };
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Equal but for the case of ASCII letters. */
static inline bool
span_equal_nocase(struct span a, struct span b)
{
	return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* Removes the first bytes of `text`; there are so many. */
static inline void
span_skip(struct span *text, size_t size)
{
	text->data += size;
	text->size -= size;
}

/* Removes from `text` what is in front of the first of the bytes `marks`, or all
 * of it where there is none, and returns it; `text` then begins at that mark. */
static inline struct span
span_take(struct span *text, struct span marks)
{
	struct span taken = { text->data, 0 };

	while (taken.size < text->size &&
	       memchr(marks.data, text->data[taken.size], marks.size) == NULL)
		taken.size++;
	span_skip(text, taken.size);
	return taken;
}

#endif
