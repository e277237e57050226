/* Lets texts grow; any thread. */
#include "config.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Makes room for so many bytes more, and a NUL. */
static bool
text_reserve(struct text *text, size_t size)
{
	size_t room = text->room > 0 ? text->room : 256;
	char *data;

	if (text->failed)
		return false;
	if (text->size + size < text->room)
		return true;
	while (room <= text->size + size)
		room *= 2;
	data = realloc(text->data, room);
	text->failed = data == NULL;
	if (data == NULL)
		return false;
	text->data = data;
	text->room = room;
	return true;
}

void
text_add(struct text *text, struct span bytes)
{
	if (bytes.size == 0 || !text_reserve(text, bytes.size))
		return;
	memcpy(text->data + text->size, bytes.data, bytes.size);
	text->size += bytes.size;
	text->data[text->size] = '\0';
}

void
text_put(struct text *text, const char *string)
{
	text_add(text, span_of(string));
}

void
text_printf(struct text *text, const char *format, ...)
{
	va_list arguments;
	char *made;
	int size;

	va_start(arguments, format);
	size = vasprintf(&made, format, arguments);
	va_end(arguments);
	if (size == -1) {
		text->failed = true;
		return;
	}
	text_add(text, (struct span){ made, (size_t)size });
	free(made);
}

char *
text_take(struct text *text)
{
	char *data = text->failed ? NULL : text->data;

	if (text->failed)
		free(text->data);
	*text = (struct text){ .failed = text->failed };
	return data;
}

void
text_fini(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}
